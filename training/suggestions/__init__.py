"""Fitting the suggestion model on past windows."""
