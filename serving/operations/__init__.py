"""What an operator does with an installation: backup and restore."""
