"""What is observed of a world: the contract's tables, in chunks of bounded size."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset, canonical, dtype_of
from data.schema import AGE_BANDS, BOOKING_STATUSES, SUPPLIER_KINDS, TABLES
from data.simulate.behaviour.attention import SURFACES
from data.simulate.behaviour.purchasing import ONLINE
from data.simulate.behaviour.ratings import draw_follows, draw_ratings
from data.simulate.behaviour.requests import draw_requests
from data.simulate.behaviour.surveys import draw_surveys
from data.simulate.district.vocabulary import AUDIENCES, CATEGORY_NAMES, TAGS
from data.simulate.identifiers import (
    dates,
    event_ids,
    ids,
    product_ids,
    resident_ids,
    taken,
    times,
    venue_ids,
)
from data.simulate.settings import DAY_S, period_name
from data.simulate.world import SimulatedWorld

CHUNK = 1_000_000
LEARNT = "old-list"
"""The model version that the old system's impressions carry."""


def observe(world: SimulatedWorld) -> Dataset:
    """All tables at once; for a world that fits in memory several times over."""
    return Dataset(
        {name: pd.concat(list(frames(world, name)), ignore_index=True) for name in TABLES}
    )


def frames(world: SimulatedWorld, name: str) -> Iterator[pd.DataFrame]:
    """One table as canonical frames that follow each other.

    Parameters
    ----------
    world
        A world whose history has run.
    name
        The contract table.

    Yields
    ------
    Canonical frames, in the order of the table's rows.
    """
    if name in _WHOLE:
        yield canonical(pd.DataFrame(_WHOLE[name](world)), TABLES[name])
        return
    rows = {
        "bookings": len(world.journal.bookings["event"]),
        "impressions": len(world.journal.impressions.get("event", ())),
        "residents": world.people.registered,
    }[name]
    table = TABLES[name]
    for start in range(0, max(rows, 1), CHUNK):
        part = slice(start, min(start + CHUNK, rows))
        yield canonical(_LONG[name](world, part), table)


def _choice(table: str, column: str, codes: NDArray[Any]) -> pd.Series:
    dtype = dtype_of(TABLES[table].column(column))
    assert isinstance(dtype, pd.CategoricalDtype)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype))


def known_events(world: SimulatedWorld) -> NDArray[np.bool_]:
    """Which events have been published by the present."""
    return world.agenda.events["published_s"] <= world.settings.until_s


def _areas(world: SimulatedWorld) -> dict[str, Any]:
    place, people = world.place, world.people
    rows = place.area_rows
    by_code: dict[str, int] = dict(
        zip(place.committees, people.counts.sum(axis=(1, 2)).tolist(), strict=True)
    )
    for level in ("street", "district", "city"):
        for code in [r[0] for r in rows if r[2] == level]:
            by_code[code] = sum(by_code[r[0]] for r in rows if r[3] == code)
    return {
        "area_code": [r[0] for r in rows],
        "name": [r[1] for r in rows],
        "level": [r[2] for r in rows],
        "parent_code": [r[3] for r in rows],
        "population": [by_code[r[0]] for r in rows],
        "workers": pd.array([r[4] for r in rows], dtype="Int64"),
        "lat": [r[5] for r in rows],
        "lon": [r[6] for r in rows],
    }


def _population(world: SimulatedWorld) -> dict[str, Any]:
    """By committee; a street is the sum of its committees."""
    codes, cells = world.place.committees, world.people.counts
    area, age, sex = np.indices(cells.shape).reshape(3, -1)
    return {
        "area_code": taken(codes, area),
        "age_band": taken(list(AGE_BANDS), age),
        "sex": taken(["f", "m"], sex),
        "people": cells.ravel(),
    }


def _venues(world: SimulatedWorld) -> dict[str, Any]:
    place = world.place
    n = len(place.venue_name)
    return {
        "venue_id": venue_ids(np.arange(n)),
        "name": place.venue_name,
        "area_code": [place.venue_code(v) for v in range(n)],
        "level": place.venue_level,
        "kind": place.venue_kind,
        "lat": place.venue_lat,
        "lon": place.venue_lon,
        "seats": place.venue_seats,
        "step_free": place.venue_step_free,
        "open_hours_per_week": place.venue_hours,
    }


def _suppliers(world: SimulatedWorld) -> dict[str, Any]:
    c, start = world.catalogue, world.settings.start
    first = np.array(
        [int(start.replace(year=start.year + int(y)).timestamp()) for y in c.supplier_first_year]
    )
    performs = np.zeros(len(c.supplier_name), dtype=bool)
    performs[c.supplier[c.licence]] = True
    valid = world.settings.until_s + (30 + 7 * (np.arange(len(first)) * 37 % 150)) * DAY_S
    return {
        "supplier_id": ids("S", np.arange(len(first)), 4),
        "name": c.supplier_name,
        "kind": [SUPPLIER_KINDS[k] for k in c.supplier_kind],
        "licences": np.where(performs, "performance", ""),
        "licence_valid_until": dates(valid),
        "active_since": dates(first - c.supplier_since_days * DAY_S),
    }


def _products(world: SimulatedWorld) -> dict[str, Any]:
    c, start = world.catalogue, world.settings.start
    turns = np.array(
        [
            int(start.replace(year=start.year + y).timestamp())
            for y in range(int(c.last_year.max()) + 2)
        ]
    )
    return {
        "product_id": product_ids(world, np.arange(len(c))),
        "supplier_id": ids("S", c.supplier, 4),
        "title": c.title,
        "description": c.description,
        "category": [CATEGORY_NAMES[k] for k in c.category],
        "tags": [";".join(TAGS[t].name for t in tags) for tags in c.tags],
        "price_fen": c.price_fen,
        "duration_min": c.minutes,
        "audience_max": c.audience_max,
        "min_seats": np.where(c.category == ONLINE, 0, np.minimum(c.audience_max // 4, 60)),
        "audience_groups": [AUDIENCES[a] for a in c.audience],
        "min_age": c.min_age,
        "licence_required": pd.Series("performance", index=range(len(c)), dtype="str").where(
            c.licence
        ),
        "listed_from": dates(turns[c.first_year]),
        "listed_until": dates(turns[c.last_year + 1] - DAY_S),
        "sessions_max": c.sessions_max,
    }


def _events(world: SimulatedWorld) -> dict[str, Any]:
    e, until = world.agenda.events, world.settings.until_s
    index = np.flatnonzero(known_events(world))
    down = (e["cancelled"] == 1) & (e["starts_s"] - 3 * DAY_S <= until)
    done = e["ends_s"] <= until
    status = np.select([down, done], ["cancelled", "done"], "open")
    return {
        "event_id": event_ids(index),
        "product_id": product_ids(world, e["product"][index]),
        "venue_id": venue_ids(e["venue"][index]),
        "title": [world.catalogue.title[p] for p in e["product"][index]],
        "starts_at": times(e["starts_s"][index]),
        "ends_at": times(e["ends_s"][index]),
        "seats": e["seats"][index],
        "ticket_fen": e["ticket_fen"][index],
        "published_at": times(e["published_s"][index]),
        "booking_closes_at": times(e["closes_s"][index]),
        "status": status[index],
        "order_id": ids("O", e["order"][index], 6),
    }


def _ratings(world: SimulatedWorld) -> dict[str, Any]:
    found = draw_ratings(world)
    return {
        "resident_id": resident_ids(found.resident),
        "event_id": event_ids(found.event),
        "stars": found.stars,
        "rated_at": times(found.rated_s),
        "comment": found.comment,
    }


def _follows(world: SimulatedWorld) -> dict[str, Any]:
    found = draw_follows(world)
    return {
        "resident_id": resident_ids(found.resident),
        "target_kind": found.kind,
        "target": found.target,
        "since": times(found.since_s),
    }


def _surveys(world: SimulatedWorld) -> dict[str, Any]:
    return draw_surveys(world)


def _budgets(world: SimulatedWorld) -> dict[str, Any]:
    """What each buyer had; for the next quarter the mean of the last year's, rounded."""
    o, settings = world.agenda.orders, world.settings
    buyers = [*world.place.streets, *world.place.districts]
    spent = np.zeros((len(buyers), len(settings.quarters)))
    np.add.at(spent, (o["buyer"], o["quarter"]), o["amount"])
    rng = world.rng("orders")
    had = spent[:, :-1] * rng.uniform(1.0, 1.1, (len(buyers), spent.shape[1] - 1))
    coming = had[:, -4:].mean(axis=1, keepdims=True)
    amount = (np.hstack([had, coming]) / 1_000_000).round().clip(1).astype(np.int64) * 1_000_000
    buyer, quarter = np.indices(amount.shape).reshape(2, -1)
    return {
        "buyer_code": taken(buyers, buyer),
        "period": taken([period_name(q) for q in settings.quarters], quarter),
        "amount_fen": amount.ravel(),
    }


def _orders(world: SimulatedWorld) -> dict[str, Any]:
    """Past orders, accepted; of the next quarter's only what has been published."""
    o, e, until = world.agenda.orders, world.agenda.events, world.settings.until_s
    published = np.bincount(e["order"][known_events(world)], minlength=len(o["buyer"]))
    index = np.flatnonzero((published > 0) & (o["decided_s"] <= until))
    over = o["first_s"][index] < until
    rng = world.rng("orders")
    appeal = world.catalogue.appeal[o["product"][index]]
    stars = np.round(4.0 + 0.35 * (appeal - appeal.mean()) + rng.normal(0, 0.6, len(index)))
    buyers = [*world.place.streets, *world.place.districts]
    price = world.catalogue.price_fen[o["product"][index]]
    return {
        "order_id": ids("O", index, 6),
        "buyer_code": taken(buyers, o["buyer"][index]),
        "product_id": product_ids(world, o["product"][index]),
        "venue_id": venue_ids(o["venue"][index]),
        "scheduled_on": dates(o["first_s"][index]),
        "sessions": published[index],
        "amount_fen": published[index] * price,
        "status": np.where(over, "accepted", "ordered"),
        "decided_by": taken([f"officer-{b}" for b in buyers], o["buyer"][index]),
        "decided_at": times(o["decided_s"][index]),
        "reason": pd.Series("往年受欢迎", index=range(len(index)), dtype="str").where(
            rng.random(len(index)) < 0.3
        ),
        "satisfaction": pd.Series(stars.clip(1, 5))
        .where(over & (rng.random(len(index)) < 0.8))
        .astype("Int64"),
    }


def _residents(world: SimulatedWorld, part: slice) -> pd.DataFrame:
    people = world.people
    index = np.arange(part.start, part.stop)
    rng = np.random.default_rng([world.settings.seed, 77, part.start])
    age, n = people.age[part], part.stop - part.start
    consent = pd.array(np.where(age < 2, rng.random(n) < 0.7, False), dtype="boolean")
    consent[age >= 2] = pd.NA
    return pd.DataFrame(
        {
            "resident_id": resident_ids(index),
            "area_code": taken(world.place.committees, people.committee[part]),
            "age_band": _choice("residents", "age_band", age),
            "sex": _choice("residents", "sex", people.sex[part]),
            "joined_at": times(people.joined_s[part]),
            "personalised": rng.random(n) > 0.04,
            "guardian_consent": consent,
        }
    )


def _bookings(world: SimulatedWorld, part: slice) -> pd.DataFrame:
    b = {name: values[part] for name, values in world.journal.bookings.items()}
    logged = ("booked", "waitlisted", "cancelled", "attended", "no_show")
    codes = np.array([BOOKING_STATUSES.index(s) for s in logged], dtype=np.int8)
    return pd.DataFrame(
        {
            "booking_id": ids("B", np.arange(part.start, part.stop), 8),
            "resident_id": resident_ids(b["resident"]),
            "event_id": event_ids(b["event"]),
            "booked_at": times(b["booked_s"]),
            "seats": b["seats"],
            "status": _choice("bookings", "status", codes[b["status"]]),
            "updated_at": times(b["updated_s"]),
            "suggestion_id": ids("L", b["visit"].clip(0), 8).where(b["visit"] >= 0),
        }
    )


def _impressions(world: SimulatedWorld, part: slice) -> pd.DataFrame:
    i: dict[str, NDArray[Any]] = {n: v[part] for n, v in world.journal.impressions.items()}
    if not i:
        return pd.DataFrame()
    return pd.DataFrame(
        {
            "impression_id": ids("I", np.arange(part.start, part.stop), 9),
            "resident_id": resident_ids(i["resident"]),
            "event_id": event_ids(i["event"]),
            "shown_at": times(i["shown_s"]),
            "surface": taken(list(SURFACES), i["surface"]),
            "position": i["position"].astype(np.int64),
            "propensity": i["propensity"].astype(np.float64).round(7).clip(1e-7, 1),
            "suggestion_id": ids("L", i["visit"], 8),
            "model_version": taken([LEARNT], np.zeros(len(i["visit"]), dtype=np.int64)),
        }
    )


_WHOLE = {
    "areas": _areas,
    "population": _population,
    "venues": _venues,
    "suppliers": _suppliers,
    "products": _products,
    "events": _events,
    "ratings": _ratings,
    "follows": _follows,
    "surveys": _surveys,
    "requests": draw_requests,
    "holidays": lambda _: {},
    "budgets": _budgets,
    "orders": _orders,
}
_LONG = {"residents": _residents, "bookings": _bookings, "impressions": _impressions}
