"""A world to measure in: a causal model of a district, and its hidden truth."""
