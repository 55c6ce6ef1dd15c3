"""Street demand: one small module a step, each usable alone."""
