"""Policy weights: where they are put, and what cannot be boosted."""

import numpy as np
import pytest

from recommender.errors import UsageError
from recommender.ranking.lists.boosts import Boosts, boost_matrix
from recommender.types import IdMap


def test_boosts_default_to_nothing_and_add_up() -> None:
    described = [
        {"tag": ["舞蹈", "海派"], "category": ["performance"]},
        {"tag": [], "category": ["film"]},
    ]
    streets = IdMap(["310105101", "310105102"])
    assert not Boosts()
    assert not boost_matrix(Boosts(), streets, described).any()
    boosts = Boosts.parse(
        {
            "district": {"tag:舞蹈": 0.3, "category:performance": 0.1},
            "streets": {"310105102": {"category:film": 0.5}, "999": {"tag:舞蹈": 9}},
        }
    )
    assert boosts
    np.testing.assert_allclose(
        boost_matrix(boosts, streets, described), [[0.4, 0], [0.4, 0.5], [0.4, 0]]
    )


@pytest.mark.parametrize(
    "document",
    [{"舞蹈": 1}, {"colour:red": 1}, {"tag:": 1}, {"tag:舞蹈": "much"}, {"tag:舞蹈": True}],
)
def test_a_boost_that_cannot_be_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Boosts.parse({"district": document})


def test_an_event_gets_a_weight_once_for_each_target_it_answers_to() -> None:
    described = [
        {"category": ["film"], "tag": ["舞蹈", "舞蹈"], "supplier": ["s1"], "venue": ["v1"]},
        {"category": ["film"], "tag": ["film"], "product": ["s1"]},
    ]
    boosts = Boosts.parse({"district": {"tag:舞蹈": 1, "supplier:s1": 10, "venue:v1": -100}})
    found = boost_matrix(boosts, IdMap([]), described)
    assert found.dtype == np.float32
    assert found.tolist() == [[-89, 0]]  # one row: there is no street


def test_weights_of_nothing_are_no_policy() -> None:
    assert not Boosts.parse({"district": {"tag:舞蹈": 0}, "streets": {"310105101": {"tag:a": 0.0}}})
    assert Boosts.parse({"streets": {"310105101": {"tag:a": -0.1}}})
