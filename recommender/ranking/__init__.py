"""Eligibility, the ranker, what happens after scoring, and reasons."""
