"""Lists for everyone, killed and begun again."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.suggestions.batch import side_folder, suggest_all, unfinished
from serving.suggestions.frames import COLUMNS, suggestions_frame
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


class KilledError(Exception):
    """Stands for a killed process."""


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_killed_batch_goes_on_and_equals_single_lists(
    model: SuggestionModel,
    tmp_path: Path,
    ending: str,
    plain_world: Worlds,
    suggester: Makes,
    now: datetime,
) -> None:
    made = suggester(model, plain_world())
    out = tmp_path / f"lists{ending}"

    def die(done: int, _: int) -> None:
        if done >= 6:
            raise KilledError

    with pytest.raises(KilledError):
        suggest_all(made, 10, out, block=3, told=die)
    assert not out.exists()
    assert unfinished(out) == now
    kept = sorted(side_folder(out).glob("*.parquet"))
    stamps = [part.stat().st_mtime_ns for part in kept]
    assert len(kept) >= 2  # a third may have been under way on another processor
    done: list[int] = []

    def watch(count: int, _: int) -> None:
        done.append(count)
        assert [part.stat().st_mtime_ns for part in kept] == stamps

    rows = suggest_all(made, 10, out, block=3, told=watch)
    assert done[0] == min(3 * len(kept), 8)  # what was done, and the rest
    assert done[-1] == 8
    assert not side_folder(out).exists()
    frame = pd.read_parquet(out) if ending == ".parquet" else pd.read_csv(out)
    assert len(frame) == rows == 80
    assert tuple(frame.columns) == ("resident_id", *COLUMNS)
    for resident, lines in frame.groupby("resident_id"):
        single = suggestions_frame(made.for_resident(str(resident), 10))
        assert lines["event_id"].tolist() == single["event_id"].tolist()
        assert lines["suggestion_id"].tolist() == single["suggestion_id"].tolist()
        np.testing.assert_allclose(lines["propensity"], single["propensity"])


def test_blocks_of_another_run_are_not_taken_over(
    model: SuggestionModel,
    tmp_path: Path,
    plain_world: Worlds,
    suggester: Makes,
    now: datetime,
) -> None:
    out = tmp_path / "lists.parquet"
    side = side_folder(out)
    side.mkdir()
    (side / "run.json").write_text(json.dumps({"at": now.isoformat(), "n": 3}), encoding="utf-8")
    (side / "000000000.parquet").write_bytes(b"not a table")
    assert suggest_all(suggester(model, plain_world()), 4, out) == 32
