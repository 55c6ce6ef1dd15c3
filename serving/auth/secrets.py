"""Random secrets and their digests; a secret itself is shown once and stored nowhere."""

import hashlib
import secrets

KEY_PREFIX, SESSION_PREFIX, CALENDAR_PREFIX = "gxk_", "gxs_", "gxc_"
RESIDENT_PREFIX = "gxr_"


def new_secret(prefix: str) -> str:
    """A secret of 256 random bits, recognisable by its prefix (so that leaks can be found)."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is stored. A plain hash is enough for 256 random bits, which nobody can guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
