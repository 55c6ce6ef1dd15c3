"""Two circles of residents, one for opera and one for programming, and models of given weights.

Twelve residents of the first circle booked opera, twelve of the second programming; ``r24`` never
booked, and ``r25`` booked opera but does not want a profile. Ten sessions lie ahead, one a day; the
last two are of products that nobody has booked.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from features.ranking.snapshot import build_snapshot
from recommender.ranking.features.registry import FIRST_STAGE_NAMES, NAMES
from recommender.ranking.model.calibration import INPUTS, Calibration
from recommender.ranking.model.latent_factors import Settings, fit_latent_factors
from recommender.ranking.model.ranker import LinearRanker, Ranker
from recommender.ranking.model.suggestion_model import SuggestionModel

NOW = datetime(2027, 3, 1, tzinfo=UTC)
WORDS = {"opera": "昆曲 评弹 折子戏", "code": "编程 机器人 算法"}


def rows(name, records):
    return canonical(pd.DataFrame(records), TABLES[name])


def circles_tables():
    products, events, bookings = [], [], []
    for i in range(10):
        circle = "opera" if i % 2 == 0 else "code"
        products.append(
            {
                "product_id": f"p{i}",
                "supplier_id": f"s_{circle}",
                "title": WORDS[circle],
                "description": WORDS[circle],
                "category": "performance" if circle == "opera" else "lecture",
            }
        )
        for days in (-40, -20, 5 + i):
            if days < 0 and i >= 8:
                continue  # nobody could book these before
            events.append(
                {
                    "event_id": f"e{i}" if days > 0 else f"past{i}_{-days}",
                    "product_id": f"p{i}",
                    "venue_id": "v",
                    "starts_at": NOW + timedelta(days=days),
                    "seats": 30,
                    "ticket_fen": 0,
                    "published_at": NOW + timedelta(days=min(days, 0) - 10),
                    "status": "open" if days > 0 else "done",
                }
            )
    rng = np.random.default_rng(0)
    for r in (*range(24), 25):
        bookings += [
            {
                "booking_id": f"b{r}_{i}",
                "resident_id": f"r{r:02d}",
                "event_id": f"past{i}_{20 if rng.random() < 0.5 else 40}",
                "booked_at": NOW - timedelta(days=45 - r % 3),
                "status": "attended",
            }
            for i in range(0 if r < 12 or r == 25 else 1, 8, 2)
            if rng.random() < 0.7
        ]
    residents = [
        {
            "resident_id": f"r{r:02d}",
            "area_code": "310105101" if r % 2 else "310105102",
            "age_band": "18-34" if r % 3 else "60-69",
            "personalised": r != 25,
        }
        for r in range(26)
    ]
    areas = [
        {"area_code": code, "name": code, "level": "street", "lat": lat, "lon": 121.4}
        for code, lat in (("310105101", 31.20), ("310105102", 31.22))
    ]
    venues = [{"venue_id": "v", "name": "v", "area_code": "310105101", "lat": 31.2, "lon": 121.4}]
    return Dataset(
        {
            "areas": rows("areas", areas),
            "suppliers": rows(
                "suppliers", [{"supplier_id": f"s_{name}", "name": name} for name in WORDS]
            ),
            "venues": rows("venues", venues),
            "products": rows("products", products),
            "events": rows("events", events),
            "residents": rows("residents", residents),
            "bookings": rows("bookings", bookings),
        }
    )


def weights_on(names, **weights):
    """A linear ranker of signals as they are."""
    values = np.array([float(weights.get(name, 0.0)) for name in names])
    return LinearRanker(np.zeros(len(names)), np.ones(len(names)), values)


def make_model(parts, first, ranker):
    """A suggestion model of two sets of weights by signal name."""
    size = 3 + len(INPUTS)
    calibration = Calibration(np.zeros(size), np.ones(size), np.array([-3.0, 0.5, *[0.0] * 6]))
    return SuggestionModel(
        parts,
        weights_on(FIRST_STAGE_NAMES, **first),
        Ranker(weights_on(NAMES, **ranker), {}, {"linear": 1.0}, {"linear": 1.0}),
        calibration,
    )


@pytest.fixture(scope="session")
def circles():
    """The tables."""
    return circles_tables()


@pytest.fixture(scope="session")
def circles_at():
    """The moment they are asked about."""
    return NOW


@pytest.fixture(scope="session")
def circles_snapshot(circles):
    return build_snapshot(circles, NOW, DEFAULT_ZONE)


@pytest.fixture(scope="session")
def circles_factors(circles_snapshot):
    settings = Settings(factors=4, iterations=8)
    return fit_latent_factors(circles_snapshot, settings, rng=np.random.default_rng(0))


@pytest.fixture(scope="session")
def model_of(circles_factors):
    """Makes a model of the circles from weights by signal name: ``model_of(first, ranker)``."""
    return lambda first, ranker: make_model(circles_factors, first, ranker)


@pytest.fixture(scope="session")
def linear_of():
    """Makes a linear ranker from names and weights."""
    return weights_on
