"""A simulated district before anything happens in it: places, people, catalogue."""
