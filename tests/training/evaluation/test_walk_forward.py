"""Walk-forward evaluation: full candidate sets, honest time, planted answers."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE
from data.schema import TABLES
from data.snapshot import as_of
from features.ranking.snapshot import build_snapshot
from recommender.errors import NotTrainedError, UsageError
from recommender.ranking.model.suggestion_model import SuggestionModel
from training.evaluation.tables import calibration
from training.evaluation.walk_forward import evaluate
from training.suggestions.fit import fit_suggestions
from training.suggestions.time_splits import queries, windows

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = ("performance", "lecture", "course", "reading")


def frame(name, rows):
    return canonical(pd.DataFrame(rows), TABLES[name])


def planted_district(
    seed=0, *, residents=60, days=240, every=2.0, loyalty=0.9, status="attended", published=True
):
    """A data set; events of product ``pX`` are by supplier ``sX % 4``."""
    rng = np.random.default_rng(seed)
    people = [f"r{i:03d}" for i in range(residents)]
    favourite = {person: i % 4 for i, person in enumerate(people)}
    events, bookings, products = [], [], []
    n = int(days / every)
    for i in range(n):
        supplier = i % 4
        product = f"p{i // 8 * 4 + supplier}"  # a product has two events
        if i // 4 % 2 == 0:
            products.append(
                {
                    "product_id": product,
                    "supplier_id": f"s{supplier}",
                    "title": f"{'戏曲讲座书法阅读'[2 * supplier : 2 * supplier + 2]}第{i}场",
                    "category": CATEGORIES[supplier],
                    "price_fen": 100_000 * (1 + supplier),
                }
            )
        starts = DAY_ONE + timedelta(days=15 + i * every, hours=10 + supplier)
        event = f"e{i:04d}"
        events.append(
            {
                "event_id": event,
                "product_id": product,
                "venue_id": f"v{supplier % 2}",
                "starts_at": starts,
                "ends_at": starts + timedelta(hours=2),
                "seats": 40,
                "ticket_fen": 0,
                "published_at": starts - timedelta(days=14) if published else None,
                "status": "done",
            }
        )
        for person in people:
            keen = favourite[person] == supplier
            if rng.random() < (0.5 * loyalty if keen else 0.5 * (1 - loyalty) / 3):
                booked = starts - timedelta(days=float(rng.uniform(0.1, 13.0)))
                bookings.append(
                    {
                        "booking_id": f"b{len(bookings):06d}",
                        "resident_id": person,
                        "event_id": event,
                        "booked_at": booked,
                        "seats": 1,
                        "status": status,
                        "updated_at": starts + timedelta(hours=2),
                    }
                )
    streets = [
        {
            "area_code": f"31010500{i}",
            "name": f"街道{i}",
            "level": "street",
            "lat": 31.2 + i / 100,
            "lon": 121.4,
        }
        for i in range(2)
    ]
    return Dataset(
        {
            "areas": frame("areas", streets),
            "venues": frame(
                "venues",
                [
                    {
                        "venue_id": f"v{i}",
                        "name": f"馆{i}",
                        "area_code": f"31010500{i}",
                        "level": "street",
                        "lat": 31.2 + i / 100,
                        "lon": 121.4,
                    }
                    for i in range(2)
                ],
            ),
            "suppliers": frame(
                "suppliers", [{"supplier_id": f"s{i}", "name": f"团{i}"} for i in range(4)]
            ),
            "products": frame("products", products),
            "events": frame("events", events),
            "residents": frame(
                "residents",
                [
                    {
                        "resident_id": person,
                        "area_code": f"31010500{i % 2}",
                        "age_band": "35-59",
                        "sex": "f",
                        "joined_at": DAY_ONE,
                        "personalised": True,
                        "guardian_consent": False,
                    }
                    for i, person in enumerate(people)
                ],
            ),
            "bookings": frame("bookings", bookings),
        }
    )


CUTOFF = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def district():
    """Everybody has a favourite supplier and mostly books there."""
    return planted_district()


def moment(when):
    return np.datetime64(when.replace(tzinfo=None), "us")


@pytest.fixture(scope="module")
def report(district):
    return evaluate(district, [CUTOFF], rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def fitted(district):
    known = as_of(district, CUTOFF)
    model = fit_suggestions(known, as_of=CUTOFF, rng=np.random.default_rng(0))
    return model, build_snapshot(known, CUTOFF, DEFAULT_ZONE)


def test_document_has_the_contracts_shape(report):
    document = json.loads(json.dumps(report.document()))
    assert document["windows"] == 1
    for name in ("recent_popularity", "als", "content", "chain", "engine"):
        values = document["scorers"][name]
        assert 0 <= values["ndcg@10"] <= 1
        low, high = values["ci"]["ndcg@10"]
        assert low <= values["ndcg@10"] <= high
        assert {"recall@20", "mrr", "coverage", "novelty", "gini", "new_product_share"} <= set(
            values
        )
    assert {"hot", "new_products"} <= set(document["groups"])


def test_the_engine_finds_planted_loyalty_that_popularity_cannot(report):
    engine, popular = report.scorers["engine"], report.scorers["recent_popularity"]
    assert engine["ndcg@10"] > popular["ndcg@10"] + 0.1


def test_every_question_is_answered_once_by_every_scorer(report):
    counts = report.questions.groupby("scorer").size()
    assert (counts == report.notes["questions"]).all()


def test_served_lists_stand_beside_the_ranker_with_means_over_lists_and_paired_gains(report):
    served, plain, raw = (
        report.scorers[name] for name in ("served", "served_unexplored", "engine")
    )
    # Exploration takes the last place of ten; diversity and rules may cost a little more.
    assert plain["ndcg@10"] >= served["ndcg@10"] > 0.7 * raw["ndcg@10"]
    assert report.served_to_raw() == pytest.approx(served["ndcg@10"] / raw["ndcg@10"])
    gain = served["engine_gain"]
    assert gain["ndcg@10"] == pytest.approx(raw["ndcg@10"] - served["ndcg@10"])
    assert gain["ci"][0] <= gain["ndcg@10"] <= gain["ci"][1]
    assert raw["by_list"]["lists"] == report.notes["questions"] >= raw["residents"]


def test_bookings_that_no_list_could_hold_depend_on_when_events_are_taken_to_be_published():
    district = planted_district(3, published=False)
    fitted = {}

    def fit(known, **options):
        fitted.setdefault("model", fit_suggestions(known, **options))
        return fitted["model"]

    found = [
        evaluate(
            district, [CUTOFF], rng=np.random.default_rng(0), fit=fit, assume_published=assumed
        ).notes
        for assumed in (timedelta(0), None, timedelta(days=90))
    ]
    assert found[0]["events_without_publication"] == len(district["events"])
    # Bookings come up to 13 days ahead.
    assert found[0]["assumed_lead_days"] == 0
    assert 12 <= found[1]["assumed_lead_days"] <= 13
    assert len({notes["bookings"] for notes in found}) == 1
    none, learnt, long = (notes["unreachable_bookings"] for notes in found)
    assert none > learnt > 5 * long
    # Nothing has a publication here: whatever was not known was not by assumption.
    assert found[0]["unreachable_undated"] == found[0]["unreachable_not_known"] > 0


def test_events_with_a_publication_are_not_blamed_on_an_assumption(report):
    notes = report.notes
    assert notes["unreachable_undated"] == 0
    assert 0 < notes["unreachable_not_known"] <= notes["unreachable_bookings"]


def test_progress_tells_each_window_and_what_came_of_it(district, fitted):
    told = []
    evaluate(
        district,
        [CUTOFF, CUTOFF + timedelta(days=28)],
        rng=np.random.default_rng(0),
        fit=lambda *_, **__: fitted[0],
        progress=told.append,
    )
    for number in (1, 2):
        mine = [line for line in told if line.startswith(f"window {number} of 2:")]
        assert len(mine) == 2
        assert "NDCG@10 so far engine 0." in mine[1]


def test_a_foreign_engine_is_asked_the_same_and_knows_only_what_was_known(district, fitted):
    taken = district["bookings"].set_index("booked_at").sort_index()
    latest = []

    def fit(before):
        latest.append(before["bookings"]["booked_at"].max())
        later = set(zip(taken["resident_id"], taken["event_id"], strict=True))  # it cheats
        return lambda residents, events: np.array(
            [[float((r, e) in later) for e in events] for r in residents], dtype=np.float32
        )

    found = evaluate(
        district,
        [CUTOFF],
        rng=np.random.default_rng(0),
        fit=lambda *_, **__: fitted[0],
        peers={"foreign": fit},
    )
    assert latest == [taken.index[taken.index <= pd.Timestamp(CUTOFF)].max()]
    assert found.scorers["foreign"]["ndcg@10"] == pytest.approx(1.0)
    assert (found.questions["scorer"] == "foreign").sum() == found.notes["questions"]


def test_chances_are_compared_with_what_everybody_did_not_with_what_bookers_did(report):
    found = report.scorers["engine"]["calibration"]
    bins = found["bins"]
    assert sum(one["pairs"] for one in bins) == found["pairs"]
    for name in ("predicted", "observed"):
        mean = sum(one[name] * one["pairs"] for one in bins) / found["pairs"]
        assert mean == pytest.approx(found[name])
    predicted = [one["predicted"] for one in bins]
    assert predicted == sorted(predicted)
    assert bins[-1]["observed"] > 2 * bins[0]["observed"]
    assert 0.5 < found["predicted"] / found["observed"] < 2
    assert len(calibration(report)) == 1 + len(bins)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_happens_after_the_cutoff_changes_no_prediction(district, fitted, seed):
    rng = np.random.default_rng(seed)
    bookings = district["bookings"].copy()
    later = (bookings["booked_at"] > CUTOFF).to_numpy()
    assert later.sum() > 50
    # Shuffle who booked, drop half, turn outcomes that were written later upside down.
    bookings.loc[later, "resident_id"] = rng.permutation(
        bookings.loc[later, "resident_id"].to_numpy()
    )
    turned = (bookings["updated_at"] > CUTOFF) & ~later
    bookings.loc[turned, "status"] = "no_show"
    bookings = bookings[~later | (rng.random(len(bookings)) < 0.5)].reset_index(drop=True)
    events = district["events"]
    unknown = events["published_at"] > CUTOFF
    booked = events["event_id"].isin(bookings["event_id"])
    events = events[~unknown | booked].copy()
    events.loc[events["starts_at"] > CUTOFF, "status"] = "open"
    changed = as_of(
        district.replace(bookings=bookings, events=events.reset_index(drop=True)), CUTOFF
    )
    model, snapshot = fitted
    other_world = build_snapshot(changed, CUTOFF, DEFAULT_ZONE)
    other = fit_suggestions(changed, as_of=CUTOFF, rng=np.random.default_rng(0))
    assert snapshot.events.ids == other_world.events.ids
    candidates = snapshot.bookable(moment(CUTOFF))
    assert len(candidates) > 3
    residents = np.arange(-1, len(snapshot.residents))
    ours = model.bind(snapshot).score(residents, candidates, moment(CUTOFF))
    theirs = other.bind(other_world).score(residents, candidates, moment(CUTOFF))
    np.testing.assert_array_equal(ours.total, theirs.total)
    np.testing.assert_array_equal(ours.probability, theirs.probability)


def test_saved_and_loaded_models_score_alike(fitted):
    model, snapshot = fitted
    again = SuggestionModel.from_arrays(model.to_arrays())
    candidates = snapshot.bookable(moment(CUTOFF))
    residents = np.arange(-1, len(snapshot.residents))
    one, two = (
        m.bind(snapshot).score(residents, candidates, moment(CUTOFF)) for m in (model, again)
    )
    np.testing.assert_array_equal(one.total, two.total)
    np.testing.assert_array_equal(one.attendance, two.attendance)


def test_scores_are_finite_probabilities_lie_between_zero_and_one(fitted):
    model, snapshot = fitted
    scores = model.bind(snapshot).score(
        np.arange(-1, len(snapshot.residents)), np.arange(len(snapshot.events)), moment(CUTOFF)
    )
    assert np.isfinite(scores.total).all()
    assert ((scores.probability >= 0) & (scores.probability <= 1)).all()
    assert (scores.attendance <= scores.probability).all()


def test_each_residents_own_list_of_events_scores_as_the_common_one(fitted):
    model, snapshot = fitted
    candidates = snapshot.bookable(moment(CUTOFF))
    bound = model.bind(snapshot)
    residents = np.arange(5)
    common = bound.score(residents, candidates, moment(CUTOFF))
    own = bound.score(residents, np.tile(candidates, (5, 1)), moment(CUTOFF))
    np.testing.assert_allclose(common.total, own.total, rtol=1e-5, atol=1e-5)


def test_whoever_switched_personalisation_off_gets_the_list_of_the_place(district):
    residents = district["residents"].copy()
    residents.loc[:9, "personalised"] = False
    residents.loc[10:13, "age_band"] = "0-13"
    residents.loc[14:17, "age_band"] = "14-17"
    residents.loc[16:17, "guardian_consent"] = True
    known = as_of(district.replace(residents=residents), CUTOFF)
    snapshot = build_snapshot(known, CUTOFF, DEFAULT_ZONE)
    model = fit_suggestions(known, as_of=CUTOFF, rng=np.random.default_rng(0))
    assert snapshot.resident_profiled[:18].tolist() == [False] * 16 + [True] * 2
    candidates = snapshot.bookable(moment(CUTOFF))
    bound = model.bind(snapshot)
    asked = bound.score(np.arange(16), candidates, moment(CUTOFF))
    place = bound.score(
        np.full(16, -1), candidates, moment(CUTOFF), streets=snapshot.resident_street[:16]
    )
    np.testing.assert_array_equal(asked.total, place.total)
    np.testing.assert_array_equal(asked.probability, place.probability)


def test_candidates_are_known_open_future_and_not_booked(district):
    snapshot = build_snapshot(as_of(district, CUTOFF), CUTOFF, DEFAULT_ZONE)
    at = moment(CUTOFF)
    taken = district["bookings"][district["bookings"]["booked_at"] > CUTOFF]
    asked = queries(
        snapshot,
        at,
        snapshot.residents.positions(taken["resident_id"], missing=-1),
        snapshot.events.positions(taken["event_id"], missing=-1),
    )
    events = district["events"].set_index("event_id").loc[snapshot.events.take(asked.candidates)]
    assert (events["starts_at"] > CUTOFF).all()
    assert (events["published_at"] <= CUTOFF).all()
    assert not (asked.relevant.multiply(asked.excluded)).nnz
    before = district["bookings"][district["bookings"]["booked_at"] <= CUTOFF]
    pairs = set(zip(before["resident_id"], before["event_id"], strict=True))
    rows, columns = asked.relevant.nonzero()
    for row, column in zip(rows, columns, strict=True):
        resident = snapshot.residents.ids[asked.residents[row]]
        assert (resident, snapshot.events.ids[asked.candidates[column]]) not in pairs


def test_events_without_product_and_without_publication_can_be_evaluated():
    district = planted_district(3, published=False)
    events = district["events"].assign(
        product_id=pd.Series(pd.NA, index=district["events"].index).astype("str"),
        title="讲座",
    )
    report = evaluate(district.replace(events=events), [CUTOFF], rng=np.random.default_rng(0))
    assert report.notes["questions"] > 20
    assert all(np.isfinite(values["ndcg@10"]) for values in report.scorers.values())


def test_standing_items_are_recognised_and_stay_candidates():
    rng = np.random.default_rng(0)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    items = [f"book{i}" for i in range(30)]
    rows = [
        {
            "booking_id": f"b{k}",
            "resident_id": f"r{rng.integers(20)}",
            "event_id": items[int(30 * rng.random() ** 2)],
            "booked_at": start + timedelta(days=float(rng.uniform(0, 900))),
            "status": "attended",
        }
        for k in range(800)
    ]
    tables = {
        "areas": [{"area_code": "75", "name": "Paris", "level": "city"}],
        "products": [
            {"product_id": i, "title": f"title {i}", "category": "reading"} for i in items
        ],
        "events": [{"event_id": i, "product_id": i, "starts_at": start} for i in items],
        "residents": [{"resident_id": f"r{i}"} for i in range(20)],
        "bookings": rows,
    }
    dataset = Dataset(
        {name: canonical(pd.DataFrame(rows), TABLES[name]) for name, rows in tables.items()}
    )
    report = evaluate(dataset, rng=np.random.default_rng(0))
    assert report.notes["questions"] > 10
    assert report.scorers["served"]["ndcg@10"] > 0.5 * report.scorers["engine"]["ndcg@10"]
    snapshot = build_snapshot(dataset, start + timedelta(days=900), DEFAULT_ZONE)
    assert len(snapshot.bookable(snapshot.as_of)) == 30


def test_nothing_to_learn_from_and_nothing_to_test_on_are_told(district):
    early = datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(NotTrainedError):
        evaluate(district, [early], rng=np.random.default_rng(0))
    with pytest.raises(UsageError):
        evaluate(district, [datetime(2030, 1, 1, tzinfo=UTC)], rng=np.random.default_rng(0))


def test_windows_cover_the_time_after_the_first_cutoff_without_overlap():
    day = np.timedelta64(1, "D").astype("timedelta64[us]")
    start = np.datetime64("2026-01-01", "us")
    found = windows([start + 30 * day, start], start + 100 * day, 14 * day)
    assert [(w.start, w.end) for w in found] == [
        (start, start + 30 * day),
        (start + 30 * day, start + 60 * day),
    ]
    for window in found:
        steps = window.steps()
        assert steps[0][0] == window.start
        assert steps[-1][1] == window.end
        assert all(a[1] == b[0] for a, b in pairwise(steps))
