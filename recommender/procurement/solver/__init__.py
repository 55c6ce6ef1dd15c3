"""The planning problem as a mixed-integer programme, and its heuristics."""
