"""Lists of events for residents and places."""
