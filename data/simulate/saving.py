"""A world to files: the contract's tables, and the truth beside them."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.files.writing import FileFormat, write_table
from data.schema import TABLES
from data.simulate.evaluation.crowd import season_of
from data.simulate.evaluation.replay_inputs import Stage
from data.simulate.evaluation.truth import (
    TIERS,
    Exposure,
    demand_truth,
    event_truth,
    measure_exposure,
)
from data.simulate.evaluation.wants import true_wants
from data.simulate.identifiers import event_ids, product_ids, taken
from data.simulate.settings import SimulationSettings, period_name, settings_for
from data.simulate.tables import frames
from data.simulate.world import SimulatedWorld
from recommender.errors import UsageError

WORLD_FILE = "truth/world.json"
FORMAT_VERSION = 1


def write_world(
    world: SimulatedWorld,
    out: Path,
    format: FileFormat = "csv",
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Write tables and truth; returns the rows of every table.

    Parameters
    ----------
    progress
        Called with the name of each table before it is written.

    Returns
    -------
    Rows by table.
    """
    rows = {}
    # The truth is arithmetic on arrays and the tables are text: side by side they use two cores.
    with ThreadPoolExecutor(max_workers=1) as pool:
        truth = pool.submit(write_truth, world, out / "truth")
        for name in TABLES:
            progress(name)
            rows[name] = write_table(name, frames(world, name), out, format)
        progress("truth")
        truth.result()
    return rows


def write_truth(world: SimulatedWorld, folder: Path) -> None:
    """Write demand, demand_by_home, events, wants (Parquet), stage.npz (replays) and world.json.

    Parameters
    ----------
    world
        A world whose history has run.
    folder
        Where the files go; created when missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    exposure = measure_exposure(world)
    demand_table(world, exposure).to_parquet(folder / "demand.parquet", index=False)
    homes_table(world, exposure).to_parquet(folder / "demand_by_home.parquet", index=False)
    events_table(world, exposure).to_parquet(folder / "events.parquet", index=False)
    stage = Stage.of(world, exposure)
    stage.save(folder.parent)
    if len(world.place.streets) <= 40:
        wants = true_wants(stage).rename_axis("street_code").reset_index()
        wants.to_parquet(folder / "wants.parquet", index=False)
    record = {
        "format": FORMAT_VERSION,
        "settings": {**asdict(world.settings), "until": world.settings.until.isoformat()},
        "kappa": exposure.kappa,
    }
    (folder / "world.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def demand_table(world: SimulatedWorld, exposure: Exposure) -> pd.DataFrame:
    """Street x product x period, every product listed in that period.

    Parameters
    ----------
    world
        A world whose history has run.
    exposure
        Typical exposure of sessions by street, from the history.

    Returns
    -------
    Columns ``street_code, product_id, period, new, expected, expected_2, expected_3`` (beside a
    usual quarter's sessions), ``alone`` (the quarter's only session; next quarter only).
    """
    settings, catalogue, place = world.settings, world.catalogue, world.place
    quarters = settings.quarters
    wanted = range(len(quarters)) if len(place.streets) <= 40 else [len(quarters) - 1]
    years = sorted({number // 4 for number in wanted})
    parts = []
    products = np.unique(np.concatenate([catalogue.listed(year) for year in years]))
    base = demand_truth(world, exposure, products)
    alone = demand_truth(world, exposure, catalogue.listed(years[-1]), alone=True)[0]
    for number in wanted:
        at = np.flatnonzero(np.isin(products, catalogue.listed(number // 4)))
        moment = int(quarters[number].timestamp()) + 45 * 86_400
        season = season_of(world, catalogue.category[products[at]], moment)
        grid = base[:, :, at] * season
        street, column = np.indices(grid.shape[1:]).reshape(2, -1)
        frame: dict[str, Any] = {
            "street_code": taken(place.streets, street),
            "product_id": product_ids(world, products[at][column]),
            "period": taken([period_name(quarters[number])], np.zeros(len(street), dtype=int)),
            "new": catalogue.first_year[products[at]][column] == number // 4,
        }
        for k in range(TIERS):
            name = "expected" if k == 0 else f"expected_{k + 1}"
            frame[name] = grid[k].ravel().round(4)
        last = number == len(quarters) - 1
        frame["alone"] = (alone * season).ravel().round(4) if last else np.nan
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)


def homes_table(world: SimulatedWorld, exposure: Exposure) -> pd.DataFrame:
    """The next quarter's first sessions, split by where those who come live.

    Parameters
    ----------
    world
        A world whose history has run.
    exposure
        Typical exposure of sessions by street, from the history.

    Returns
    -------
    One row a street of the session, street of home and product.
    """
    place, catalogue, number = world.place, world.catalogue, len(world.settings.quarters) - 1
    if len(place.streets) > 40:
        return pd.DataFrame()
    products = catalogue.listed(number // 4)
    split = demand_truth(world, exposure, products, homes=True)
    moment = int(world.settings.quarters[number].timestamp()) + 45 * 86_400
    split = split * season_of(world, catalogue.category[products], moment)
    home, street, column = np.indices(split.shape).reshape(3, -1)
    return pd.DataFrame(
        {
            "street_code": taken(place.streets, street),
            "home_street": taken(place.streets, home),
            "product_id": product_ids(world, products[column]),
            "period": taken([period_name(world.settings.quarters[-1])], np.zeros(len(home), int)),
            "expected": split.ravel().round(4),
        }
    )


def events_table(world: SimulatedWorld, exposure: Exposure) -> pd.DataFrame:
    """Every event on the agenda, those not yet published included.

    Parameters
    ----------
    world
        A world whose history has run.
    exposure
        Typical exposure of sessions by street, from the history.

    Returns
    -------
    One row an event.
    """
    found = event_truth(world, exposure)
    e = world.agenda.events
    n = len(world.agenda)
    return pd.DataFrame(
        {
            "event_id": event_ids(np.arange(n)),
            "product_id": product_ids(world, e["product"]),
            "published": e["published_s"] <= world.settings.until_s,
            "seats": e["seats"],
            "wanted": world.journal.wanted,
            "app_demand": found.app_demand.round(4),
            "attendance": found.attendance.round(4),
            "show_rate": found.show_rate,
            "walk_ins": found.walk_ins,
            "turned_away": found.turned_away,
            "event_effect": world.agenda.event_effect.round(5),
        }
    )


def read_settings(folder: Path) -> SimulationSettings:
    """The settings a simulated folder was made with.

    Raises
    ------
    UsageError
        If the folder holds no simulated world.
    """
    path = folder / WORLD_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        saved = record["settings"]
        if record["format"] != FORMAT_VERSION:
            raise UsageError(f"{path} is of another version.", "Simulate the world again.")
        until = datetime.fromisoformat(saved.pop("until"))
        return settings_for(saved.pop("preset"), saved.pop("seed"), until=until, **saved)
    except FileNotFoundError:
        raise UsageError(
            f"{folder} holds no simulated world.", "Make one: gongxu simulate --out DIR"
        ) from None
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Simulate the world again.") from None
