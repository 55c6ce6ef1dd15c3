"""Decisions of officers: a filled-in workbook read back, and what becomes of its lines."""
