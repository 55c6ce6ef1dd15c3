"""Questions about a plan: conflicts, alternatives, trade-offs."""
