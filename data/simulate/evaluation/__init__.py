"""The simulated truth, and what a plan would come to under it."""
