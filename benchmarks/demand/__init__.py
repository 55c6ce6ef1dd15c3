"""Street demand measured beside simpler estimates."""
