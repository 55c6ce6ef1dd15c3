"""Competition learnt from a district: caps, wants, and demand alone beside a usual quarter."""

from datetime import UTC, datetime

import numpy as np
import pytest

from recommender.demand.competition import matching_degree
from recommender.demand.model import DemandModel
from recommender.types import IdMap
from training.demand.fit import fit_demand

AS_OF = datetime(2026, 9, 30, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def model(district) -> DemandModel:
    return fit_demand(district, as_of=AS_OF, rng=np.random.default_rng(0))


def test_caps_lie_above_what_is_usual(model):
    competition = model.competition
    assert competition is not None
    assert competition.usual.sum() > 0
    assert (competition.street_caps > 1.2 * competition.usual.sum(axis=1)).all()
    assert (competition.category_caps > 1.2 * competition.usual).all()
    assert competition.wants.sum(axis=1) == pytest.approx(1)
    busy = matching_degree(competition.usual, competition.wants)
    assert ((busy > 0) & (busy < 1)).all()


def test_a_session_alone_draws_more_than_beside_a_usual_quarter(model):
    listed = model.listed("2026Q4")
    found = model.estimate(model.streets, listed, "2026Q4")
    ratio = found.alone / found.expected
    assert (ratio >= 1).all()
    assert 1.02 < ratio.mean() < 3


def test_it_is_kept_with_the_model_and_scales_with_the_period(model):
    again = DemandModel.from_arrays(model.to_arrays())
    for name in ("street_caps", "category_caps", "wants", "usual"):
        same = getattr(again.competition, name), getattr(model.competition, name)
        assert np.array_equal(*same), name
    some = IdMap(model.streets.ids[2:4])
    month, quarter = (model.competing(some, period) for period in ("2026-11", "2026Q4"))
    assert month is not None
    assert quarter is not None
    assert 3 * month.street_caps == pytest.approx(quarter.street_caps)
    assert quarter.wants == pytest.approx(model.competition.wants[2:4])


def test_a_bundle_without_it_still_opens(model):
    old = {k: v for k, v in model.to_arrays().items() if not k.startswith("competition")}
    without = DemandModel.from_arrays(old)
    assert without.competition is None
    assert without.competing(model.streets, "2026Q4") is None
    found = without.estimate(model.streets, model.listed("2026Q4"), "2026Q4")
    assert (found.alone == found.expected).all()
