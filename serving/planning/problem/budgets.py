"""Who buys, for which streets, with how much money."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.district_time import period_bounds
from data.files.periods import read_period
from features.demand.streets import Streets
from recommender.errors import UsageError
from serving.messages.catalogue import text
from serving.planning.rules import PlanRules


@dataclass(frozen=True, slots=True)
class Buyers:
    """Buyers of one period.

    Attributes
    ----------
    codes, names
        Area codes and names.
    budget_fen
        Shape (B,).
    serves
        Which streets each may buy for, by the positions of `Streets`, shape (B, streets).
    assumptions
        What had to be assumed, in words.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    budget_fen: NDArray[np.int64]
    serves: NDArray[np.bool_]
    street_codes: tuple[str, ...]
    assumptions: tuple[str, ...]

    def reaches(self, street: str) -> bool:
        """Whether any buyer may buy for a street."""
        if street not in self.street_codes:
            return False
        return bool(self.serves[:, self.street_codes.index(street)].any())


def read_buyers(
    dataset: Dataset,
    streets: Streets,
    period: str,
    rules: PlanRules,
    *,
    buyer: str | None,
    budget_fen: int | None,
) -> Buyers:
    """Buyers with a budget for the period.

    A buyer serves itself, when it is a street, or every street below it. A row for exactly this
    period is the budget; else rows that touch the period count by their days in it.

    Parameters
    ----------
    dataset
        The tables; `areas` and `budgets` are read.
    streets
        All streets.
    period
        The period to plan.
    rules
        The officer's rules; budgets given there replace the table's.
    buyer
        Only this buyer, by its area code; ``None``: all.
    budget_fen
        This amount instead of the table's.

    Returns
    -------
    Buyers by area code.

    Raises
    ------
    UsageError
        If the buyer is unknown, rows overlap, or nobody has a budget.
    """
    areas = dataset["areas"].drop_duplicates("area_code").set_index("area_code")
    up = {str(code): above for code, above in areas["parent_code"].items()}
    if buyer is not None and buyer not in areas.index:
        known = ", ".join(dict.fromkeys(dataset["budgets"]["buyer_code"].astype(str)))
        raise UsageError(
            f"no area has the code {buyer!r}.", f"Buyers are {known}." if known else ""
        )
    if budget_fen is not None and budget_fen <= 0:
        raise UsageError(f"a budget of {budget_fen} fen buys nothing.", "Give --budget-yuan > 0.")
    assumptions: list[str] = []
    if budget_fen is not None:
        code = buyer or _root(streets, up)
        amounts = {code: budget_fen}
    else:
        amounts, assumptions = _table_budgets(dataset["budgets"], period)
        amounts |= rules.budget
        if buyer is not None:
            amounts = {code: fen for code, fen in amounts.items() if code == buyer}
        amounts = {code: fen for code, fen in amounts.items() if fen > 0}
    if not amounts:
        whose = f"{buyer} has" if buyer else "nobody has"
        known_periods = sorted(dataset["budgets"]["period"].dropna().astype(str).unique())
        hint = "Give --budget-yuan (and --buyer), or rows in `budgets`."
        if known_periods:
            hint += f" Periods with budgets: {known_periods[0]} to {known_periods[-1]}."
        raise UsageError(f"{whose} a budget for {period}.", hint)
    codes = tuple(sorted(amounts))
    serves = np.zeros((len(codes), len(streets.streets)), dtype=np.bool_)
    for b, code in enumerate(codes):
        for s, street in enumerate(streets.streets.ids):
            serves[b, s] = code == "*" or code in _ancestors(street, up)
        if not serves[b].any():
            own = streets.area_street.get(code, -1)  # a committee buys for its street
            if own < 0:
                where = rules.where(f"budget.{code}")
                raise UsageError(f"buyer {code!r} ({where}) buys for no street.")
            serves[b, own] = True
    names = tuple(
        str(areas["name"].get(code, code)) if code != "*" else text("plan.all_areas", "zh")
        for code in codes
    )
    return Buyers(
        codes=codes,
        names=names,
        budget_fen=np.array([amounts[code] for code in codes], dtype=np.int64),
        serves=serves,
        street_codes=streets.streets.ids,
        assumptions=tuple(assumptions),
    )


def _table_budgets(budgets: pd.DataFrame, period: str) -> tuple[dict[str, int], list[str]]:
    """Budgets of one period by buyer, and what had to be assumed.

    A buyer's row for exactly this period is its budget. Without one, its rows that touch the
    period are added up, each by the share of its days that fall into the period; they must not
    overlap, since money in two rows would count twice or, read as a total and its part, once.
    """
    start, end = period_bounds(period)
    rows: dict[str, list[_BudgetRow]] = {}
    assumptions: list[str] = []
    for code, named, fen in zip(
        budgets["buyer_code"], budgets["period"], budgets["amount_fen"], strict=True
    ):
        # What earlier releases kept as it was written.
        known = read_period(str(named))
        if known is None:
            assumptions.append(
                text("plan.budget_without_period", "zh", buyer=str(code), period=str(named))
            )
            continue
        first, last = period_bounds(known)
        if first < end and start < last:
            rows.setdefault(str(code), []).append(_BudgetRow(first, last, str(named), int(fen)))
    amounts: dict[str, int] = {}
    for code, own in rows.items():
        exact = [row for row in own if (row.first, row.last) == (start, end)]
        if exact:
            amounts[code] = sum(row.amount_fen for row in exact)
            continue
        own.sort(key=lambda row: (row.first, row.last))
        for one, other in pairwise(own):
            if other.first < one.last:
                raise UsageError(
                    f"budgets of {code} overlap: {one.period} ({one.amount_fen} fen) and "
                    f"{other.period} ({other.amount_fen} fen).",
                    f"Keep one of them, or add a row for {period} itself.",
                )
        amounts[code] = sum(row.inside(start, end) for row in own)
        assumptions.append(
            text("plan.budget_from_rows", "zh", buyer=code, rows="、".join(r.period for r in own))
        )
    return amounts, assumptions


@dataclass(frozen=True, slots=True)
class _BudgetRow:
    """One row of the table `budgets`; ``last`` is the first moment after its period."""

    first: datetime
    last: datetime
    period: str
    amount_fen: int

    def inside(self, start: datetime, end: datetime) -> int:
        """The part of the amount that falls between two moments, by days."""
        days = min(self.last, end) - max(self.first, start)
        return int(self.amount_fen * (days / (self.last - self.first)))


def _ancestors(code: str, up: dict[str, object]) -> list[str]:
    chain = [code]
    while len(chain) < 8:
        above = up.get(chain[-1])
        if not isinstance(above, str) or not above:
            break
        chain.append(above)
    return chain


def _root(streets: Streets, up: dict[str, object]) -> str:
    """The lowest area that holds all streets; ``*`` where there is none."""
    chains = [_ancestors(code, up) for code in streets.streets.ids]
    for code in chains[0]:
        if all(code in chain for chain in chains):
            return code
    return "*"


def common_area(areas: pd.DataFrame, streets: list[str]) -> tuple[str, str]:
    """The lowest area that holds streets.

    Parameters
    ----------
    areas
        The table.
    streets
        Their codes.

    Returns
    -------
    Its code and name; those of the first street where there is none.
    """
    known = areas.drop_duplicates("area_code").set_index("area_code")
    up = {str(code): above for code, above in known["parent_code"].items()}
    chains = [_ancestors(code, up) for code in streets]
    held = (code for code in chains[0] if all(code in chain for chain in chains))
    code = next(held, streets[0])
    return code, str(known["name"].get(code, code))
