"""An attacker who asks everything about a suppressed cell learns nothing of it."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.faults.cells_recovered import Plans, answers, changed
from benchmarks.faults.counted_work import work_counted
from data.dataset import Dataset
from data.files.reading import read_dataset
from recommender.demand.model import DemandModel
from recommender.procurement.solver.deadline import Deadline
from training.demand.fit import fit_demand

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
PERIOD = "2027Q1"


@pytest.fixture(scope="module")
def district(
    tiny_district: dict[str, list[dict[str, object]]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Dataset, DemandModel]:
    folder: Path = tmp_path_factory.mktemp("district")
    for name, rows in tiny_district.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    dataset, _ = read_dataset(folder, now=NOW)
    return dataset, fit_demand(dataset, as_of=NOW, rng=np.random.default_rng(0))


@pytest.mark.slow
def test_no_answer_depends_on_a_suppressed_cell(district: tuple[Dataset, DemandModel]) -> None:
    dataset, model = district
    street, product = (int(n) for n in np.argwhere(model.suppressed())[1])
    other = changed(model, (street, product))
    plans = Plans()
    with work_counted():
        before, after = (
            dict(answers(dataset, each, PERIOD, street, product, plans)) for each in (model, other)
        )
    assert len(before) > 20
    assert [name for name in before if before[name] != after[name]] == []
    # The attack would see it: a cell that is shown differs in nearly everything.
    street, product = (int(n) for n in np.argwhere(~model.suppressed())[0])
    other = changed(model, (street, product))
    plain, seen = (
        dict(answers(dataset, each, PERIOD, street, product, plans)) for each in (model, other)
    )
    differing = {name.split()[0] for name in plain if plain[name] != seen[name]}
    assert {"demand", "explain", "problem", "plan"} <= differing


def test_solvers_that_count_their_work_look_at_no_clock() -> None:
    before = Deadline.within(0.0)
    assert before.passed()
    with work_counted():
        assert not before.passed()
        assert before.part(0.5) is before
        assert before.left() == Deadline.within(5.0).left() > 1_000
    assert before.passed()
