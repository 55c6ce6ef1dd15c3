"""Bundles on disk, the registry and the served model."""
