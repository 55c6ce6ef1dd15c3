"""Fitting street demand from tables."""
