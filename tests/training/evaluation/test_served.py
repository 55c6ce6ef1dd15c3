"""The lists an evaluation looks at obey the rules of those that are served."""

from datetime import UTC, datetime, timedelta

import numpy as np

from data.dataset import Dataset
from data.district_time import DEFAULT_ZONE
from data.snapshot import as_of
from features.ranking.snapshot import build_snapshot
from training.evaluation.report import SERVED, UNEXPLORED
from training.evaluation.served import ServedLists, _continued
from training.suggestions.fit import fit_suggestions
from training.suggestions.time_splits import zoned


def test_places_of_the_longer_list_follow_those_of_the_served_one() -> None:
    first = np.array([[4, 2, 9], [1, -1, -1]])
    longer = np.array([[4, 2, 7, 6], [1, -1, -1, -1]])
    found = _continued(first, longer)
    assert found[0, :5].tolist() == [4, 2, 9, 7, 6]
    assert (found[1, 1:] == -1).all()
    assert found[1, 0] == 1


def test_no_served_list_holds_a_full_event_or_one_already_booked(district: Dataset) -> None:
    last = district["bookings"]["booked_at"].max()
    at = np.datetime64((last - timedelta(days=21)).tz_localize(None), "us")
    known = as_of(district, zoned(at))
    model = fit_suggestions(
        known,
        as_of=datetime.fromtimestamp(zoned(at).timestamp(), UTC),
        rng=np.random.default_rng(0),
    )
    full = set(known["events"]["event_id"].iloc[::3])
    seats = known["events"]["seats"].mask(known["events"]["event_id"].isin(full), 0)
    tables = known.replace(events=known["events"].assign(seats=seats))
    snapshot = build_snapshot(tables, zoned(at), DEFAULT_ZONE)
    residents = np.arange(200)
    found = ServedLists(model.bind(snapshot), tables, at, np.random.default_rng(0)).lists(residents)
    booked = snapshot.booked(residents).toarray() > 0
    for name in (SERVED, UNEXPLORED):
        lists = found[name]
        assert lists.shape == (200, 20)
        rows, places = np.nonzero(lists >= 0)
        events = lists[rows, places]
        assert len(events) > 500
        assert full.isdisjoint(snapshot.events.take(events))
        assert not booked[rows, events].any()
        assert len({*zip(rows.tolist(), events.tolist(), strict=True)}) == len(events)
    # Exploration has the last place of ten and no other before it.
    np.testing.assert_array_equal(found[SERVED][:, :9], found[UNEXPLORED][:, :9])
