"""Pages from templates: sentences in the visitor's language, a strict content security policy."""

import json
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from babel.numbers import format_currency, format_decimal, format_percent
from fastapi import Request, Response
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from serving.messages.catalogue import text, text_or
from serving.web import moments
from serving.web.assets import HTMX, asset_path, has_htmx
from serving.web.display import display_of
from serving.web.forms import FIELD, form_token

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        " object-src 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loaders = [
        PackageLoader(package) for package in ("serving.web", "serving.pages", "serving.console")
    ]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(asset=asset_path, FIELD=FIELD, HTMX=HTMX, has_htmx=has_htmx)
    environment.filters.update(
        yuan=yuan, number=number, percent=percent, json_ld=json_ld, size=size
    )
    return environment


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a template.

    Parameters
    ----------
    request
        The request; its display settings, session and language hold.
    template
        File name under one of the ``templates`` folders.
    status
        HTTP status.
    **context
        What the template shows.

    Returns
    -------
    The page, not to be stored by caches.
    """
    display = display_of(request)
    principal = request.scope.get("principal")
    now = request.app.state.service.now()

    def told(key: str, **values: object) -> str:
        return text(key, display.lang, **values)

    html = (
        _environment()
        .get_template(template)
        .render(
            t=told,
            display=display,
            lang=display.lang,
            category=(lambda code: text_or(f"category.{code}", display.lang, str(code))),
            named=(lambda key, otherwise: text_or(key, display.lang, str(otherwise))),
            pick=(lambda zh, en: zh if display.lang == "zh" else en),
            principal=principal,
            path=request.url.path,
            here=_here(request),
            form_token=partial(form_token, request),
            day=partial(moments.day_words, now=now, lang=display.lang),
            moment=partial(moments.moment_words, now=now, lang=display.lang),
            clock=moments.clock_words,
            **context,
        )
    )
    return Response(html, status, dict(HEADERS), media_type="text/html; charset=utf-8")


def _here(request: Request) -> str:
    """The page's own address, for forms that come back to it."""
    if request.method != "GET":
        return "/console" if request.url.path.startswith("/console") else "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def yuan(fen: float) -> str:
    """An amount in yuan, such as ``¥1,200``; with fen only where they matter.

    The sign is the same in both languages: there is no other yuan or yen here to tell it from.
    """
    whole = fen / 100
    pattern = "¤#,##0" if float(whole).is_integer() or whole >= 1000 else "¤#,##0.00"
    return format_currency(
        whole, "CNY", pattern, locale=moments.LOCALES["zh"], currency_digits=False
    )


def number(value: float | None, digits: int = 0) -> str:
    """A figure; a dash where there is none.

    Parameters
    ----------
    value
        The figure, or ``None`` or NaN.
    digits
        Digits after the point.

    Returns
    -------
    With thousands separated.
    """
    if value is None or value != value:
        return "—"
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return format_decimal(value, pattern, locale=moments.LOCALES["zh"])


def percent(value: float | None, digits: int = 0) -> str:
    """A share of 1 as a percentage; a dash where there is none.

    Parameters
    ----------
    value
        The share, or ``None`` or NaN.
    digits
        Digits after the point.

    Returns
    -------
    Such as ``12 %``.
    """
    if value is None or value != value:
        return "—"
    pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
    return format_percent(value, pattern, locale=moments.LOCALES["zh"])


def size(n_bytes: float) -> str:
    """So many bytes, in a fitting unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:,.0f} {unit}" if unit == "B" else f"{n_bytes:,.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:,.1f} TB"


def json_ld(document: dict[str, Any]) -> Markup:
    """A document for a ``script`` element of data; nothing in it can end the element."""
    text = json.dumps(document, ensure_ascii=False, default=_iso)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  # escaped above


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
