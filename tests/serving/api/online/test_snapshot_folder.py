"""Objects written to a folder of arrays and tables, and mapped again."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from recommender.ranking.lists.facts import ResidentFacts
from recommender.types import IdMap
from serving.api.online.snapshot_folder import read_objects, write_objects


def through(value: object, folder: Path, **given: object):
    write_objects(folder / "x", value, given)
    return read_objects(folder / "x", given)


def test_plain_values_and_arrays_come_back(tmp_path: Path) -> None:
    at = datetime(2026, 10, 1, tzinfo=UTC)
    shared = np.arange(5.0)
    value = {
        "plain": [None, True, 1, 1.5, "长宁", float("inf")],
        ("a", "key"): (at, {"x", "y"}, frozenset({1})),
        "arrays": [shared, np.array([], dtype=np.int32), np.array(["a", "长"]), shared],
        "large": np.arange(10_000).reshape(100, 100),
        "times": np.array(["2026-10-01", "NaT"], dtype="datetime64[us]"),
        "scalar": np.datetime64("2026-10-01", "us"),
        "matrix": sp.csr_matrix(np.eye(300, dtype=np.float32)),
        "ids": IdMap([f"r{n:04d}" for n in range(400)]),
    }
    found = through(value, tmp_path)
    assert found["plain"] == value["plain"]
    assert found["a", "key"] == value["a", "key"]
    for one, other in zip(found["arrays"], value["arrays"], strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert found["arrays"][0] is found["arrays"][3]
    np.testing.assert_array_equal(found["large"], value["large"])
    np.testing.assert_array_equal(found["times"], value["times"])
    assert found["scalar"] == value["scalar"]
    assert (found["matrix"] != value["matrix"]).nnz == 0
    assert found["ids"].position("r0399") == 399
    assert {path.suffix for path in (tmp_path / "x").iterdir()} == {".npy", ".json"}


def test_tables_keep_their_types(tmp_path: Path) -> None:
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


def test_references_stay_references(tmp_path: Path) -> None:
    facts = ResidentFacts.anonymous(4, home=2)
    one, other = through([facts, facts], tmp_path)
    assert one is other
    assert isinstance(one, ResidentFacts)
    assert one.home.tolist() == [2]
    given = IdMap(["kept", "aside"])
    assert through({"ids": given}, tmp_path, model=given)["ids"] is given


def test_a_change_stays_in_its_process(tmp_path: Path) -> None:
    first = through(np.zeros(10_000), tmp_path)
    first[:] = 1.0
    assert read_objects(tmp_path / "x", {}).sum() == 0.0


@dataclass
class Stranger:
    """Of no package of this program."""


@pytest.mark.parametrize("value", [Stranger(), timedelta(1), len])
def test_other_objects_are_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(TypeError):
        write_objects(tmp_path / "x", [value], {})
    assert not list(tmp_path.glob("*/manifest.json"))


def test_no_array_of_objects_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        write_objects(tmp_path / "x", np.array([object()]), {})


def test_a_manifest_cannot_name_any_class(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    manifest = {"name": "0", "class": ["subprocess", "Popen"], "state": {}}
    (tmp_path / "x" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(TypeError):
        read_objects(tmp_path / "x", {})
