"""Objects taken apart, written, mapped and put together again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from recommender.errors import UnknownIdError
from recommender.ranking.lists.eligibility import ResidentFacts
from recommender.types import IdMap
from serving.api.online.packing import Packer, PackingError, Unpacker
from serving.suggestions.mapped_ids import MappedIds


def through(value, folder: Path, **given):
    Packer(given).write(folder, "x", value)
    return Unpacker(given).read(folder, "x")


def test_plain_values_and_arrays_come_back(tmp_path: Path) -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    shared = np.arange(5.0)
    value = {
        "plain": [None, True, 1, 1.5, "长宁", float("inf")],
        ("a", "key"): (at, {"x", "y"}, frozenset({1})),
        "arrays": [shared, np.array([], dtype=np.int32), np.array(["a", "长"]), shared],
        "times": np.array(["2026-10-01", "NaT"], dtype="datetime64[us]"),
        "scalar": np.datetime64("2026-10-01", "us"),
        "matrix": sp.csr_matrix(np.eye(3, dtype=np.float32)),
    }
    found = through(value, tmp_path)
    assert found["plain"] == value["plain"]
    assert found["a", "key"] == value["a", "key"]
    for one, other in zip(found["arrays"], value["arrays"], strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert found["arrays"][0] is found["arrays"][3]
    np.testing.assert_array_equal(found["times"], value["times"])
    assert found["scalar"] == value["scalar"]
    assert (found["matrix"] != value["matrix"]).nnz == 0


def test_frames_keep_their_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "name": pd.Series(["a", None, "长"], dtype="str"),
            "count": pd.Series([1, None, 3], dtype="Int64"),
            "flag": pd.Series([True, None, False], dtype="boolean"),
            "kind": pd.Series(["x", None, "x"], dtype=pd.CategoricalDtype(["x", "y"])),
            "at": pd.to_datetime(["2026-10-01", None, "2026-10-02"], utc=True).as_unit("us"),
        }
    )
    pd.testing.assert_frame_equal(through(frame, tmp_path), frame)


def test_objects_keep_their_ties(tmp_path: Path) -> None:
    facts = ResidentFacts.anonymous(4, home=2)
    one, other = through([facts, facts], tmp_path)
    assert one is other
    assert isinstance(one, ResidentFacts)
    assert one.home.tolist() == [2]
    given = IdMap(["kept", "aside"])
    assert through({"ids": given}, tmp_path, model=given)["ids"] is given


def test_changes_stay_in_the_process(tmp_path: Path) -> None:
    first = through(np.zeros(1000), tmp_path)
    second = Unpacker().read(tmp_path, "x")
    first[:] = 1.0
    assert second.sum() == 0.0
    assert Unpacker().read(tmp_path, "x").sum() == 0.0


@dataclass
class Stranger:
    """Of no package of this program."""


@pytest.mark.parametrize("value", [Stranger(), timedelta(1), np.array([object()]), len])
def test_what_is_not_known_is_refused(tmp_path: Path, value) -> None:
    with pytest.raises(PackingError):
        Packer().write(tmp_path, "x", [value])
    assert not list(tmp_path.glob("*.json"))


def test_a_skeleton_cannot_name_any_class(tmp_path: Path) -> None:
    (tmp_path / "x.arrays").write_bytes(b"\0")
    (tmp_path / "x.json").write_text(
        '{"arrays": [], "value": {"n": 0, "class": ["subprocess", "Popen"], "has": {}}}'
    )
    with pytest.raises(PackingError):
        Unpacker().read(tmp_path, "x")


names = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
    unique=True,
    max_size=30,
)


@given(names, st.text(max_size=12))
def test_mapped_names_are_found_as_others_are(ids: list[str], stranger: str) -> None:
    plain = IdMap(ids)
    mapped = MappedIds(*MappedIds.arrays_of(plain))
    assert len(mapped) == len(plain)
    assert list(mapped.ids) == ids
    assert mapped == plain
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
