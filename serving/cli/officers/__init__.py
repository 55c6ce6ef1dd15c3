"""Procurement officers' commands."""
