"""Facts of events and residents, ordinary unless said otherwise."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from recommender.ranking.lists.facts import (
    UNKNOWN_AGE,
    EligibilityContext,
    EventFacts,
    ResidentFacts,
)

NOW_S = 1_800_000_000
HOUR = 3_600


def make_events(n, **changed):
    """Events of two hours, two days ahead, at one point, free, with ten seats."""
    facts = EventFacts(
        starts_s=np.full(n, NOW_S + 48 * HOUR),
        ends_s=np.full(n, NOW_S + 50 * HOUR),
        published_s=np.full(n, NOW_S - HOUR),
        closes_s=np.full(n, NOW_S + 47 * HOUR),
        open=np.ones(n, dtype=bool),
        seats_left=np.full(n, 10.0),
        waiting_list=np.zeros(n, dtype=bool),
        min_age=np.zeros(n, dtype=np.int16),
        audience_age=np.zeros(n, dtype=np.int16),
        paid=np.zeros(n, dtype=bool),
        online=np.zeros(n, dtype=bool),
        step_free=np.zeros(n, dtype=bool),
        lat=np.full(n, 31.2),
        lon=np.full(n, 121.4),
    )
    return replace(facts, **{name: np.array(value) for name, value in changed.items()})


def make_residents(n, n_events, *, booked=(), muted=(), busy=(), **changed):
    """Grown-ups at home 0; pairs booked and muted; (resident, start, end, lat, lon) of bookings."""

    def pairs(given):
        matrix = np.zeros((n, n_events), dtype=bool)
        for row, column in given:
            matrix[row, column] = True
        return sp.csr_matrix(matrix)

    times = sorted(busy)
    who = np.array([each[0] for each in times], dtype=int)
    numbers = np.array([each[1:] for each in times], dtype=float).reshape(-1, 4)
    facts = ResidentFacts(
        home=np.zeros(n, dtype=np.intp),
        oldest=np.full(n, UNKNOWN_AGE, dtype=np.int16),
        guardian_consent=np.zeros(n, dtype=bool),
        needs_step_free=np.zeros(n, dtype=bool),
        reach_m=np.full(n, np.inf, dtype=np.float32),
        booked=pairs(booked),
        muted=pairs(muted),
        busy_from=np.searchsorted(who, np.arange(n + 1)).astype(np.int64),
        busy_starts_s=numbers[:, 0].astype(np.int64),
        busy_ends_s=numbers[:, 1].astype(np.int64),
        busy_lat=numbers[:, 2],
        busy_lon=numbers[:, 3],
    )
    return replace(facts, **{name: np.array(value) for name, value in changed.items()})


def make_context(events, distance_m=None):
    """The moment ``NOW_S``; one home, at no distance unless given."""
    near = np.zeros(len(events)) if distance_m is None else distance_m
    nowhere = np.full(len(events), np.nan)
    return EligibilityContext(NOW_S, events, np.array([near, nowhere], dtype=np.float32))


@pytest.fixture(scope="session")
def facts():
    """Makers of facts and their moment, under one name."""

    class Facts:
        now_s, hour = NOW_S, HOUR
        events = staticmethod(make_events)
        residents = staticmethod(make_residents)
        context = staticmethod(make_context)

    return Facts
