"""Contract tables to the arrays that street demand is estimated from."""
