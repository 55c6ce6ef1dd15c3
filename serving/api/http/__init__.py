"""What surrounds every request: access, limits, errors, metrics, traces."""
