from datetime import UTC, datetime

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from recommender.errors import UnknownIdError
from recommender.types import IdMap, Interactions


@given(st.lists(st.text(min_size=1, alphabet="abc012-"), unique=True))
def test_positions_invert_take_and_survive_arrays(ids: list[str]) -> None:
    ids_map = IdMap(ids)
    assert ids_map.take(ids_map.positions(ids)) == ids
    assert IdMap.from_array(ids_map.to_array()) == ids_map


def test_unknown_ids_raise_or_become_what_the_call_says() -> None:
    ids = IdMap(["a", "b"])
    assert ids.positions(["b", "x"], missing=-1).tolist() == [1, -1]
    with pytest.raises(UnknownIdError, match="'x'"):
        ids.positions(["x"])


def test_repeated_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="distinct"):
        IdMap(["a", "a"])


def test_interactions_must_fit_their_maps() -> None:
    with pytest.raises(ValueError, match="shape"):
        Interactions(
            sp.csr_matrix((1, 2), dtype=np.float32),
            IdMap(["r"]),
            IdMap(["p"]),
            datetime(2026, 1, 1, tzinfo=UTC),
        )
