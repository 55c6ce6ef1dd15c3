"""The outside world of data: schema, validation, files, the store, simulated and public sources."""
