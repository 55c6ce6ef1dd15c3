"""Warnings that an officer reads before signing, by line and for the whole plan.

Nothing here or in the problem gives weight to a supplier's place or ownership, and every supplier
is judged by the same criteria.
"""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from recommender.procurement.plan import ProcurementPlan
from serving.messages.catalogue import text
from serving.planning.limits import limits_text
from serving.planning.problem.building import Planning
from serving.planning.problem.committees import assign_committees


def line_warnings(planning: Planning, frame: pd.DataFrame) -> list[str]:
    """Warnings of every line.

    Parameters
    ----------
    planning
        What the plan was made from.
    frame
        The plan's lines.

    Returns
    -------
    One text a line, its warnings joined by ``;``.
    """
    recusals = planning.rules.recuse
    split = _splitting(planning, frame)
    until = planning.suppliers["licence_valid_until"].dropna().to_dict()
    last_day = pd.Period(planning.months[-1], freq="M").end_time.normalize()
    needs = planning.products["licence_required"].fillna("").to_dict()
    result = []
    for row in frame.to_dict("records"):
        warnings = []
        if not row["placed"]:
            warnings.append(text("plan.no_free_venue", "zh"))
        elif row["undated"]:
            warnings.append(text("schedule.no_day", "zh", sessions=row["undated"]))
        smaller = _smaller_venue(planning, row)
        if smaller:
            warnings.append(smaller)
        if row["marginal_fen_per_attendance"] == float("inf"):
            warnings.append(text("plan.last_session_adds_nothing", "zh"))
        if row["low"] > 0 and row["high"] / row["low"] > _WIDE:
            warnings.append(text("plan.wide_interval", "zh"))
        supplier = row["supplier_id"] if isinstance(row["supplier_id"], str) else ""
        warnings += [
            text("plan.recused", "zh", officer=recusal.officer, reason=recusal.reason)
            for recusal in recusals
            if recusal.supplier == supplier
        ]
        if needs[row["product_id"]] and supplier in until and until[supplier] < last_day:
            day = f"{until[supplier]:%Y-%m-%d}"
            warnings.append(text("plan.licence_expires_hold_before", "zh", day=day))
        if (row["buyer_code"], supplier, row["category"]) in split:
            warnings.append(text("plan.splitting_line", "zh"))
        result.append(";".join(warnings))
    return result


def _smaller_venue(planning: Planning, row: dict[Hashable, Any]) -> str:
    """The warning when the preferred venue was full and a smaller one was taken, else empty."""
    problem, venue = planning.problem, int(row["venue_position"])
    if venue < 0:
        return ""
    counted = problem.seats[
        problem.streets.position(row["street_code"]), problem.products.position(row["product_id"])
    ]
    counted = counted / planning.shapes.room[problem.products.position(row["product_id"])]
    seats = planning.calendar.seats[venue]
    if not seats < counted:
        return ""
    return text("plan.smaller_venue", "zh", seats=seats, counted=counted)


_NAMED = 5  # committees named in a warning
_WIDE = 30.0  # high over low of an 80 % interval


def plan_warnings(planning: Planning, frame: pd.DataFrame, plan: ProcurementPlan) -> list[str]:
    """Warnings about the whole plan.

    Parameters
    ----------
    planning
        What the plan was made from.
    frame
        The plan's lines.
    plan
        The plan; the rules that bind it are named where much of the budget is left.

    Returns
    -------
    One sentence each.
    """
    warnings = []
    threshold = planning.rules.splitting.threshold_fen
    for (buyer, supplier, category), amount in _splitting(planning, frame).items():
        warnings.append(
            text(
                "plan.splitting",
                "zh",
                buyer=buyer,
                supplier=supplier,
                category=category,
                yuan=amount / 100,
                limit=threshold / 100,
            )
        )
    stated = zip(frame["street_code"], frame["sessions"], frame["expected"], strict=True)
    names = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    for street, left in assign_committees(list(stated), planning.committees)[1].items():
        shown = "、".join(left[:_NAMED]) + ("…" if len(left) > _NAMED else "")
        said = names[street] or street
        warnings.append(
            text("schedule.committees_left", "zh", street=said, committees=len(left), names=shown)
        )
    warnings += [
        text("schedule.pooled_budgets", "zh", title=row["title"], street=row["street"])
        for row, p in zip(
            frame.to_dict("records"),
            planning.problem.products.positions(frame["product_id"]),
            strict=True,
        )
        if ";" in str(row["payers"]) and not planning.shapes.everywhere[p]
    ]
    unplaced = int(frame.loc[~frame["placed"], "sessions"].sum())
    if unplaced:
        warnings.append(text("plan.unplaced", "zh", sessions=unplaced))
    budget = int(planning.problem.budget_fen.sum())
    spent = int(frame["amount_fen"].sum())
    if spent < 0.9 * budget:
        limits = limits_text(plan.easing)
        warnings.append(text("plan.underspent", "zh", share=spent / budget, limits=limits))
    if len(planning.left_out):
        warnings.append(text("plan.left_out", "zh", products=len(planning.left_out)))
    return warnings


def _splitting(planning: Planning, frame: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    """Same buyer, supplier and category adding up to nine tenths of the threshold or more.

    The threshold is configuration: it differs by place and year.
    """
    threshold = planning.rules.splitting.threshold_fen
    if not threshold or not len(frame):
        return {}
    sums = frame.groupby(["buyer_code", "supplier_id", "category"])["amount_fen"].sum()
    return {
        (str(key[0]), str(key[1]), str(key[2])): int(amount)
        for key, amount in sums.items()
        if isinstance(key, tuple) and amount >= 0.9 * threshold
    }
