"""An attacker asks everything that officers may ask and looks for suppressed figures.

A suppressed cell is recovered when any answer, or any difference between answers, depends on it.
So each cell is changed in turn, together with all that the model holds of it, and every question is
asked of both models: demand, its explanation and its location quotients; plans that require the
cell without shrinkage, at several budgets, in every text format; why, why not, what if, both
frontiers and the second opinion. One answer that differs is a recovered cell. Solvers stop by work
and not by time (:mod:`benchmarks.faults.counted_work`), so that only the data can make them differ.

A plan is an answer to the problem that is stated, so the stated problem itself, every array and
table of it, is the first answer that is compared, and equal problems are solved once: a solver that
is stopped by the clock gives two answers to one question, and would pass for a leak or hide one.

Then the same district is served twice, the second time with all suppressed cells changed, and every
route and command is asked of both (:mod:`benchmarks.faults.attack`); and while the first serves on,
one resident more every day must not be seen in any figure.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from benchmarks.faults.attack import District, ask_twins, put_district, twin
from benchmarks.faults.counted_work import work_counted
from benchmarks.faults.days import DAYS, watch_days
from benchmarks.faults.doors import FREE, Target
from benchmarks.report import Bar
from benchmarks.units import Unit
from data.dataset import Dataset
from data.district_time import period_of
from data.files.reading import read_dataset
from data.simulate.saving import write_world
from data.simulate.settings import UNTIL, settings_for
from data.simulate.world import create_world
from data.store.embedded import embedded_url, release
from data.store.store import Store
from recommender.demand.model import DemandModel
from recommender.errors import GongxuError
from serving.demand.frames import demand_frame, explain_frame, location_quotient_frame
from serving.exports.saving import save_plan
from serving.planning.document import write_document
from serving.planning.problem.building import Planning
from serving.planning.questions import (
    ask_equal_shares,
    compare_plans,
    explain_choice,
    trace_budget,
    trace_evenness,
)
from serving.planning.rules_file import parse_rules
from serving.planning.solution import Solved, solve_planning
from serving.planning.sources import Sources, state_planning
from training.demand.fit import fit_demand

SEED = 41
CELLS, QUICK = 40, 1
LIMIT_S, GAP = 4.0, 0.05
BUDGETS_FEN = (30_000_000, 45_000_000)
ENDINGS = ("csv", "json", "ocds.json", "pdf")


def units(quick: bool) -> list[Unit]:
    """A unit for every ten cells, of one cell when ``quick``, and one for all doors."""
    each, parts = (QUICK, 1) if quick else (10, CELLS // 10)
    cells = [
        Unit("cells_recovered", f"{n}", attack_cells, (n * each, (n + 1) * each))
        for n in range(parts)
    ]
    return [Unit("cells_recovered", "doors", told_at_doors, ()), *cells]


def bars(values: Sequence[list[str]]) -> list[Bar]:
    """Cells recovered in process, and questions at doors that tell."""
    return [Bar("7.3", "cells_recovered", sum(len(told) for told in values))]


def attack_cells(first: int, after: int) -> list[str]:
    """Attack suppressed cells of a small district, all questions in this process.

    Parameters
    ----------
    first, after
        Of a random order of cells that is always the same.

    Returns
    -------
    Cells that were recovered.
    """
    dataset, model, period = small_district()
    hidden = np.argwhere(model.suppressed() & (model.population > 0)[:, None])
    rng = np.random.default_rng(SEED)
    chosen = hidden[rng.permutation(len(hidden))[first:after]]
    recovered = []
    asked, plans = 0, Plans()
    for number, (street, product) in enumerate(chosen):
        cell = int(street), int(product)
        models = model, changed(model, cell)
        with work_counted():
            before, other = (dict(answers(dataset, each, period, *cell, plans)) for each in models)
        asked += len(before)
        differing = [name for name in before if before[name] != other[name]]
        if differing:
            name = f"{model.streets.ids[street]} {model.products.ids[product]}"
            recovered.append(f"{name} by {', '.join(differing[:4])}")
            print(f"  {recovered[-1]}", flush=True)
        print(f"  cell {first + number + 1}: {asked:,} answers", flush=True)
    return recovered


def told_at_doors() -> list[str]:
    """What routes and commands tell of suppressed cells, or from day to day.

    Returns
    -------
    The questions that tell.
    """
    dataset, model, period = small_district()
    hidden = model.suppressed() & (model.population > 0)[:, None]
    street, product = (int(n) for n in np.argwhere(hidden)[0])
    target = Target(
        street=model.streets.ids[street],
        product=model.products.ids[product],
        category=model.categories[model.group[product]],
        supplier=largest_supplier(dataset),
        period=period,
        month=f"{period[:4]}-{3 * int(period[-1]):02d}",
        year=period[:4],
        past=period_of(UNTIL - timedelta(days=100)),
        budget_fen=BUDGETS_FEN[0],
    )
    with tempfile.TemporaryDirectory(prefix="gongxu-attack-") as folder:
        Path(folder).chmod(0o755)  # the embedded server is not root
        home = Path(folder) / "home"
        here = District(home, embedded_url(home), UNTIL)
        try:
            store = Store.connect(here.url)
            store.migrate()
            store.close()
            suggestions = put_district(here, dataset, model)
            other = twin(here, Path(folder) / "twin", suggestions, changed(model, hidden))
            one, two = ask_twins([here, other], target)
            told = [name for name in one if one[name] != two[name]]
            days = watch_days(here, target)
        finally:
            release(home)
    print(
        f"  {len(one)} questions at doors, {len(told)} told; over {DAYS} days {len(days)} figures"
    )
    for name in (*told, *days):
        print(f"  told by {name[:200]}")
    return told + days


def largest_supplier(dataset: Dataset) -> str:
    """Whoever's sessions were attended most."""
    events = dataset["events"].merge(dataset["products"][["product_id", "supplier_id"]])
    bookings = dataset["bookings"].merge(events[["event_id", "supplier_id"]])
    return str(bookings["supplier_id"].astype(str).value_counts().index[0])


def small_district() -> tuple[Dataset, DemandModel, str]:
    """A district so small that many figures rest on few residents, its demand, and a period."""
    settings = settings_for("demo", SEED, residents=300, products=50, events=120, years=1)
    with tempfile.TemporaryDirectory(prefix="gongxu-attack-") as folder:
        write_world(create_world(settings), Path(folder), "parquet")
        dataset, _ = read_dataset(Path(folder), now=datetime(2100, 1, 1, tzinfo=UTC))
    model = fit_demand(dataset, as_of=UNTIL, rng=np.random.default_rng(SEED))
    return dataset, model, f"{UNTIL.year}Q{(UNTIL.month + 2) // 3}"


def changed(model: DemandModel, cells: Any) -> DemandModel:
    """The same model after other residents were behind some cells.

    Parameters
    ----------
    model
        As fitted.
    cells
        Positions of one cell, or a mask of several.

    Returns
    -------
    The model with five times the figure, another spread, other evidence.
    """
    values = {}
    for name, factor in (
        ("expected", 5.0), ("log_sd", 0.4), ("step_age_bands", 3.0), ("step_street_ratios", 4.0),
    ):  # fmt: skip
        values[name] = getattr(model, name).copy()
        values[name][cells] *= factor
    for name, count in (("bookings", 9), ("survey_votes", 60)):
        values[name] = getattr(model, name).copy()
        values[name][cells] += count
    return replace(model, **values)


class Plans:
    """The plans of the problems stated so far, each solved once."""

    def __init__(self) -> None:
        self._solved: dict[str, Solved] = {}
        self._traced: dict[str, str] = {}

    def solved(self, planning: Planning) -> Solved:
        """A plan of a stated problem: the same for an equal problem."""
        problem = stated(planning)
        if problem not in self._solved:
            self._solved[problem] = solve_planning(planning, time_limit_s=LIMIT_S, mip_gap=GAP)
        return self._solved[problem]

    def traced(self, name: str, planning: Planning, ask: Callable[[Solved], str]) -> str:
        """What is asked of nothing but a plan: asked once of an equal problem's."""
        key = f"{name} {stated(planning)}"
        if key not in self._traced:
            self._traced[key] = ask(self.solved(planning))
        return self._traced[key]


def answers(
    dataset: Dataset, model: DemandModel, period: str, street: int, product: int, plans: Plans
) -> Iterator[tuple[str, str]]:
    """Every question about one cell, with its answer as text.

    Parameters
    ----------
    dataset, model, period
        What the service holds.
    street, product
        Positions of the cell.
    plans
        Plans that were made before; those made now are added.

    Yields
    ------
    Name of the question, and the answer, an error's text included.
    """
    code, item = model.streets.ids[street], model.products.ids[product]
    for name, ask in (
        ("demand", lambda: demand_frame(model, period).to_csv()),
        ("demand of the street", lambda: demand_frame(model, period, street=code).to_csv()),
        ("explain", lambda: explain_frame(model, period, code, item).to_csv()),
        ("location quotients", lambda: location_quotient_frame(model, period).to_csv()),
    ):
        yield name, told(ask)
    sources = Sources(dataset, model, "m", UNTIL)
    required = f'[[require]]\nproduct = "{item}"\nstreet = "{code}"\nreason = "x"\n'
    for rules in (FREE + required, FREE):
        for budget in BUDGETS_FEN:
            yield from plan_answers(sources, period, rules, budget, (code, item), plans)


def plan_answers(
    sources: Sources, period: str, rules: str, budget: int, cell: tuple[str, str], plans: Plans
) -> Iterator[tuple[str, str]]:
    """A plan in every text format, and all questions about it.

    Parameters
    ----------
    sources, period
        What it is made from.
    rules
        The rules file.
    budget
        In fen.
    cell
        Street and product that are asked about.
    plans
        See :func:`answers`.

    Yields
    ------
    Name of the question, and the answer.
    """
    code, item = cell
    label = f"{budget} {'required' if 'require' in rules else 'free'}"
    try:
        planning, more = (
            state_planning(sources, period, parse_rules(rules), budget_fen=fen)
            for fen in (budget, budget + 1_000_000)
        )
        yield f"problem {label}", f"{stated(planning)} {stated(more)}"
        solved, other = plans.solved(planning), plans.solved(more)
    except GongxuError as error:
        yield f"plan {label}", str(error)
        return
    document = write_document(planning, solved, model_version="m", data_date=UNTIL)
    with tempfile.TemporaryDirectory(prefix="gongxu-attack-") as folder:
        for ending in ENDINGS:
            file = Path(folder) / f"plan.{ending}"
            save_plan(document, file)
            yield f"plan {label}.{ending}", repr(file.read_bytes())
    for name, ask in (
        ("why", lambda: repr(explain_choice(planning, solved, item, code))),
        ("what if", lambda: repr(compare_plans((planning, solved), (more, other)))),
        ("budgets", lambda: plans.traced("budgets", planning, budgets)),
        ("evenness", lambda: plans.traced("evenness", planning, evenness)),
        ("second opinion", lambda: repr(ask_equal_shares(planning, solved))),
    ):
        yield f"{name} {label}", told(ask)


def stated(planning: Planning) -> str:
    """A digest of all that a problem is made of; equal problems have equal digests."""
    parts = {each.name: getattr(planning, each.name) for each in fields(planning)}
    return str(joblib.hash(parts | {"rules": planning.rules.model_dump_json()}))


def budgets(solved: Solved) -> str:
    """The frontier of budgets."""
    return trace_budget(solved, (0.5, 1.5), time_limit_s=LIMIT_S).to_csv()


def evenness(solved: Solved) -> str:
    """The frontier of evenness."""
    return trace_evenness(solved, (0.5,), time_limit_s=LIMIT_S).to_csv()


def told(ask: Callable[[], str]) -> str:
    """The answer, or the error that an officer would read."""
    try:
        return ask()
    except GongxuError as error:
        return str(error)
