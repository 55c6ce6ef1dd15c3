"""Contract tables to the arrays that events are ranked from."""
