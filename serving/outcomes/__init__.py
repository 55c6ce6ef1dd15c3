"""What came of it: incoming rows, rights, scorecards."""
