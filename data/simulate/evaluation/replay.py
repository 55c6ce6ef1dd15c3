"""The next quarter of a simulated world under a purchase plan: who would come, and where.

Sessions get days and hours as products for their audience usually do, at the exposure that
sessions typically got in the history. Those who came to a product are not interested in it again
(courses aside), those whom a full house turned away still are; a person goes out once a day at
most and no more often than she has evenings, and tires of a category
(:mod:`data.simulate.behaviour.appetite`).
Attendance of a session varies by an event effect and by Poisson noise, as in the history.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.simulate.behaviour.appetite import Appetite
from data.simulate.behaviour.booking import ONLINE_REACH
from data.simulate.behaviour.purchasing import SLOT_MIX, START_MINUTES
from data.simulate.behaviour.seating import CANCEL_SHARE, PARTY_MEAN
from data.simulate.district.people import WILLING
from data.simulate.district.vocabulary import CATEGORY_NAMES
from data.simulate.evaluation.replay_inputs import Stage
from data.simulate.settings import DAY_S
from recommender.errors import UsageError
from recommender.metrics.evenness import gini

DAYS = 91


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What happened under a plan.

    Attributes
    ----------
    sessions
        One row a session: product_id, category, street_code, venue_id, starts_at (UTC), seats,
        asked (places people wanted), attendance, turned_away, new.
    streets
        One row a street of the world: street_code, people, sessions, attendance (at sessions held
        there), per_resident, attendance_by_home (of those who live there), per_resident_by_home.
    categories
        Attendances of those who live in a street, by street_code and category.
    attendance
        Attendances of the quarter.
    reached
        Expected number of people who come at least once.
    gini, gini_by_home
        Gini over streets of ``per_resident`` and of ``per_resident_by_home``, in [0, 1].
    spend_fen
        Price of all sessions.
    new_share
        Share of sessions whose product was never offered before, in [0, 1].
    starved
        Streets without a session.
    fill
        Attendances over seats, in [0, 1].
    """

    sessions: pd.DataFrame
    streets: pd.DataFrame
    categories: pd.DataFrame
    attendance: int
    reached: float
    gini: float
    gini_by_home: float
    spend_fen: int
    new_share: float
    starved: int
    fill: float

    def summary(self) -> dict[str, float]:
        """The figures without the tables."""
        return {
            "attendance": self.attendance,
            "reached": self.reached,
            "attendance_per_10000_yuan": self.attendance / max(self.spend_fen / 1e6, 1e-9),
            "sessions": len(self.sessions),
            "spend_fen": self.spend_fen,
            "new_share": self.new_share,
            "fill": self.fill,
            "turned_away": int(self.sessions["turned_away"].sum()),
            "gini": self.gini,
            "gini_by_home": self.gini_by_home,
            "starved": self.starved,
        }


def replay(stage: Stage, plan: pd.DataFrame, *, rng: np.random.Generator) -> ReplayResult:
    """Run the quarter.

    Parameters
    ----------
    stage
        The world, from :meth:`Stage.load`.
    plan
        Rows with ``product_id``, ``street_code`` and/or ``venue_id``, and ``sessions`` (1 if the
        column is missing). A line without a venue is held in its street's main culture centre.
    rng
        Days, hours, event effects. The same plan and generator state give the same quarter.

    Returns
    -------
    Attendances by session, and the measures of the quarter.

    Raises
    ------
    UsageError
        If a product is not listed in the quarter, or a street or venue is unknown.
    """
    lines = _read_lines(stage, plan)
    run = _schedule(stage, lines, rng)
    n = len(run["product"])
    product, venue = run["product"], run["venue"]
    seats = _seats(stage, product, venue)
    used, column = np.unique(product, return_inverse=True)
    left = np.ascontiguousarray(stage.likes(used).T) if n else np.zeros((0, 0), dtype=np.float32)
    appetite = Appetite(stage.person_evenings)
    never = np.ones(len(stage.person_age), dtype=np.float32)
    today, at_home = -1, np.ones_like(never)
    comes: dict[tuple[int, int], NDArray[np.float32]] = {}
    asked, came = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    by_home = np.zeros((len(stage.street_codes), len(CATEGORY_NAMES)))
    sd = float(stage.event_effect_sd)
    for i in range(n):
        if run["day"][i] != today:
            today, at_home = int(run["day"][i]), np.ones_like(never)
        where = int(venue[i]), int(run["slot"][i])
        if where not in comes:
            comes[where] = _chance(stage, *where)
        p, lost = int(product[i]), 1 - float(stage.rebook[product[i]])
        category = int(stage.category[p])
        go = comes[where] * at_home * appetite.free() * appetite.eager(category)
        wish = left[column[i]] * go
        weighted = wish * stage.person_weight
        event_effect = float(np.exp(rng.normal(-sd * sd / 2, sd)))
        app = event_effect * PARTY_MEAN * float(weighted @ stage.person_app)
        everybody = event_effect * PARTY_MEAN * float(weighted.sum())
        attendance, wanted, full = _fill(
            app, everybody - app, int(seats[i]), float(stage.show[p]), rng
        )
        asked[i], came[i] = wanted, attendance
        admitted = np.float32(attendance / max(full, attendance, 1))
        left[column[i]] -= left[column[i]] * go * np.float32(lost) * admitted
        at_home *= 1 - wish * admitted
        never *= 1 - wish * admitted * np.float32(stage.show[p])
        appetite.all_go(category, wish * admitted)
        home = np.bincount(stage.person_street, weights=weighted, minlength=len(by_home))
        by_home[:, category] += home * (attendance / max(home.sum(), 1e-12))
    reached = float((1 - never) @ stage.person_weight)
    return _summarise(stage, run, seats, asked, came, by_home, reached)


def _fill(
    app: float, offline: float, seats: int, show: float, rng: np.random.Generator
) -> tuple[int, int, int]:
    """Attendances, places wanted, and attendances if capacity were unlimited.

    The app hands out seats; what no-shows leave empty goes to those who walk in. A seat that is
    cancelled while somebody waits is taken again.
    """
    wanted = int(rng.poisson(app))
    stay = int(rng.binomial(wanted, 1 - CANCEL_SHARE))
    booked = min(stay, seats)
    shown = int(rng.binomial(booked, show))
    walking = int(rng.poisson(offline * (1 - CANCEL_SHARE) * show))
    entered = min(walking, seats - shown)
    unlimited = round((stay - booked) * show) + shown + walking
    return shown + entered, wanted + walking, unlimited


def _chance(stage: Stage, venue: int, slot: int) -> NDArray[np.float32]:
    """Chance that each person hears of a session, and place and hour suit; venue -1 is online."""
    if venue < 0:
        near = np.full(len(stage.person_age), ONLINE_REACH, dtype=np.float32)
        street = -1
    else:
        street = int(stage.venue_street[venue])
        near = stage.reach_home[stage.person_committee, venue]
        if slot < 3:
            work = stage.person_work
            near = np.maximum(near, np.where(work >= 0, stage.reach_work[work, venue], 0))
    suits = near * WILLING[stage.person_age, slot]
    heard = stage.notices[stage.person_street, street] * stage.person_heard
    found: NDArray[np.float32] = -np.expm1(-(heard * suits)).astype(np.float32)
    return found


def _seats(stage: Stage, product: NDArray[np.int64], venue: NDArray[np.int64]) -> NDArray[np.int64]:
    room = np.where(venue >= 0, stage.venue_seats[venue], 600)
    offered = np.minimum(room, stage.audience_max[product]) / float(stage.seat_scarcity)
    return np.maximum(offered, 1).astype(np.int64)


def _read_lines(stage: Stage, plan: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Positions of each line's product and venue, and its sessions."""
    if "product_id" not in plan or not {"street_code", "venue_id"} & set(plan.columns):
        raise UsageError(
            "the plan lacks product_id, or both street_code and venue_id.",
            "Name the columns as the contract's plan does.",
        )
    products = {str(key): n for n, key in enumerate(stage.product_ids)}
    streets = {str(key): n for n, key in enumerate(stage.street_codes)}
    venues = {str(key): n for n, key in enumerate(stage.venue_ids)}
    count = plan["sessions"] if "sessions" in plan else pd.Series(1, index=plan.index)
    sessions = pd.to_numeric(count, errors="coerce")
    if sessions.isna().any() or (sessions < 0).any() or (sessions % 1 != 0).any():
        raise UsageError("a plan's sessions must be whole numbers from 0.", "Mend that column.")
    found: dict[str, list[int]] = {"product": [], "venue": []}
    text = plan.reindex(columns=["product_id", "street_code", "venue_id"]).astype(object)
    for product, street, venue in text.itertuples(index=False, name=None):
        if str(product) not in products:
            raise UsageError(
                f"product {product!r} is not listed in {stage.period}.",
                "A plan for the next quarter buys from its catalogue.",
            )
        position = products[str(product)]
        if stage.online[position]:
            place = -1
        elif isinstance(venue, str) and venue:
            if venue not in venues:
                raise UsageError(f"venue {venue!r} is unknown.", "See the world's venues table.")
            place = venues[venue]
        elif str(street) in streets:
            place = streets[str(street)]  # the first venues are the streets' own centres
        else:
            raise UsageError(f"street {street!r} is unknown.", "See the world's areas table.")
        found["product"].append(position)
        found["venue"].append(place)
    home = [
        streets.get(str(street), int(stage.venue_street[max(place, 0)]))
        for street, place in zip(text["street_code"], found["venue"], strict=True)
    ]
    return {
        "product": np.array(found["product"], dtype=np.int64),
        "venue": np.array(found["venue"], dtype=np.int64),
        "street": np.array(home, dtype=np.int64),
        "sessions": sessions.to_numpy(dtype=np.int64),
    }


def _schedule(
    stage: Stage, lines: dict[str, NDArray[np.int64]], rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    """A day and an hour for each session, in order of time."""
    run = {
        name: np.repeat(lines[name], lines["sessions"]) for name in ("product", "venue", "street")
    }
    n = len(run["product"])
    mix = np.cumsum(SLOT_MIX, axis=1)[stage.audience[run["product"]]]
    slot = (rng.random(n)[:, None] > mix).sum(axis=1).clip(0, 5)
    days = np.arange(DAYS)
    weekend = np.isin((int(stage.first_s) + 8 * 3_600) // DAY_S % 7 + days % 7, (2, 3, 9, 10))
    day = np.where(slot >= 3, rng.choice(days[weekend], n), rng.choice(days[~weekend], n))
    minute = np.array([START_MINUTES[s][0] for s in range(6)])[slot]
    order = np.lexsort((np.arange(n), minute, day))
    run |= {"slot": slot, "day": day, "starts_s": int(stage.first_s) + day * DAY_S + minute * 60}
    return {name: values[order] for name, values in run.items()}


def _summarise(
    stage: Stage,
    run: dict[str, NDArray[np.int64]],
    seats: NDArray[np.int64],
    asked: NDArray[np.int64],
    came: NDArray[np.int64],
    by_category: NDArray[np.float64],
    reached: float,
) -> ReplayResult:
    product, venue, street = run["product"], run["venue"], run["street"]
    sessions = pd.DataFrame(
        {
            "product_id": stage.product_ids[product],
            "category": np.array(CATEGORY_NAMES)[stage.category[product]],
            "street_code": stage.street_codes[street],
            "venue_id": np.where(venue >= 0, stage.venue_ids[venue], ""),
            "starts_at": pd.to_datetime(run["starts_s"], unit="s", utc=True),
            "seats": seats,
            "asked": asked,
            "attendance": came,
            "turned_away": np.maximum(asked - seats, 0),
            "new": stage.new[product],
        }
    )
    n = len(stage.street_codes)
    people = np.maximum(stage.street_people, 1)
    by_home = by_category.sum(axis=1)
    held = np.bincount(street, weights=came, minlength=n)
    count = np.bincount(street, minlength=n)
    streets = pd.DataFrame(
        {
            "street_code": stage.street_codes,
            "people": stage.street_people,
            "sessions": count,
            "attendance": held.astype(np.int64),
            "per_resident": held / people,
            "attendance_by_home": by_home,
            "per_resident_by_home": by_home / people,
        }
    )
    categories = pd.DataFrame(by_category, index=stage.street_codes, columns=CATEGORY_NAMES)
    return ReplayResult(
        sessions=sessions,
        streets=streets,
        categories=categories,
        reached=reached,
        attendance=int(came.sum()),
        gini=gini(held / people),
        gini_by_home=gini(by_home / people),
        spend_fen=int(stage.price_fen[product].sum()),
        new_share=float(stage.new[product].mean()) if len(product) else 0.0,
        starved=int((count == 0).sum()),
        fill=float(came.sum() / max(seats.sum(), 1)),
    )
