"""Files of contract tables: read, judged, quarantined, written."""
