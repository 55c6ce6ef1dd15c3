"""Who calls, and what they may: roles, API keys, console users, tokens."""
