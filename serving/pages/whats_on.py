"""What is on, for everybody: this week, this weekend, for a place; how lists come about."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from recommender.errors import UnknownIdError
from recommender.ranking.features.registry import FAMILIES
from serving.api.http.access import unguarded
from serving.api.online.state import OnlineState
from serving.api.routes.suggestions import current_state
from serving.pages.programme import Programme, Wishes
from serving.pages.ranking import SPOKEN
from serving.suggestions.list_tables import ListTables
from serving.web.display import COOKIE, COOKIE_LASTS_S, display_of
from serving.web.forms import local_path
from serving.web.rendering import page
from serving.web.route import PageRoute
from serving.web.sessions import visitor

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PAGE_LENGTH = 24
PICKS = 6
"""Suggestions for the chosen place, above the programme."""

_programmes: WeakKeyDictionary[ListTables, Programme] = WeakKeyDictionary()


def programme_of(state: OnlineState) -> Programme:
    """The programme of a state; made once a snapshot."""
    list_tables = state.suggester.list_tables
    found = _programmes.get(list_tables)
    if found is None:
        found = _programmes[list_tables] = Programme(list_tables)
    return found


def streets_of(state: OnlineState) -> list[tuple[str, str]]:
    """Code and name of the areas a visitor can choose from."""
    areas = state.tables["areas"]
    streets = areas[areas["level"].astype("str") == "street"]
    return list(zip(streets["area_code"], streets["name"].fillna(""), strict=True))


@router.get("/", dependencies=[Depends(visitor)], **unguarded(503))
async def whats_on(
    request: Request,
    when: Annotated[Literal["week", "weekend", "all"], Query()] = "week",
    place: Annotated[str, Query(max_length=200)] = "",
    kind: Annotated[str, Query(max_length=50)] = "",
    hours: Annotated[str, Query(max_length=20)] = "",
    on: Annotated[str, Query(max_length=20)] = "",
    within: Annotated[str, Query(max_length=4)] = "",
    free: bool = False,
    step_free: bool = False,
    children: bool = False,
    page_number: Annotated[int, Query(alias="page", ge=1, le=1000)] = 1,
) -> Response:
    """The first page: what is on, with filters; works without script and without sign-in."""
    state, degraded = await current_state(request, None)
    now = request.app.state.service.now()
    wishes = Wishes(
        when=when,
        on=_day(on),
        hours=hours,
        kind=kind,
        place=place,
        within_m=1000.0 * int(within) if within.isascii() and within.isdigit() else 0.0,
        free=free,
        step_free=step_free,
        children=children,
    )

    def work() -> dict[str, Any]:
        programme = programme_of(state)
        found = programme.find(wishes, now)
        start = PAGE_LENGTH * (page_number - 1)
        names = dict(streets_of(state))
        picks = []
        if place and page_number == 1:
            try:
                lines = state.for_place(place, 2 * PICKS, now).lines
                picks = programme.entries(lines, place, now)[:PICKS]
            except UnknownIdError:
                picks = []
        return {
            "entries": found[start : start + PAGE_LENGTH],
            "total": len(found),
            "has_more": len(found) > start + PAGE_LENGTH,
            "picks": picks,
            "kinds": programme.categories,
            "places": list(names.items()),
            "place_name": names.get(place, place),
        }

    shown = await anyio.to_thread.run_sync(work)
    detailed = bool(wishes.on or wishes.within_m or free or step_free or children)
    return page(
        request,
        "whats_on.html",
        wishes=wishes,
        degraded=degraded,
        detailed=detailed,
        page_number=page_number,
        link=_linker(request),
        **shown,
    )


@router.get("/how-ranking-works", dependencies=[Depends(visitor)], **unguarded())
async def how_ranking_works(request: Request) -> Response:
    """How lists come about: what counts, what does not, and how to switch it off."""
    service = request.app.state.service
    families = [SPOKEN[family] for family in FAMILIES]
    return page(request, "ranking.html", families=families, version=service.model_version())


@router.get("/display", **unguarded())
async def display(
    request: Request, to: Annotated[str, Query(alias="next", max_length=2000)] = "/"
) -> Response:
    """Keep a display setting, and go back to where the visitor was."""
    chosen = display_of(request)
    for setting in ("lang", "large", "contrast", "theme"):
        chosen = chosen.changed(setting, request.query_params.get(setting, ""))
    response = Response(status_code=303, headers={"Location": local_path(to, "/")})
    response.set_cookie(
        COOKIE, chosen.cookie(), max_age=COOKIE_LASTS_S, samesite="lax", httponly=True, path="/"
    )
    return response


def _linker(request: Request) -> Callable[..., str]:
    """Addresses of this page with some of its parameters changed."""
    held = {name: value for name, value in request.query_params.items() if value}

    def link(**changed: object) -> str:
        merged = {**held, **{name: str(value) for name, value in changed.items()}}
        return "/?" + urlencode({name: value for name, value in merged.items() if value})

    return link


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
