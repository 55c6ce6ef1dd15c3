"""HTTP concerns of every route: access, limits, errors, metrics, traces."""
