"""From settings, tables and rules to a plan, and questions about it."""
