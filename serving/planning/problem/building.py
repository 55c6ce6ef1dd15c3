"""From tables, estimated demand and an officer's rules to a planning problem."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import period_bounds
from features.demand.streets import Streets, read_streets
from recommender.demand.competition import Competition
from recommender.demand.model import HALF_WIDTH
from recommender.errors import UsageError
from recommender.procurement.audience_times import CalendarDays
from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import SETTINGS
from recommender.procurement.rules.supplier_share import SHARE_MAX
from recommender.procurement.schedule import VenueCalendar
from recommender.procurement.timetable import Engagements, Timing
from recommender.types import DemandEstimate, IdMap
from serving.messages.catalogue import text
from serving.planning.problem.budgets import Buyers, common_area, read_buyers
from serving.planning.problem.committees import committees_due
from serving.planning.problem.days import (
    months_of,
    open_shares,
    read_days,
    read_engagements,
    read_timing,
)
from serving.planning.problem.factors import repeat_factors, shrinkage_factors
from serving.planning.problem.history import History, StandingSupply, read_history, read_standing
from serving.planning.problem.neighbours import near_streets
from serving.planning.problem.quotas import (
    apply_items,
    attendance_weights,
    group_masks,
    stated_quotas,
)
from serving.planning.problem.shapes import (
    Shapes,
    host_streets,
    lesson_factors,
    read_shapes,
    scarce_products,
)
from serving.planning.problem.venues import read_venues, seats_of, slot_limits
from serving.planning.problem.volume import (
    floors_of,
    most_sessions,
    read_volume,
    sessions_per_product,
)
from serving.planning.rules import PlanRules


@dataclass(frozen=True, slots=True)
class Planning:
    """A problem together with what is needed to explain its plan.

    Attributes
    ----------
    problem
        For the solver.
    calendar, roomy, months
        Venues; the same with the halls' default cap eased, ``None`` where it is given; and the
        names of the months that sessions can be held in.
    days, timing, shapes, engagements
        The days of these months, what products need of them, how they are bought, and what
        already stands.
    products, suppliers, venues
        Rows of the tables, by identifier.
    streets, buyers, history, standing, estimate
        What the problem was made of.
    district
        Code and name of the area that holds all planned streets.
    scarce
        Products that cannot be had for every street, shape (P,).
    committees
        Neighbourhood committees that are due a session, by street.
    left_out
        Products that cannot be planned, with the reason.
    assumptions
        Defaults that stood in for missing data, in words.
    """

    problem: ProcurementProblem
    rules: PlanRules
    calendar: VenueCalendar
    roomy: VenueCalendar | None
    months: tuple[str, ...]
    days: CalendarDays
    timing: Timing
    shapes: Shapes
    engagements: Engagements
    products: pd.DataFrame
    suppliers: pd.DataFrame
    venues: pd.DataFrame
    streets: Streets
    buyers: Buyers
    history: History
    standing: StandingSupply
    estimate: DemandEstimate
    district: tuple[str, str]
    scarce: NDArray[np.bool_]
    committees: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]
    assumptions: tuple[str, ...]


def build_planning(
    dataset: Dataset,
    estimate: DemandEstimate,
    rules: PlanRules,
    *,
    repeat_factor: NDArray[np.float64] | None = None,
    as_of: datetime | None = None,
    buyer: str | None = None,
    budget_fen: int | None = None,
    competition: Competition | None = None,
    category: NDArray[np.intp] | None = None,
) -> Planning:
    """State the problem.

    Parameters
    ----------
    dataset
        The tables, as known when planning.
    estimate
        Demand of streets x listed products in the period to plan.
    rules
        The officer's rules.
    repeat_factor
        What the next session of a product was found to draw relative to the one before, by
        product; ``None``: nothing was found.
    as_of
        When the plan is made: later publications and decisions are not known. ``None``: at the
        start of the period.
    buyer, budget_fen
        Only this buyer; this budget instead of the table's.
    competition, category
        How sessions of the period compete in the estimate's streets, and the position of each
        product's category there; ``None``: they do not.

    Returns
    -------
    The problem, and what is needed to explain its plan.

    Raises
    ------
    UsageError
        If there is no budget, no product to buy, or a rule names what does not exist.
    """
    period = estimate.period
    streets = read_streets(dataset)
    buyers = read_buyers(dataset, streets, period, rules, buyer=buyer, budget_fen=budget_fen)
    planned = [code for code in estimate.streets.ids if buyers.reaches(code)]
    if not planned:
        raise UsageError(f"buyer {buyer!r} buys for no street.", "Check --buyer and `areas`.")
    rows = estimate.streets.positions(planned)
    products = dataset["products"].set_index("product_id").loc[list(estimate.products.ids)]
    suppliers = dataset["suppliers"].drop_duplicates("supplier_id").set_index("supplier_id")
    assumptions = list(buyers.assumptions)
    history = read_history(dataset, estimate.products, period, rules)
    moment = as_of or period_bounds(period)[0]
    standing = read_standing(dataset, streets, planned, estimate.products, period, as_of=moment)
    volume = read_volume(dataset, streets, planned, period, as_of=moment)
    months = months_of(period, rules)
    days, eased = read_days(dataset, period, months, rules, as_of=moment)
    assumptions += eased
    most = _whole(products["sessions_max"].fillna(9999)) - standing.sessions.sum(axis=0)
    most = np.maximum(most - standing.placeless, 0)
    shapes = read_shapes(dataset, products, most, as_of=moment)
    read, venues = read_venues(
        dataset,
        streets,
        planned,
        products,
        suppliers,
        months,
        rules,
        standing=standing,
        busiest_month=volume.busiest_month,
        open_shares=open_shares(days, len(months)),
        shapes=shapes,
    )
    assumptions += read.assumptions

    price = products["price_fen"].astype("float64").to_numpy(copy=True)
    if np.isnan(price).all():
        price[:] = rules.products.assumed_price_fen
        assumptions.append(
            text("plan.no_prices", "zh", yuan=rules.products.assumed_price_fen / 100)
        )
    price *= shapes.series
    left_out = dict(history.stopped)
    for code in products.index.to_numpy()[np.isnan(price)]:
        left_out.setdefault(code, text("plan.no_price", "zh"))
    for code in products.index.to_numpy()[~read.open_months.any(axis=1)]:
        left_out.setdefault(code, read.closed.get(code, text("plan.closed", "zh")))
    purse = buyers.budget_fen.max(initial=0)
    for code in [c for c, each in zip(products.index, price, strict=True) if each > purse]:
        left_out.setdefault(str(code), text("plan.too_dear", "zh"))

    residents = streets.population.sum(axis=1)[streets.streets.positions(planned)]
    if not (residents > 0).all():
        assumptions.append(text("plan.population_unknown", "zh"))
        residents = np.where(residents > 0, residents, max(1.0, float(np.median(residents))))
    n_streets, n_products = len(planned), len(products)
    allowed = np.ones((n_streets, n_products), dtype=np.bool_)
    allowed[:, products.index.isin(list(left_out))] = False
    required = np.zeros((n_streets, n_products), dtype=np.int64)
    street_map, product_map = IdMap(planned), estimate.products
    apply_items(rules, street_map, product_map, allowed, required)
    required = -(-required // shapes.series)
    host_streets(shapes.everywhere, residents, allowed, required)
    # What serves all streets and is there already is not bought again.
    there = shapes.everywhere & (standing.placeless > 0)
    allowed[:, there], required[:, there] = False, 0
    seats = seats_of(read.calendar, n_streets, products, shapes)
    allowed &= seats > 0
    ids = products["supplier_id"].astype(object)
    supplier_map = IdMap(dict.fromkeys(str(s) for s in ids.dropna()))
    factors = repeat_factors(repeat_factor, n_products)
    scale = shrinkage_factors(estimate.expected[rows], allowed, rules.plan.shrinkage)
    # A further session draws what those that stand already leave.
    scale = scale * factors[None, :] ** standing.sessions
    # A course has the same people at each lesson, as far as they come again.
    scale = scale * lesson_factors(factors, shapes.series)
    factors = factors**shapes.series
    if competition is not None and estimate.alone is not None:
        # The plan is the quarter's supply: its sessions compete with each other, not with a usual
        # quarter's as well.
        ratio = estimate.alone[rows] / np.maximum(estimate.expected[rows], 1e-300)
        scale = np.where(estimate.expected[rows] > 0, scale * ratio, scale)
    expected = estimate.expected[rows] * scale
    low, high = estimate.low[rows] * scale, estimate.high[rows] * scale
    groups = group_masks(products, history, rules)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.log(high / low) / (2 * HALF_WIDTH)
    timing = read_timing(products, shapes)
    limits, limit_groups = slot_limits(read.calendar, n_streets)
    most = most // shapes.series
    scarce = scarce_products(most, allowed, required)
    whole_price = np.nan_to_num(price).astype(np.int64)
    floors = floors_of(dataset, streets, planned, rules)
    each, few = sessions_per_product(rules, allowed, volume)
    assumptions += few
    cells = allowed.sum(axis=0) * each
    quotas, unmet = stated_quotas(
        rules, groups, np.minimum(cells, most) * whole_price, int(buyers.budget_fen.sum())
    )
    assumptions += unmet
    problem = ProcurementProblem(
        period=period,
        streets=street_map,
        products=product_map,
        buyers=IdMap(buyers.codes),
        suppliers=supplier_map,
        budget_fen=buyers.budget_fen,
        serves=buyers.serves[:, streets.streets.positions(planned)],
        expected=expected,
        low=low,
        high=high,
        log_sd=np.clip(np.nan_to_num(spread, nan=0.0, posinf=1.5), 0.0, 1.5),
        weight=attendance_weights(rules, street_map, products, groups),
        price_fen=whole_price,
        sessions_max=most,
        seats=seats,
        allowed=allowed,
        required=required,
        residents=residents,
        supplier=supplier_map.positions([str(s) for s in ids], missing=-1),
        groups={**groups, **limit_groups},
        quotas=quotas,
        slot_limits=limits,
        floor_sessions=floors,
        most_sessions=most_sessions(rules, volume, standing, floors, residents),
        competition=None if competition is None else competition.of(rows),
        category=np.zeros(n_products, dtype=np.intp) if category is None else category,
        matching=rules.plan.matching,
        repeat_factor=factors,
        settings=_settings(rules, len(supplier_map)),
        gini_max=rules.evenness.gini_max,
        caution=rules.plan.caution,
        sessions_per_cell=each,
        series=shapes.series,
        once=shapes.once | scarce,
        neighbours=_neighbours(streets, planned, rules),
        touring_discount=rules.touring.discount,
    )
    return Planning(
        problem=problem,
        rules=rules,
        calendar=read.calendar,
        roomy=read.roomy,
        months=months,
        days=days,
        timing=timing,
        shapes=shapes,
        engagements=read_engagements(
            dataset, days, timing, products, venues, read.calendar.street, as_of=moment
        ),
        products=products,
        suppliers=suppliers,
        venues=venues,
        streets=streets,
        buyers=buyers,
        history=history,
        standing=standing,
        estimate=estimate,
        district=common_area(dataset["areas"], planned),
        scarce=scarce,
        committees=committees_due(dataset, streets, planned, period, rules, as_of=moment),
        left_out=left_out,
        assumptions=tuple(assumptions),
    )


def _settings(rules: PlanRules, n_suppliers: int) -> dict[str, float]:
    """Numbers that single rules read; a cap per supplier needs two suppliers."""
    values = {setting.name: rules.setting(setting) for setting in SETTINGS}
    return values if n_suppliers > 1 else values | {SHARE_MAX.name: SHARE_MAX.neutral}


def _whole(column: pd.Series) -> NDArray[np.int64]:
    return np.asarray(column.astype("int64"), dtype=np.int64)


def _neighbours(
    streets: Streets, planned: list[str], rules: PlanRules
) -> tuple[tuple[int, int], ...]:
    if rules.touring.discount <= 0:
        return ()
    near = np.triu(near_streets(streets, planned, rules.touring.distance_m), k=1)
    return tuple((int(i), int(j)) for i, j in zip(*np.nonzero(near), strict=True))
