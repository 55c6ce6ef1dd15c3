"""Formats of files: CSV and workbooks, their encodings and headings."""
