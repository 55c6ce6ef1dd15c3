"""Streets: the district's map, one street's demand, and why a figure is what it is."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import anyio.to_thread
import pandas as pd
import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from recommender.errors import UnknownIdError, UsageError
from serving.api.http.access import guarded
from serving.console.access import OF_STREET, OFFICERS, acts_for
from serving.console.demand import (
    DistrictDemand,
    audience_groups,
    default_period,
    demand_model,
    district_demand,
    offered_periods,
    shares,
)
from serving.console.places import read_circle, read_points
from serving.demand.frames import explain_frame
from serving.exports.tables import csv_bytes
from serving.messages.catalogue import Lang, text, text_or
from serving.reporting.trend import past_quarters, read_trend
from serving.web.charts import curve, interval_bar, paired_bars
from serving.web.display import display_of
from serving.web.map import Region, coloured
from serving.web.rendering import number, page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Measure = Literal["expected", "gap", "supply"]
Period = Annotated[str, Query(pattern=r"^(\d{4}(Q[1-4]|-(0[1-9]|1[0-2]))?)?$")]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")]
EXPLAINED_KEPT = 500
SHOWN = 30
"""Products on a street's page before all are asked for."""


@router.get("/console/streets", **guarded(OFFICERS))
async def streets(
    request: Request, period: Period = "", measure: Annotated[Measure, Query()] = "expected"
) -> Response:
    """The map of all streets, and the same as a table."""
    found, chosen = await _demand(request, period)
    lang = display_of(request).lang
    engine = request.app.state.service.database.engine()

    def work() -> dict[str, Any]:
        if found is None:
            return {"rows": [], "drawn": ""}
        with engine.connect() as connection:
            points = read_points(connection)
        rows = found.streets.to_dict(orient="records")
        for row in rows:
            row["own"] = acts_for(request, row["street_code"])
            for name in ("expected", "gap", "supply"):
                if not row["own"] or row[name] != row[name]:
                    row[name] = None
        regions = [
            Region(
                row["street_code"],
                row["name"],
                row[measure],
                number(row[measure]),
                points[row["street_code"]].centre,
                points[row["street_code"]].neighbourhoods,
                f"/console/streets/{row['street_code']}?period={chosen}" if row["own"] else "",
            )
            for row in rows
            if row["street_code"] in points
        ]
        title = f"{text(f'console.measure_{measure}', lang)}, {chosen}"
        return {"rows": rows, "drawn": coloured(regions, title=title)}

    return page(
        request,
        "streets.html",
        period=chosen,
        periods=offered_periods(request.app.state.service.now()),
        measure=measure,
        **await anyio.to_thread.run_sync(work),
    )


@router.get("/console/streets/{code}", **guarded(OF_STREET, 404))
async def street(
    request: Request,
    code: Code,
    period: Period = "",
    category: Annotated[str, Query(max_length=50)] = "",
    everything: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """One street: ranked demand with intervals, demand against supply, the ten-minute circle."""
    found, chosen = await _demand(request, period)
    if found is None:
        return page(request, "streets.html", period=chosen, rows=[], drawn="", measure="expected",
                    periods=offered_periods(request.app.state.service.now()))  # fmt: skip
    names = dict(zip(found.streets["street_code"], found.streets["name"], strict=True))
    if code not in names:
        raise HTTPException(404, "There is no such street in the model.")
    lang = display_of(request).lang
    engine = request.app.state.service.database.engine()
    now = request.app.state.service.now()

    def work() -> dict[str, Any]:
        with engine.connect() as connection:
            circle = read_circle(connection, code)
            groups = _audiences(connection)
            trend = _trend(connection, code, now)
        rows = found.of_street(code)
        top = float(rows["high"].max()) if rows["high"].notna().any() else 1.0
        ranked = rows if not category else rows[rows["category"] == category]
        kinds = shares(rows, [[name] for name in rows["category"]])
        audiences = shares(rows, audience_groups(groups, rows["product_id"].tolist()))
        listed = ranked if everything else ranked.head(SHOWN)
        return {
            "lines": [_line(row, top, lang) for row in listed.to_dict(orient="records")],
            "count": len(ranked),
            "kinds": kinds,
            "kinds_chart": _chart(kinds, "category", "console.by_category", lang),
            "audiences": audiences,
            "audiences_chart": _chart(audiences, "console", "console.by_audience", lang),
            "circle": circle,
            "trend": trend,
            "trend_chart": _trend_chart(trend, lang),
        }

    summary = found.streets[found.streets["street_code"] == code].to_dict(orient="records")[0]
    return page(
        request,
        "street.html",
        code=code,
        name=names[code],
        summary=summary,
        version=found.version,
        period=chosen,
        periods=offered_periods(request.app.state.service.now()),
        category_chosen=category,
        categories=sorted(set(found.frame["category"])),
        everything=everything,
        **await anyio.to_thread.run_sync(work),
    )


@router.get("/console/streets/{code}/demand.csv", **guarded(OF_STREET, 404))
async def street_file(request: Request, code: Code, period: Period = "") -> Response:
    """A street's demand as a table file."""
    found, chosen = await _demand(request, period)
    if found is None or code not in set(found.streets["street_code"]):
        raise HTTPException(404, "There is no such street in the model.")
    rows = found.of_street(code)
    # With a mark at the start, which spreadsheet programs need to read Chinese.
    content = await anyio.to_thread.run_sync(csv_bytes, rows)
    headers = {"Content-Disposition": f'attachment; filename="demand-{code}-{chosen}.csv"'}
    return Response(content, 200, headers, media_type="text/csv; charset=utf-8")


@router.get("/console/streets/{code}/products/{product}", **guarded(OF_STREET, 404))
async def why(request: Request, code: Code, product: Code, period: Period = "") -> Response:
    """Why a figure is what it is, step by step."""
    found, chosen = await _demand(request, period)
    if found is None:
        raise HTTPException(404, "Nothing is listed in this period.")
    rows = found.of_street(code)
    own = rows[rows["product_id"] == product].to_dict(orient="records")
    if not own:
        raise HTTPException(404, "There is no such street or product in the model.")
    lang = display_of(request).lang
    steps = await anyio.to_thread.run_sync(_steps, found, chosen, code, product, lang)
    top = max([own[0]["high"] or 1.0, *(step["figure"] for step in steps)])
    names = dict(zip(found.streets["street_code"], found.streets["name"], strict=True))
    return page(
        request,
        "why.html",
        code=code,
        name=names[code],
        period=chosen,
        line=_line(own[0], top, lang),
        steps=steps,
    )


_explained: OrderedDict[tuple[str, ...], list[dict[Hashable, Any]]] = OrderedDict()


def _steps(
    found: DistrictDemand, period: str, code: str, product: str, lang: Lang
) -> list[dict[Hashable, Any]]:
    """How a figure comes about; kept, for each step is an estimate of its own."""
    key = (found.version, period, code, product, lang)
    held = _explained.get(key)
    if held is not None:
        return held
    try:
        frame = explain_frame(found.model, period, code, product, lang=lang)
    except (UsageError, UnknownIdError):
        return []  # suppressed: the page says so
    held = _explained[key] = frame.to_dict(orient="records")
    while len(_explained) > EXPLAINED_KEPT:
        _explained.popitem(last=False)
    return held


async def _demand(request: Request, period: str) -> tuple[DistrictDemand | None, str]:
    model, version = await demand_model(request)
    chosen = period or default_period(model, request.app.state.service.now())
    return await anyio.to_thread.run_sync(district_demand, model, version, chosen), chosen


_trends: OrderedDict[tuple[str, str], list[dict[str, Any]]] = OrderedDict()


def _trend(connection: sa.Connection, code: str, now: datetime) -> list[dict[str, Any]]:
    """Past quarters of a street; kept for the day, for they rest on many bookings."""
    key = (code, f"{now:%Y-%m-%d}")
    if key not in _trends:
        _trends[key] = read_trend(connection, code, past_quarters(now))
        while len(_trends) > EXPLAINED_KEPT:
            _trends.popitem(last=False)
    return _trends[key]


def _trend_chart(trend: list[dict[str, Any]], lang: Lang) -> Any:
    told = [(n, each) for n, each in enumerate(trend) if each["people"] is not None]
    return curve(
        [(float(n), float(each["people"])) for n, each in told],
        label=text("console.trend", lang),
        across=[each["period"] for _, each in told],
        up=text("console.came", lang),
    )


def _line(row: Mapping[Hashable, Any], top: float, lang: Lang) -> dict[str, Any]:
    told: dict[str, Any] = {
        str(name): None if pd.isna(value) else value for name, value in row.items()
    }
    told["bar"] = ""
    if not row["suppressed"]:
        label = text(
            "console.interval",
            lang,
            expected=number(row["expected"]),
            low=number(row["low"]),
            high=number(row["high"]),
        )
        told["bar"] = interval_bar(row["low"], row["expected"], row["high"], top=top, label=label)
    return told


def _chart(rows: list[dict[str, Any]], topic: str, label: str, lang: Lang) -> Any:
    prefix = "category." if topic == "category" else "console.audience_"
    names = {row["group"]: text_or(f"{prefix}{row['group']}", lang, row["group"]) for row in rows}
    return paired_bars(rows, names=names, label=text(label, lang))


def _audiences(connection: sa.Connection) -> dict[str, list[str]]:
    query = sa.text("SELECT product_id, audience_groups FROM products")
    return {
        row.product_id: [group for group in (row.audience_groups or "").split(";") if group]
        for row in connection.execute(query)
    }
