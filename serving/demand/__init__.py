"""Street demand as rows for people."""
