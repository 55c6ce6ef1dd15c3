"""When events without a publication were out: planted leads, and nothing from later."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.schema import TABLES
from training.suggestions.publication import usual_lead, with_publications

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def dataset(leads: np.ndarray, *, published: bool = False, start: datetime = NOW) -> Dataset:
    """Events every two days before ``start``, each first booked so many days ahead."""
    starts = [start - timedelta(days=2 * i + 1) for i in range(len(leads))]
    events = pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(len(leads))],
            "starts_at": starts,
            "published_at": [at - timedelta(days=50) if published else None for at in starts],
        }
    )
    bookings = pd.DataFrame(
        [
            (f"b{i}.{k}", "r", f"e{i}", at - timedelta(days=float(lead) / (1 + k)))
            for i, (at, lead) in enumerate(zip(starts, leads, strict=True))
            for k in range(2)
        ],
        columns=["booking_id", "resident_id", "event_id", "booked_at"],
    )
    frames = {"events": events, "bookings": bookings}
    return Dataset({name: canonical(frame, TABLES[name]) for name, frame in frames.items()})


def test_one_in_ten_was_booked_by_then() -> None:
    leads = np.random.default_rng(0).permutation(np.arange(1.0, 101.0)) / 2
    assert usual_lead(dataset(leads), NOW) == timedelta(days=45)


@pytest.mark.parametrize(
    ("leads", "published"),
    [
        (np.full(29, 20.0), False),  # too few
        (np.full(100, 20.0), True),  # nothing to assume
        (np.full(100, -30.0), False),  # booked after they began: they stand
        (np.full(100, 200.0), False),  # never longer
    ],
)
def test_ninety_days_stand_where_nothing_better_is_known(
    leads: np.ndarray, published: bool
) -> None:
    assert usual_lead(dataset(leads, published=published), NOW) == timedelta(days=90)


def test_what_is_later_or_long_ago_changes_nothing() -> None:
    now = dataset(np.full(100, 20.0))
    assert usual_lead(now, NOW) == timedelta(days=20)
    # The same events seen two years later: none is of the last year.
    assert usual_lead(now, NOW + timedelta(days=730)) == timedelta(days=90)
    later = dataset(np.full(400, 60.0), start=NOW + timedelta(days=700))
    assert usual_lead(later, NOW) == timedelta(days=60)
    assert usual_lead(later, NOW - timedelta(days=100)) == timedelta(days=90)


def test_only_missing_publications_are_filled() -> None:
    given = dataset(np.full(3, 5.0), published=True)
    pd.testing.assert_frame_equal(
        with_publications(given, timedelta(days=7))["events"], given["events"]
    )
    filled = with_publications(dataset(np.full(3, 5.0)), timedelta(days=7))["events"]
    assert (filled["starts_at"] - filled["published_at"] == timedelta(days=7)).all()
