"""What a version is called, and with which packages it was made."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("gongxu", "numpy", "scipy", "pandas", "scikit-learn", "implicit", "lightgbm")


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that a fit depends on, by name."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def version_name(now: datetime, data_hash: str, config: Mapping[str, Any]) -> str:
    """A version's name: when it was made, and a digest of data and settings.

    Parameters
    ----------
    now
        The clock, with zone.
    data_hash
        Fingerprint of the snapshot.
    config
        Settings of the fit, JSON values.

    Returns
    -------
    Such as ``20270301T020015-a1b2c3``.
    """
    digest = hashlib.sha256(f"{data_hash}{json.dumps(config, sort_keys=True)}".encode()).hexdigest()
    return f"{now:%Y%m%dT%H%M%S}-{digest[:6]}"
