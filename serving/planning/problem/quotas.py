"""Groups of products, and the officer's quotas, weights and single items over them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.schema import AUDIENCE_GROUPS, CATEGORIES
from recommender.errors import UsageError
from recommender.procurement.problem import Quota
from recommender.types import IdMap
from serving.messages.catalogue import text
from serving.planning.problem.history import History
from serving.planning.rules import PlanRules


def group_masks(
    products: pd.DataFrame, history: History, rules: PlanRules
) -> dict[str, NDArray[np.bool_]]:
    """Named sets of products: categories, audience groups, brands, new ones.

    A supplier's place or ownership makes no group: neither may carry weight (procurement law).

    Parameters
    ----------
    products
        Their rows.
    history
        Which are new.
    rules
        Brands and specialities are named there.

    Returns
    -------
    Masks of shape (P,) by name.
    """
    category = products["category"].astype(str).to_numpy()
    audience = products["audience_groups"].fillna("").astype(str)
    titles = (products["tags"].fillna("") + ";" + products["title"].fillna("")).astype(str)
    groups = {f"category.{name}": category == name for name in CATEGORIES}
    for name in AUDIENCE_GROUPS:
        groups[f"audience.{name}"] = np.array([name in a.split(";") for a in audience])
    for quota in rules.quotas:
        if quota.kind == "brand":
            groups[quota.label] = titles.str.contains(quota.name, regex=False).to_numpy(np.bool_)
    for speciality in rules.specialities:
        mask = titles.str.contains(speciality.tag, regex=False).to_numpy(np.bool_)
        groups[f"tag.{speciality.tag}"] = mask
    groups["new.products"] = history.new_product
    groups["new.suppliers"] = history.new_supplier
    return groups


def stated_quotas(
    rules: PlanRules,
    groups: Mapping[str, NDArray[np.bool_]],
    worth_fen: NDArray[np.int64],
    budget_fen: int,
) -> tuple[tuple[Quota, ...], list[str]]:
    """Quotas that the catalogue can meet, and messages about the others.

    A minimum share that the catalogue cannot fill would hold the whole plan down to nothing: a
    default is left out, one that was given is refused.

    Parameters
    ----------
    rules
        The officer's rules.
    groups
        From :func:`group_masks`.
    worth_fen
        What can be bought of each product at most, shape (P,).
    budget_fen
        The whole budget.

    Returns
    -------
    The quotas, and what to tell about defaults left out.

    Raises
    ------
    UsageError
        If a given minimum share cannot be filled.
    """
    quotas = [
        Quota(q.label, q.label, q.min_share, q.max_share, q.min_sessions, q.max_sessions)
        for q in rules.quotas
    ]
    quotas += [
        Quota("new.products", "new.products", min_share=rules.new.products_min_share),
        Quota("new.suppliers", "new.suppliers", min_share=rules.new.suppliers_min_share),
    ]
    kept, messages = [], []
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
            stock = f"{available / 100:,.0f} yuan of {quota.min_share:.0%} of the budget"
            if given is not None:
                raise UsageError(
                    f"rules, {rules.where(given)}: {given}: the catalogue holds only {stock}."
                )
            messages.append(
                text("plan.quota_not_fillable", "zh", share=quota.min_share, quota=quota.name)
            )
            quota = replace(quota, min_share=0.0)
        kept.append(quota)
    return tuple(kept), messages


def attendance_weights(
    rules: PlanRules,
    streets: IdMap,
    products: pd.DataFrame,
    groups: Mapping[str, NDArray[np.bool_]],
) -> NDArray[np.float64]:
    """What an attendance counts for in the objective.

    Parameters
    ----------
    rules
        Weights of quotas and specialities (一街一品).
    streets
        Planned streets.
    products
        Their rows.
    groups
        From :func:`group_masks`.

    Returns
    -------
    Shape (S, P), > 0.

    Raises
    ------
    UsageError
        If a speciality names an unknown street.
    """
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


def apply_items(
    rules: PlanRules,
    streets: IdMap,
    products: IdMap,
    allowed: NDArray[np.bool_],
    required: NDArray[np.int64],
) -> None:
    """Write `exclude` and `require` into the problem's arrays, in place.

    Parameters
    ----------
    rules
        The officer's rules.
    streets, products
        What can be planned.
    allowed, required
        Shape (S, P); changed.

    Raises
    ------
    UsageError
        If an item names what cannot be planned.
    """
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
