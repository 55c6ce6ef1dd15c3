"""Benchmarks: each prints a table and one line a bar; run by ``make bench-NAME``."""
