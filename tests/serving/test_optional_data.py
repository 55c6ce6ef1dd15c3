"""Whatever is optional may be missing, one thing at a time or all at once, the whole way."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import openpyxl
import pandas as pd
import pytest
from fastapi import FastAPI

from data.dataset import Dataset, canonical
from data.files.reading import read_dataset
from data.schema import NEEDED_TO_TRAIN, TABLES
from data.snapshot import as_of
from recommender.demand.model import DemandModel
from recommender.errors import UsageError
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.demand.frames import demand_frame
from serving.exports.saving import save_plan
from serving.planning.document import make_plan
from serving.planning.rules import PlanRules
from serving.planning.sources import Sources
from serving.reporting.indices import compute_indices
from serving.settings import Settings
from serving.suggestions.list_tables import ListTables
from serving.suggestions.suggester import Suggester
from training.demand.fit import fit_demand
from training.suggestions.fit import fit_suggestions

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
PERIOD = "2027Q1"
ENDINGS = ("xlsx", "pdf", "csv", "ics", "json", "ocds.json")
OPTIONAL = [
    (name, column.name)
    for name, table in TABLES.items()
    for column in table.columns
    if not column.required
]
SIDE_TABLES = tuple(name for name in TABLES if name not in NEEDED_TO_TRAIN)
LISTS = ("areas", "venues", "products", "events", "residents", "bookings", "ratings", "follows")
DEMAND = ("areas", "population", "products", "residents", "bookings", "impressions", "surveys")
DEMAND_COLUMNS = {
    *((name, column) for name, column in OPTIONAL if name in DEMAND),
    *(("venues", column) for column in ("area_code", "level")),
    *(("events", c) for c in ("product_id", "venue_id", "seats", "published_at", "status")),
}
"""What fitting demand reads; other columns cannot change it, so that one fit serves them all."""


def write(folder: Path, tables: dict[str, pd.DataFrame]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def frames(tiny_district: dict[str, list[dict[str, object]]]) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows) for name, rows in tiny_district.items()}


@pytest.fixture(scope="module")
def district(frames: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    dataset, report = read_dataset(write(tmp_path_factory.mktemp("district"), frames), now=NOW)
    assert report.quarantined == 0
    return dataset


@pytest.fixture(scope="module")
def model(district: Dataset) -> SuggestionModel:
    return fit_suggestions(as_of(district, NOW), as_of=NOW, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def demand(district: Dataset) -> DemandModel:
    return fit_demand(district, as_of=NOW, rng=np.random.default_rng(0))


def without(dataset: Dataset, table: str, *columns: str) -> Dataset:
    return dataset.replace(
        **{table: canonical(dataset[table].drop(columns=list(columns)), TABLES[table])}
    )


def show_lists(dataset: Dataset, model: SuggestionModel) -> None:
    suggester = Suggester(model, ListTables(as_of(dataset, NOW), NOW), model_version="m")
    made = suggester.for_resident("r1", 5)
    assert made
    assert all(line.title for line in made)
    assert suggester.for_place("310105001", 5)


def plan(dataset: Dataset, demand: DemandModel, out: Path | None = None) -> int:
    """Lines of a plan, which is written in every format where a folder is given."""
    budget = None if len(dataset["budgets"]) else 5_000_000
    sources = Sources(dataset, demand, "m", NOW)
    made = make_plan(sources, PERIOD, PlanRules(), budget_fen=budget, time_limit_s=5)
    for ending in ENDINGS if out is not None else ():
        file = out / f"plan.{ending}"
        save_plan(made, file)
        assert file.stat().st_size > 0
    assert compute_indices(dataset, "2026Q3")["index"].nunique() == 8
    return len(made.lines)


def fitted(dataset: Dataset) -> DemandModel:
    return fit_demand(dataset, as_of=NOW, rng=np.random.default_rng(0))


@pytest.mark.parametrize(("table", "column"), OPTIONAL, ids=str)
def test_a_column_may_be_missing(
    table: str, column: str, district: Dataset, model: SuggestionModel, demand: DemandModel
) -> None:
    dataset = without(district, table, column)
    if table in LISTS:
        show_lists(dataset, model)
    if (table, column) in DEMAND_COLUMNS:
        demand = fitted(dataset)
        if column == "product_id":  # then there is nothing that a supplier sells
            assert len(demand_frame(demand, PERIOD)) > 0
            return
        assert demand_frame(demand, PERIOD)["expected"].notna().any() or column == "area_code"
    # Sessions at the assumed price cost more than these budgets hold.
    assert plan(dataset, demand) > 0 or column == "price_fen"


@pytest.mark.parametrize("table", SIDE_TABLES)
def test_a_table_may_be_missing(
    table: str, district: Dataset, model: SuggestionModel, demand: DemandModel, tmp_path: Path
) -> None:
    dataset = district.replace(**{table: district[table].iloc[:0]})
    if table in LISTS:
        show_lists(dataset, model)
    if table in DEMAND or table == "venues":
        demand = fitted(dataset)
    lines = plan(dataset, demand, tmp_path)
    # Without venues no session has a place, without suppliers nobody's share is known.
    assert lines > 0 or table in ("venues", "suppliers")


def test_events_without_products_are_no_catalogue(district: Dataset) -> None:
    bare = without(district, "events", "product_id")
    bare = bare.replace(products=bare["products"].iloc[:0])
    sources = Sources(bare, fitted(bare), "m", NOW)
    with pytest.raises(UsageError, match="no product is listed"):
        make_plan(sources, PERIOD, PlanRules(), time_limit_s=5)


def test_a_plan_without_lines_is_written_in_every_format(
    district: Dataset, demand: DemandModel, tmp_path: Path
) -> None:
    sources = Sources(district, demand, "m", NOW)
    made = make_plan(sources, PERIOD, PlanRules(), buyer="310105001", budget_fen=1, time_limit_s=5)
    assert len(made.lines) == 0
    for ending in ENDINGS:
        save_plan(made, tmp_path / f"plan.{ending}")
        assert (tmp_path / f"plan.{ending}").stat().st_size > 0
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert book.sheetnames
    assert book["数据"].max_row == 1


@pytest.fixture
def call(tmp_path: Path, database_url: str) -> Callable[..., str]:
    """Runs a command on a home and a database of its own; what it prints."""
    environment = os.environ | {
        "GONGXU_HOME": str(tmp_path / "home"),
        "GONGXU_DATABASE_URL": database_url,
        "GONGXU_GATE_TOLERANCE": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "serving.cli", *words],
            capture_output=True, text=True, env=environment, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr[-2000:]
        return done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_with_everything_optional_missing_the_whole_way(
    call: Callable[..., str],
    frames: dict[str, pd.DataFrame],
    tmp_path: Path,
    database_url: str,
    running: Callable[[FastAPI], AbstractContextManager[httpx.Client]],
) -> None:
    bare = {
        name: frames[name][[c.name for c in TABLES[name].columns if c.required]]
        for name in NEEDED_TO_TRAIN
    }
    at = NOW.isoformat()
    call("import", str(write(tmp_path / "bare", bare)), "--strict")
    call("retrain", "--as-of", at)
    assert "e4" in call("suggest", "r1", "--at", at, "--format", "csv")
    told = call("evaluate", "--cutoff", "2026-10-20")
    assert "46 events have no time of publication" in told
    assert "participation" in call("indices", "--period", "2026Q3", "--format", "csv")
    for words in (("demand",), ("plan", "--budget-fen", "9000000", "--out", "p.xlsx")):
        told = " ".join(call(*words, "--period", PERIOD, code=1).split())
        assert told.startswith("error: the served model has no demand (no demand model: no street")

    # Where residents live is all that demand and a plan need besides.
    bare["residents"] = frames["residents"][["resident_id", "area_code"]]
    data = ("--period", PERIOD, "--data", str(write(tmp_path / "homes", bare)))
    assert "310105001" in call("demand", *data, "--format", "csv")
    for ending, budget in (("xlsx", "90000000"), ("pdf", "1")):
        out = tmp_path / f"plan.{ending}"
        call("plan", *data, "--budget-fen", budget, "--out", str(out))
        assert out.stat().st_size > 0

    settings = Settings(home=tmp_path / "home", database_url=database_url)
    service = Service(settings, ServiceSettings(rate_per_minute=0), now=lambda: NOW)
    try:
        with running(create_app(service=service)) as client:
            shown = client.get("/v1/places/310105001/suggestions?n=3")
            assert shown.status_code == 200
            assert len(shown.json()["suggestions"]) == 3
            assert client.get("/readyz").status_code == 200
    finally:
        service.close()
