"""Signing in at an OpenID Connect issuer: authorisation code with PKCE, by Authlib."""

import secrets
from dataclasses import dataclass
from typing import Any, Self

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client

from recommender.errors import GongxuError
from serving.auth.tokens import Issuer

_TIMEOUT_S = 5.0


class IssuerAwayError(GongxuError):
    """The issuer does not answer."""


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """What a browser keeps between leaving for the issuer and coming back.

    Attributes
    ----------
    state
        Ties the answer to this browser.
    nonce
        Ties the identity token to this attempt.
    verifier
        Of PKCE: whoever catches the code alone can do nothing with it.
    """

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Self:
        """A fresh attempt."""
        return cls(*(secrets.token_urlsafe(length) for length in (24, 24, 48)))

    @classmethod
    def parse(cls, kept: str) -> Self | None:
        """The attempt that a cookie holds; ``None`` if it holds none."""
        parts = kept.split(".")
        return cls(*parts) if len(parts) == 3 and all(parts) else None

    def __str__(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"


class ResidentSignIn:
    """The client of one issuer.

    Parameters
    ----------
    url
        The issuer's address; its endpoints are discovered below it.
    client_id, client_secret
        As registered there.
    """

    def __init__(self, url: str, client_id: str, client_secret: str | None = None) -> None:
        self._issuer = Issuer(url, audience=client_id)
        self._client_id, self._secret = client_id, client_secret
        self._endpoints: dict[str, Any] | None = None

    def address(self, attempt: SignInAttempt, redirect_uri: str) -> str:
        """Where to send the browser.

        Parameters
        ----------
        attempt
            What the browser keeps.
        redirect_uri
            Where the issuer sends it back to.

        Returns
        -------
        The address.

        Raises
        ------
        IssuerAwayError
            If the issuer does not answer.
        """
        with self._client(redirect_uri) as client:
            found, _ = client.create_authorization_url(
                self._endpoint("authorization_endpoint"),
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(found)

    def subject(self, attempt: SignInAttempt, code: str, redirect_uri: str) -> str | None:
        """Whom the issuer vouches for.

        Parameters
        ----------
        attempt
            What the browser kept.
        code
            What it came back with.
        redirect_uri
            Where it came back to.

        Returns
        -------
        The resident's pseudonym; ``None`` if code or token do not hold.

        Raises
        ------
        IssuerAwayError, IssuerDownError
            If the issuer does not answer.
        """
        try:
            with self._client(redirect_uri) as client:
                token = client.fetch_token(
                    self._endpoint("token_endpoint"), code=code, code_verifier=attempt.verifier
                )
        except AuthlibBaseError:
            return None
        except httpx.HTTPError as error:
            raise IssuerAwayError(f"the issuer does not answer: {type(error).__name__}.") from error
        identity = token.get("id_token")
        if not isinstance(identity, str):
            return None
        return self._issuer.subject_of(identity, nonce=attempt.nonce)

    def _client(self, redirect_uri: str) -> OAuth2Client:
        return OAuth2Client(
            self._client_id,
            self._secret,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            scope="openid",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
        )

    def _endpoint(self, name: str) -> str:
        if self._endpoints is None:
            try:
                answer = httpx.get(
                    f"{self._issuer.url}/.well-known/openid-configuration", timeout=_TIMEOUT_S
                )
                self._endpoints = answer.raise_for_status().json()
            except (httpx.HTTPError, ValueError) as error:
                raise IssuerAwayError("the issuer does not answer.", "Check it.") from error
        try:
            return str(self._endpoints[name])
        except (KeyError, TypeError) as error:
            raise IssuerAwayError(f"the issuer names no {name}.", "Check it.") from error
