"""Identifiers on a sorted array are found as in any other map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.errors import UnknownIdError
from recommender.types import IdMap
from serving.suggestions.sorted_ids import SortedIds

names = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
    unique=True,
    max_size=30,
).map(sorted)


@given(names, st.text(max_size=12))
def test_it_answers_as_a_plain_map(ids: list[str], stranger: str) -> None:
    plain, mapped = IdMap(ids), SortedIds(np.array(ids, dtype=np.str_))
    assert len(mapped) == len(plain)
    assert list(mapped.ids) == ids
    assert mapped == plain
    assert mapped.take(range(len(ids))) == ids
    for place, name in enumerate(ids):
        assert mapped.position(name) == place
        assert mapped.ids[place] == name
    assert (stranger in mapped) == (stranger in plain)
    asked = [*ids, stranger]
    np.testing.assert_array_equal(
        mapped.positions(asked, missing=-1), plain.positions(asked, missing=-1)
    )
    if stranger not in plain:
        with pytest.raises(UnknownIdError):
            mapped.position(stranger)
