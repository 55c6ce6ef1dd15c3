"""What people see, walked through in a real browser."""
