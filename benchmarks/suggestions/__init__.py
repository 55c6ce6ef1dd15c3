"""The list engine measured beside its peers."""
