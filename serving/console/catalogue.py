"""The catalogue: products with their expected demand, one product, one supplier."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from serving.api.http.access import guarded
from serving.console.access import OFFICERS, acts_for
from serving.console.demand import (
    DistrictDemand,
    default_period,
    demand_model,
    district_demand,
    offered_periods,
)
from serving.demand.catalogue import read_product, read_products, read_suppliers
from serving.messages.catalogue import text
from serving.outcomes.scorecards import supplier_scorecard
from serving.web.charts import interval_bar
from serving.web.display import display_of
from serving.web.rendering import number, page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LENGTH = 40
Period = Annotated[str, Query(pattern=r"^(\d{4}(Q[1-4]|-(0[1-9]|1[0-2]))?)?$")]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.:-]{1,200}$")]
_Word = Annotated[str, Query(max_length=200)]


@router.get("/console/catalogue", **guarded(OFFICERS))
async def catalogue(
    request: Request,
    q: _Word = "",
    category: _Word = "",
    supplier: _Word = "",
    street: _Word = "",
    period: Period = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Products, most wanted in the chosen street first."""
    demand, chosen = await _demand(request, period)
    streets = _own_streets(request, demand)
    if street and street not in dict(streets):
        raise HTTPException(403, "The caller does not act for this street.")
    at = street or (streets[0][0] if streets else "")
    engine = request.app.state.service.database.engine()

    def work() -> dict[str, Any]:
        with engine.connect() as connection:
            rows = read_products(connection, words=q, category=category, supplier=supplier)
            suppliers = read_suppliers(connection)
        wanted: dict[str, dict[str, Any]] = {}
        if demand is not None and at:
            own = demand.of_street(at).to_dict(orient="records")
            wanted = {str(row["product_id"]): {str(k): v for k, v in row.items()} for row in own}
        for row in rows:
            row["demand"] = wanted.get(row["product_id"])
        rows.sort(key=lambda row: row["demand"]["rank"] if row["demand"] else len(wanted) + 1)
        return {"rows": rows, "suppliers": suppliers}

    found = await anyio.to_thread.run_sync(work)
    start = LENGTH * (page_number - 1)
    rows = found.pop("rows")
    return page(
        request,
        "catalogue.html",
        rows=rows[start : start + LENGTH],
        count=len(rows),
        has_more=len(rows) > start + LENGTH,
        page_number=page_number,
        streets=streets,
        at=at,
        words=q,
        chosen={"category": category, "supplier": supplier},
        period=chosen,
        periods=offered_periods(request.app.state.service.now()),
        **found,
    )


@router.get("/console/catalogue/products/{product_id}", **guarded(OFFICERS, 404))
async def product(request: Request, product_id: Id, period: Period = "") -> Response:
    """One product: what it is, its expected demand in the user's streets, similar ones."""
    demand, chosen = await _demand(request, period)
    lang = display_of(request).lang
    engine = request.app.state.service.database.engine()

    def work() -> dict[str, Any]:
        with engine.connect() as connection:
            found = read_product(connection, product_id)
            alike = read_products(connection, category=found["category"])
        rows: list[dict[str, Any]] = []
        if demand is not None:
            names = dict(_own_streets(request, demand))
            frame = demand.frame[demand.frame["product_id"] == product_id]
            rows = [
                {**{str(k): v for k, v in row.items()}, "street": names[row["street_code"]]}
                for row in frame.to_dict(orient="records")
                if row["street_code"] in names
            ]
        top = max([row["high"] for row in rows if not row["suppressed"]], default=1.0)
        for row in rows:
            row["bar"] = "" if row["suppressed"] else _bar(row, top, lang)
        rows.sort(key=lambda row: (row["suppressed"], -(row["expected"] or 0.0)))
        same_price = sorted(
            (each for each in alike if each["product_id"] != product_id),
            key=lambda each: (
                -len(set(each["tags"]) & set(found["tags"])),
                abs((each["price_fen"] or 0) - (found["price_fen"] or 0)),
            ),
        )
        return {"product": found, "rows": rows, "similar": same_price[:6]}

    return page(request, "product.html", period=chosen, **await anyio.to_thread.run_sync(work))


@router.get("/console/catalogue/suppliers/{supplier_id}", **guarded(OFFICERS, 404))
def supplier(request: Request, supplier_id: Id) -> Response:
    """One supplier: the score card, and the products."""
    service = request.app.state.service
    with service.database.engine().connect() as connection:
        card = supplier_scorecard(connection, supplier_id, now=service.now())
        rows = read_products(connection, supplier=supplier_id)
    return page(request, "supplier.html", card=card, rows=rows)


async def _demand(request: Request, period: str) -> tuple[DistrictDemand | None, str]:
    model, version = await demand_model(request)
    chosen = period or default_period(model, request.app.state.service.now())
    return await anyio.to_thread.run_sync(district_demand, model, version, chosen), chosen


def _own_streets(request: Request, demand: DistrictDemand | None) -> list[tuple[str, str]]:
    if demand is None:
        return []
    pairs = zip(demand.streets["street_code"], demand.streets["name"], strict=True)
    return [(code, name) for code, name in pairs if acts_for(request, code)]


def _bar(row: dict[str, Any], top: float, lang: Any) -> Any:
    told = {name: number(row[name]) for name in ("expected", "low", "high")}
    label = text("console.interval", lang, **told)
    return interval_bar(row["low"], row["expected"], row["high"], top=top, label=label)
