"""Signals of a (resident, event) pair, by family."""
