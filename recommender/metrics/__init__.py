"""Measures of rankings, estimates and evenness, with bootstrap intervals."""
