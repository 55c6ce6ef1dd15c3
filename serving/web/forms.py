"""Forms: tokens against forged requests, and addresses that stay on this site."""

import hashlib
import hmac
import re
import secrets

from fastapi import HTTPException, Request, Response

COOKIE = "gongxu_form"
FIELD = "form_token"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def form_token(request: Request) -> str:
    """The token that a form of this visitor carries: bound to the browser and to its session.

    The browser's part is a random cookie; :func:`keep_browser` sets it with the answer.
    """
    browser = request.cookies.get(COOKIE, "")
    if not _TOKEN.fullmatch(browser):
        browser = getattr(request.state, "new_browser", "") or secrets.token_urlsafe(24)
        request.state.new_browser = browser
    return _sign(browser, request.scope["credential"] or "")


def keep_browser(request: Request, response: Response) -> None:
    """Set the cookie of a browser that was given its first form.

    Parameters
    ----------
    request
        The request that :func:`form_token` may have given a new browser.
    response
        The response that gets the cookie.
    """
    browser = getattr(request.state, "new_browser", "")
    if browser:
        secure = request.url.scheme == "https"
        response.set_cookie(
            COOKIE, browser, httponly=True, samesite="strict", secure=secure, path="/"
        )


async def require_token(request: Request) -> None:
    """Refuse a form that was not sent from a page of this browser and session.

    Raises
    ------
    HTTPException
        403, also when the browser says that another site sent the form.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    browser = request.cookies.get(COOKIE, "")
    form = await request.form()
    given = form.get(FIELD)
    expected = _sign(browser, request.scope["credential"] or "")
    if (
        site not in ("same-origin", "none")
        or not _TOKEN.fullmatch(browser)
        or not isinstance(given, str)
        or not hmac.compare_digest(given.encode(), expected.encode())
    ):
        raise HTTPException(403, "This form has expired or was sent from another site.")


def local_path(path: str | None, otherwise: str) -> str:
    """An address of this site to go to next.

    Parameters
    ----------
    path
        As it came with the request.
    otherwise
        Taken when ``path`` is missing or would lead to another site.

    Returns
    -------
    A path that begins with exactly one slash.
    """
    return path if path is not None and _LOCAL_PATH.fullmatch(path) else otherwise


def _sign(browser: str, session: str) -> str:
    return hmac.new(browser.encode(), session.encode(), hashlib.sha256).hexdigest()
