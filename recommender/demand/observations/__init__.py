"""What was observed, corrected for seats, exposure, season, distance and survey outliers."""
