"""Plans as files: workbook, CSV, JSON, OCDS, one page a street."""
