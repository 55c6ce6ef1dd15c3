"""From validated frames to the arrays of the core; pure functions."""
