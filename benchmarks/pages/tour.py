"""Every page there is, by who opens it: read from the routes, so that none can be forgotten."""

import re
from collections.abc import Mapping

from serving.api.app import api_routes, create_app
from serving.api.service import Service
from serving.web.route import PageRoute

VISITORS = ("resident", "district", "counter", "operator")
"""Who opens a page that is not for everybody: the first of these that it admits."""

NO_PAGES = re.compile(
    r"\.(csv|xlsx|ics|json)$|/\{name\}$|^/(display|static/.*|sign-in/start|sign-in/callback)$"
)
"""Files, and addresses that lead on to another one."""

ALSO: Mapping[str, tuple[str, ...]] = {
    "anybody": ("/nowhere", "/?when=weekend"),
    "resident": ("/events/{event_id}",),
    "district": (
        "/console/plans/{plan_id}/weigh?what=shares",
        "/console/plans/{plan_id}/weigh?what=budget",
        "/console/streets?measure=gap",
    ),
}
"""Pages that show something else after a question."""


def page_routes(service: Service) -> list[tuple[str, str, list[str]]]:
    """Method, path and admitted roles of every page.

    Parameters
    ----------
    service
        Any; it is not opened.

    Returns
    -------
    ``["open"]`` as roles where everybody is admitted.
    """
    routes = [
        each for each in api_routes(create_app(service=service)) if isinstance(each, PageRoute)
    ]
    return [
        (method, route.path, list((route.openapi_extra or {}).get("x-roles", [])))
        for route in routes
        for method in sorted(route.methods or ())
    ]


def tour(service: Service, ids: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Addresses of all pages, by who opens them.

    Parameters
    ----------
    service
        See :func:`page_routes`.
    ids
        What paths are filled with, by parameter.

    Returns
    -------
    ``anybody``, ``resident`` or the role of a console user to addresses.

    Raises
    ------
    KeyError
        If a page names a parameter that ``ids`` does not fill.
    """
    found: dict[str, list[str]] = {who: [] for who in ("anybody", *VISITORS)}
    for method, path, roles in page_routes(service):
        if method != "GET" or NO_PAGES.search(path):
            continue
        who = "anybody" if roles == ["open"] else next(each for each in VISITORS if each in roles)
        found[who].append(path)
    for who, paths in ALSO.items():
        found[who] += paths
    return {
        who: tuple(re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], path) for path in paths)
        for who, paths in found.items()
    }
