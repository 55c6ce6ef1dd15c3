"""Files that pages refer to, in memory; the address changes with the content."""

import hashlib
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response

from serving.api.http.access import unguarded

router = APIRouter(include_in_schema=False)

_KINDS = {
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "js": "text/javascript; charset=utf-8",
}
YEAR_S = 31_536_000
HTMX = "htmx.js"
"""Changes parts of pages in place; where it is not installed, whole pages come instead."""

_HTMX_PACKAGE, _HTMX_FILE = "django-htmx", "django_htmx/static/django_htmx/htmx-2.min.js"


@lru_cache(maxsize=1)
def assets() -> dict[str, bytes]:
    """Content by file name."""
    folder = resources.files("serving.web") / "static"
    own = {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in _KINDS
    }
    htmx = installed_htmx()
    return own if htmx is None else {**own, HTMX: htmx}


def installed_htmx() -> bytes | None:
    """The script of the installed package; of the package nothing is imported."""
    try:
        found = FilePath(str(metadata.distribution(_HTMX_PACKAGE).locate_file(_HTMX_FILE)))
        return found.read_bytes()
    except (metadata.PackageNotFoundError, OSError):
        return None


def has_htmx() -> bool:
    """Whether pages may change in place."""
    return HTMX in assets()


@lru_cache(maxsize=64)
def asset_path(name: str) -> str:
    """The address of a file; another content gets another address."""
    return f"/static/{name}?v={_version(name)}"


def _version(name: str) -> str:
    return hashlib.sha256(assets()[name]).hexdigest()[:12]


@router.get("/static/{name}", **unguarded(404))
async def asset(
    request: Request, name: Annotated[str, Path(pattern=r"^[a-z0-9.-]{1,60}$")]
) -> Response:
    """A style sheet or picture of the pages."""
    content = assets().get(name)
    if content is None:
        raise HTTPException(404, "There is no such file.")
    current = request.query_params.get("v") == _version(name)
    kept = f"public, max-age={YEAR_S}, immutable" if current else "public, max-age=300"
    headers = {"Cache-Control": kept, "ETag": f'"{_version(name)}"'}
    return Response(content, headers=headers, media_type=_KINDS[name.rpartition(".")[2]])
