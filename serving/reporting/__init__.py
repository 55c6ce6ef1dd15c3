"""Indices and reports."""
