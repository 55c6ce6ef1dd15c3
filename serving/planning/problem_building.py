"""From tables, estimated demand and an officer's rules to a planning problem."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.schema import AUDIENCE_GROUPS, CATEGORIES
from features.demand.streets import Streets, read_streets
from recommender.demand.observations.saturation import DEFAULT_REPEAT_FACTOR
from recommender.errors import UsageError
from recommender.procurement.problem import ProcurementProblem, Quota
from recommender.procurement.schedule import VenueCalendar
from recommender.types import DemandEstimate, IdMap
from serving.planning.budgets import Buyers, read_buyers
from serving.planning.history import History, read_history
from serving.planning.rules import PlanRules
from serving.planning.venues import read_venues, seats_of, slot_limits

HALF_WIDTH = 1.2815515655446004  # of an 80 % interval, in standard deviations of a normal


@dataclass(frozen=True, slots=True)
class Planning:
    """A problem together with what is needed to explain its plan.

    Attributes
    ----------
    problem
        For the solver.
    calendar, months
        Venues, and the names of the months that sessions can be held in.
    products, suppliers, venues
        Rows of the tables, by identifier.
    streets, buyers, history, estimate
        What the problem was made of.
    left_out
        Products that cannot be planned, with the reason.
    assumptions
        Defaults that stood in for missing data, in words.
    """

    problem: ProcurementProblem
    rules: PlanRules
    calendar: VenueCalendar
    months: tuple[str, ...]
    products: pd.DataFrame
    suppliers: pd.DataFrame
    venues: pd.DataFrame
    streets: Streets
    buyers: Buyers
    history: History
    estimate: DemandEstimate
    left_out: Mapping[str, str]
    assumptions: tuple[str, ...]


def build_planning(
    dataset: Dataset,
    estimate: DemandEstimate,
    rules: PlanRules,
    *,
    repeat_factor: NDArray[np.float64] | None = None,
    buyer: str | None = None,
    budget_fen: int | None = None,
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
    buyer, budget_fen
        Only this buyer; this budget instead of the table's.

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
    read, venues, months = read_venues(
        dataset, streets, planned, products, suppliers, period, rules
    )
    assumptions += read.assumptions

    price = products["price_fen"].astype("float64").to_numpy(copy=True)
    if np.isnan(price).all():
        price[:] = rules.assumed_price_fen
        assumptions.append(
            f"产品均无价格：按每场 {rules.assumed_price_fen / 100:,.0f} 元计"
            "（products.assumed_price_fen）"
        )
    left_out = dict(history.stopped)
    for code in products.index.to_numpy()[np.isnan(price)]:
        left_out.setdefault(code, "没有价格")
    for code in products.index.to_numpy()[~read.open_months.any(axis=1)]:
        left_out.setdefault(code, read.closed.get(code, "本期内不在目录或许可证失效"))
    purse = buyers.budget_fen.max(initial=0)
    for code in [c for c, each in zip(products.index, price, strict=True) if each > purse]:
        left_out.setdefault(str(code), "单价超过任何一个采购方的预算")

    n_streets, n_products = len(planned), len(products)
    allowed = np.ones((n_streets, n_products), dtype=np.bool_)
    allowed[:, products.index.isin(list(left_out))] = False
    required = np.zeros((n_streets, n_products), dtype=np.int64)
    street_map, product_map = IdMap(planned), estimate.products
    _apply_items(rules, street_map, product_map, allowed, required)
    seats = seats_of(read.calendar, n_streets, products)
    allowed &= seats > 0
    ids = products["supplier_id"].astype(object)
    supplier_map = IdMap(dict.fromkeys(str(s) for s in ids.dropna()))
    drawn = _drawn_in(estimate.expected[rows], allowed, rules.shrinkage)
    expected = estimate.expected[rows] * drawn
    low, high = estimate.low[rows] * drawn, estimate.high[rows] * drawn
    groups = group_masks(products, suppliers, history, rules)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.log(high / low) / (2 * HALF_WIDTH)
    residents = streets.population.sum(axis=1)[streets.streets.positions(planned)]
    if not (residents > 0).all():
        assumptions.append("有街道人口未知：均等性按每街道同等人口计")
        residents = np.where(residents > 0, residents, max(1.0, float(np.median(residents))))
    limits, limit_groups = slot_limits(read.calendar, n_streets)
    most = _whole(products["sessions_max"].fillna(9999))
    whole_price = np.nan_to_num(price).astype(np.int64)
    cells = allowed.sum(axis=0) * rules.sessions_per_product
    quotas, unmet = _quotas(
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
        weight=_weights(rules, street_map, products, groups),
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
        floor_sessions=_floors(dataset, streets, planned, rules),
        repeat_factor=_repeats(repeat_factor, n_products),
        floor_attendance=rules.attendance_per_1000,
        supplier_share_max=rules.supplier_share_max if len(supplier_map) > 1 else 1.0,
        gini_max=rules.gini_max,
        caution=rules.caution,
        sessions_per_cell=rules.sessions_per_product,
        neighbours=_neighbours(streets, planned, rules),
        touring_discount=rules.touring_discount,
    )
    return Planning(
        problem=problem,
        rules=rules,
        calendar=read.calendar,
        months=months,
        products=products,
        suppliers=suppliers,
        venues=venues,
        streets=streets,
        buyers=buyers,
        history=history,
        estimate=estimate,
        left_out=left_out,
        assumptions=tuple(assumptions),
    )


def group_masks(
    products: pd.DataFrame, suppliers: pd.DataFrame, history: History, rules: PlanRules
) -> dict[str, NDArray[np.bool_]]:
    """Named sets of products: categories, audience groups, brands, new ones."""
    del suppliers  # neither place nor ownership may carry weight (procurement law)
    category = products["category"].astype(str).to_numpy()
    audience = products["audience_groups"].fillna("").astype(str)
    words = (products["tags"].fillna("") + ";" + products["title"].fillna("")).astype(str)
    groups = {f"category.{name}": category == name for name in CATEGORIES}
    for name in AUDIENCE_GROUPS:
        groups[f"audience.{name}"] = np.array([name in a.split(";") for a in audience])
    for quota in rules.quotas:
        if quota.kind == "brand":
            groups[quota.label] = words.str.contains(quota.name, regex=False).to_numpy(np.bool_)
    for speciality in rules.specialities:
        mask = words.str.contains(speciality.tag, regex=False).to_numpy(np.bool_)
        groups[f"tag.{speciality.tag}"] = mask
    groups["new.products"] = history.new_product
    groups["new.suppliers"] = history.new_supplier
    return groups


def _whole(column: pd.Series) -> NDArray[np.int64]:
    return np.asarray(column.astype("int64"), dtype=np.int64)


def _quotas(
    rules: PlanRules,
    groups: Mapping[str, NDArray[np.bool_]],
    worth_fen: NDArray[np.int64],
    budget_fen: int,
) -> tuple[tuple[Quota, ...], list[str]]:
    """Quotas that the catalogue can meet, and what is said about the others.

    A minimum share that the catalogue cannot fill would hold the whole plan down to nothing: a
    default is left out, one that was given is refused.
    """
    quotas = [
        Quota(q.label, q.label, q.min_share, q.max_share, q.min_sessions, q.max_sessions)
        for q in rules.quotas
    ]
    quotas += [
        Quota("new.products", "new.products", min_share=rules.new_products_min_share),
        Quota("new.suppliers", "new.suppliers", min_share=rules.new_suppliers_min_share),
    ]
    kept, said = [], []
    for quota in quotas:
        available = int(worth_fen[groups[quota.group]].sum())
        if available < quota.min_share * budget_fen:
            given = next(
                (
                    name
                    for name in (f"{quota.name}.min_share", f"{quota.name}_min_share")
                    if name in rules.given
                ),
                None,
            )
            words = f"{available / 100:,.0f} yuan of {quota.min_share:.0%} of the budget"
            if given is not None:
                raise UsageError(
                    f"rules, {rules.where(given)}: {given}: the catalogue holds only {words}."
                )
            said.append(f"目录不足以满足默认最低占比 {quota.min_share:.0%}，未执行：{quota.name}")
            quota = replace(quota, min_share=0.0)
        kept.append(quota)
    return tuple(kept), said


def _repeats(learned: NDArray[np.float64] | None, n_products: int) -> NDArray[np.float64]:
    """Halfway between what few repeated sessions taught and what is assumed (decision 0402)."""
    assumed = np.full(n_products, DEFAULT_REPEAT_FACTOR)
    return assumed if learned is None else np.sqrt(assumed * learned)


def _drawn_in(
    expected: NDArray[np.float64], allowed: NDArray[np.bool_], shrinkage: float
) -> NDArray[np.float64]:
    """Factors that draw each cell towards its street's geometric mean over what may be bought.

    A plan buys what stands out, and what stands out does so in part by luck (the winner's curse);
    so it counts on ``expected ** (1 - shrinkage)``, up to the street's scale.
    """
    known = allowed & (expected > 0)
    logs = np.where(known, np.log(np.where(known, expected, 1.0)), 0.0)
    middle = logs.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    with np.errstate(divide="ignore"):
        above = np.where(expected > 0, np.log(np.maximum(expected, 1e-300)) - middle[:, None], 0.0)
    return np.asarray(np.exp(-shrinkage * above), dtype=np.float64)


def _weights(
    rules: PlanRules,
    streets: IdMap,
    products: pd.DataFrame,
    groups: Mapping[str, NDArray[np.bool_]],
) -> NDArray[np.float64]:
    weight = np.ones((len(streets), len(products)))
    for quota in rules.quotas:
        weight[:, groups[quota.label]] *= quota.weight
    for speciality in rules.specialities:
        if speciality.street not in streets:
            line = rules.where(f"street.{speciality.street}")
            raise UsageError(f"rules, {line}: no street has the code {speciality.street!r}.")
        row = streets.position(speciality.street)
        weight[row, groups[f"tag.{speciality.tag}"]] *= speciality.weight
    return weight


def _apply_items(
    rules: PlanRules,
    streets: IdMap,
    products: IdMap,
    allowed: NDArray[np.bool_],
    required: NDArray[np.int64],
) -> None:
    for section, items in (("exclude", rules.exclude), ("require", rules.require)):
        for item in items:
            for code, known in ((item.product, products), (item.street, streets)):
                if code and code not in known:
                    raise UsageError(
                        f"rules, {rules.where(section)}: {section}: {code!r} cannot be planned.",
                        "It is no listed product, or no street of these buyers.",
                    )
            rows = [streets.position(item.street)] if item.street else range(len(streets))
            column = products.position(item.product)
            for row in rows:
                if section == "exclude":
                    allowed[row, column] = False
                else:
                    required[row, column] = max(required[row, column], item.sessions)


def _floors(
    dataset: Dataset, streets: Streets, planned: list[str], rules: PlanRules
) -> NDArray[np.int64]:
    """Sessions a street gets at least: its own floor, or what its committees are due."""
    areas = dataset["areas"]
    committees = areas.loc[areas["level"].astype(str) == "neighbourhood", "area_code"]
    counts = np.zeros(len(streets.streets))
    for code in committees:
        street = streets.area_street.get(str(code), -1)
        if street >= 0:
            counts[street] += 1
    due = np.ceil(counts[streets.streets.positions(planned)] * rules.sessions_per_committee)
    return np.maximum(due, rules.sessions_per_street).astype(np.int64)


def _neighbours(
    streets: Streets, planned: list[str], rules: PlanRules
) -> tuple[tuple[int, int], ...]:
    if rules.touring_discount <= 0:
        return ()
    rows = streets.streets.positions(planned)
    lat, lon = np.radians(streets.lat[rows]), np.radians(streets.lon[rows])
    pairs = []
    for i in range(len(rows)):
        for j in range(i + 1, len(rows)):
            dx = (lon[i] - lon[j]) * np.cos((lat[i] + lat[j]) / 2)
            metres = 6_371_000 * float(np.hypot(dx, lat[i] - lat[j]))
            if metres <= rules.touring_distance_m:
                pairs.append((i, j))
    return tuple(pairs)
