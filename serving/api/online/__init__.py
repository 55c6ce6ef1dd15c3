"""The state that lists are made from, and how it follows the database."""
