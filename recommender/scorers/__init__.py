"""Scorers behind one protocol; the only place that imports ``implicit``."""
