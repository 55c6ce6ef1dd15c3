"""The contract tables, decisions and audit trail in PostgreSQL."""
