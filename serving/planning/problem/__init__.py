"""From tables, estimated demand and the officer's rules to a planning problem."""
