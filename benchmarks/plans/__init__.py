"""Purchase plans measured: value, size, votes."""
