"""The state that answers, and how it is kept fresh."""
