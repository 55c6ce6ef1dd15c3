"""An issuer of one's own, for development: a key pair under ``GONGXU_HOME``."""

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from serving.auth.roles import Role

_FILE = "local-issuer.pem"


def _private_key(home: Path) -> ec.EllipticCurvePrivateKey:
    path = home / _FILE
    home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # Written aside and linked: of two processes that start together, one key wins.
        draft = path.with_name(f".{_FILE}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def key_set(home: Path) -> dict[str, Any]:
    """The public keys, as ``/.well-known/jwks.json`` shows them."""
    public: dict[str, Any] = json.loads(
        jwt.algorithms.ECAlgorithm.to_jwk(_private_key(home).public_key())
    )
    return {"keys": [{**public, "kid": _key_id(public), "use": "sig", "alg": "ES256"}]}


def issue_token(
    home: Path,
    subject: str,
    *,
    role: Role,
    areas: Iterable[str] = (),
    issuer: str,
    audience: str,
    now: datetime,
    lasts: timedelta = timedelta(hours=1),
) -> str:
    """A signed token, such as an identity provider would hand to the district's app.

    Parameters
    ----------
    home
        ``GONGXU_HOME``, where the private key is; made when there is none.
    subject, role, areas
        Whom the token names, what they may do, and the areas they act for.
    issuer, audience
        The claims ``iss`` and ``aud``.
    now, lasts
        The clock, and for how long the token is valid.

    Returns
    -------
    A JSON Web Token signed with ES256.
    """
    key_id = key_set(home)["keys"][0]["kid"]
    claims = {
        "sub": subject,
        "roles": [role.value],
        "areas": sorted(areas),
        "iss": issuer.rstrip("/"),
        "aud": audience,
        "iat": now,
        "exp": now + lasts,
    }
    return jwt.encode(claims, _private_key(home), algorithm="ES256", headers={"kid": key_id})


def _key_id(public: dict[str, Any]) -> str:
    return hashlib.sha256(f"{public['x']}{public['y']}".encode()).hexdigest()[:16]
