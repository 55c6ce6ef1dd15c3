"""Bearer tokens: JWT signed by an OpenID Connect issuer whose keys are discovered."""

import math
import threading
import time
from typing import Any

import httpx
import jwt

from recommender.errors import GongxuError
from serving.auth.roles import Principal, Role

ALGORITHMS = ("RS256", "ES256")
"""Public-key algorithms only: with a shared secret every verifier could sign."""

_MISSHAPEN = (
    jwt.PyJWTError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What claims and headers of odd shapes lead to, such as lists for words and nests of lists."""

_TIMEOUT_S = 3.0
_REFRESH_S = 30.0


class IssuerDownError(GongxuError):
    """The issuer's keys cannot be had, so that no new token can be judged."""


class Issuer:
    """Verifies tokens of one issuer.

    Parameters
    ----------
    url
        The issuer as its tokens name it; ``/.well-known/openid-configuration`` is below it.
    audience
        Who the tokens must be meant for.
    roles_claim
        Where the role stands: a word, or a list of which the first known word counts.
    keys
        The key set when it is known already (the local issuer), else it is discovered.
    """

    def __init__(
        self,
        url: str,
        *,
        audience: str,
        roles_claim: str = "roles",
        keys: dict[str, Any] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.audience = audience
        self.roles_claim = roles_claim
        self._keys: dict[str, jwt.PyJWK] = {} if keys is None else _by_id(keys)
        self._discovers = keys is None
        self._fetched_at = float("-inf")
        self._lock = threading.Lock()

    def verify(self, token: str) -> tuple[Principal, float] | None:
        """Whose token it is and when it ends (seconds since 1970); ``None`` if it does not hold.

        Raises
        ------
        IssuerDownError
            If the key that signed it is not known and the issuer does not answer.
        """
        try:
            return self._verify(token)
        except _MISSHAPEN:
            return None

    def subject_of(self, token: str, *, nonce: str) -> str | None:
        """The subject of an identity token that answers our own request.

        Parameters
        ----------
        token
            The identity token.
        nonce
            What the request was sent with.

        Returns
        -------
        The pseudonym; ``None`` if the token does not hold.

        Raises
        ------
        IssuerDownError
            If the key that signed it is not known and the issuer does not answer.
        """
        try:
            claims = self._claims(token)
        except _MISSHAPEN:
            return None
        subject = None if claims is None else claims.get("sub")
        answers = claims is not None and claims.get("nonce") == nonce
        return subject if answers and isinstance(subject, str) else None

    def _verify(self, token: str) -> tuple[Principal, float] | None:
        claims = self._claims(token)
        return None if claims is None else _principal(claims, self.roles_claim)

    def _claims(self, token: str) -> dict[str, Any] | None:
        header = jwt.get_unverified_header(token)
        key = self._key(str(header.get("kid", "")))
        if key is None or header.get("alg") not in ALGORITHMS:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=self.audience,
            issuer=self.url,
            options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            leeway=5,
        )
        return claims

    def _key(self, key_id: str) -> jwt.PyJWK | None:
        if key_id in self._keys or not self._discovers:
            return self._keys.get(key_id)
        with self._lock:
            # An unknown key may be a new one, but rubbish must not make us hammer the issuer.
            if key_id not in self._keys and time.monotonic() - self._fetched_at > _REFRESH_S:
                self._keys = _by_id(self._discover())
                self._fetched_at = time.monotonic()
        return self._keys.get(key_id)

    def _discover(self) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=_TIMEOUT_S) as client:
                found = client.get(f"{self.url}/.well-known/openid-configuration")
                described = found.raise_for_status().json()
                if str(described["issuer"]).rstrip("/") != self.url:
                    raise GongxuError("the issuer calls itself otherwise.")
                keys: dict[str, Any] = client.get(described["jwks_uri"]).raise_for_status().json()
                return keys
        except (httpx.HTTPError, ValueError, KeyError, TypeError, GongxuError) as error:
            raise IssuerDownError(
                f"the keys of {self.url} cannot be read: {type(error).__name__}.",
                "Check GONGXU_OIDC_ISSUER.",
            ) from error


def _by_id(key_set: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    return {key.key_id: key for key in jwt.PyJWKSet.from_dict(key_set).keys if key.key_id}


def _principal(claims: dict[str, Any], roles_claim: str) -> tuple[Principal, float] | None:
    named = claims.get(roles_claim, [])
    named = [named] if isinstance(named, str) else named
    if not isinstance(named, list):
        return None
    known = [Role(word) for word in named if isinstance(word, str) and word in set(Role)]
    areas, subject, ends = claims.get("areas", []), claims["sub"], float(claims["exp"])
    if not known or not isinstance(areas, list) or not isinstance(subject, str):
        return None
    if not all(isinstance(area, str) for area in areas) or not math.isfinite(ends):
        return None
    # A token speaks for a person; what machines may do is written on an API key.
    if known[0] is Role.SERVICE:
        return None
    return Principal(subject, known[0], frozenset(areas)), ends
