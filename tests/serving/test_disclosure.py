"""An attacker at every route and command learns of no suppressed cell and no single resident."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer

from benchmarks.faults.attack import (
    District,
    ask_twins,
    drop_twin,
    put_district,
    twin,
)
from benchmarks.faults.cells_recovered import changed
from benchmarks.faults.days import watch_days
from benchmarks.faults.doors import (
    COMMANDS,
    COMMANDS_WITHOUT_FIGURES,
    ROUTES,
    ROUTES_WITHOUT_FIGURES,
    Target,
)
from data.dataset import Dataset
from data.files.reading import read_dataset
from recommender.demand.model import DemandModel
from serving.api.app import api_routes, create_app
from serving.api.service import Service
from serving.cli.app import app as commands
from training.demand.fit import fit_demand

REFUSED = {"400", "401", "403", "404", "409", "422", "429", "500", "503"}
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


def test_the_attacker_asks_every_route_with_figures(service: Service) -> None:
    found = {
        f"{method} {route.path}"
        for route in api_routes(create_app(service=service))
        for method in route.methods - {"HEAD"}
        if route.path.startswith(("/v1/", "/console")) or not route.path.count("{")
    }
    asked = {*ROUTES, *ROUTES_WITHOUT_FIGURES}
    assert not {*ROUTES} & {*ROUTES_WITHOUT_FIGURES}
    officers = {name for name in found if "/v1/" in name or "/console" in name}
    assert officers - asked == set(), "ask it in benchmarks/faults/doors.py, or say why not"
    assert asked - found == set(), "such routes are gone"


def words_of(group: Any, before: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from words_of(command, (*before, name))
        else:
            yield " ".join((*before, name))


def test_the_attacker_asks_every_command_with_figures() -> None:
    assert not {*COMMANDS} & {*COMMANDS_WITHOUT_FIGURES}
    found = set(words_of(typer.main.get_group(commands)))
    assert found == {*COMMANDS, *COMMANDS_WITHOUT_FIGURES}


@pytest.fixture(scope="module")
def demand(
    tiny_district: dict[str, list[dict[str, object]]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Dataset, DemandModel]:
    folder = tmp_path_factory.mktemp("files")
    for name, rows in tiny_district.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    dataset, _ = read_dataset(folder, now=NOW)
    return dataset, fit_demand(dataset, as_of=NOW, rng=np.random.default_rng(0))


@pytest.fixture
def district(
    demand: tuple[Dataset, DemandModel], database_url: str, tmp_path: Path
) -> tuple[District, Mapping[str, Any]]:
    made = District(tmp_path / "home", database_url, NOW)
    return made, put_district(made, *demand)


@pytest.mark.slow
def test_no_door_tells_of_a_suppressed_cell(
    demand: tuple[Dataset, DemandModel],
    district: tuple[District, Mapping[str, Any]],
    tmp_path: Path,
) -> None:
    here, suggestions = district
    model = demand[1]
    hidden = tuple(int(n) for n in np.argwhere(model.suppressed())[1])
    shown = tuple(int(n) for n in np.argwhere(~model.suppressed())[0])
    twins = [
        twin(here, tmp_path / f"{tmp_path.name}_{name}", suggestions, changed(model, cell))
        for name, cell in (("hidden", hidden), ("shown", shown))
    ]
    try:
        before, after = ask_twins([here, twins[0]], target(model, hidden))
        assert len(before) > 40
        assert {name: answer for name, answer in before.items() if answer[:3] in REFUSED} == {}
        assert [name for name in before if before[name] != after[name]] == []
        # The attack would see it: where a shown cell is other, so is the map of the district.
        (seen,) = ask_twins(twins[1:], target(model, hidden), routes=("GET /console/streets",))
        assert any(before[name] != answer for name, answer in seen.items())
    finally:
        for each in twins:
            drop_twin(each)


def test_no_difference_between_days_tells_of_a_single_resident(
    demand: tuple[Dataset, DemandModel], district: tuple[District, Mapping[str, Any]]
) -> None:
    assert watch_days(district[0], target(demand[1], (0, 0))) == []


def target(model: DemandModel, cell: tuple[int, int]) -> Target:
    return Target(
        street=model.streets.ids[cell[0]],
        product=model.products.ids[cell[1]],
        category=model.categories[model.group[cell[1]]],
        supplier="s0",
        period="2027Q1",
        month="2027-02",
        year="2027",
        past="2026Q4",
        budget_fen=30_000_000,
    )
