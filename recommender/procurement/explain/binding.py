"""Which rules hold a plan back, from the duals of its relaxation.

By the theorem of the envelope, what a little more of a bound gains is its dual times what is added.
A tenth more of each is a unit in which money, sessions and shares can be compared.
"""

import numpy as np
from numpy.typing import NDArray

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import STRUCTURE
from recommender.procurement.rules.rule import FEN
from recommender.procurement.rules.values import RuleKey
from recommender.procurement.solver.linear_model import LinearModel
from recommender.procurement.solver.relaxation import Relaxation

_TENTH = 0.1


def shadow_prices(model: LinearModel, relaxed: Relaxation) -> dict[RuleKey, float]:
    """Weighted attendances gained by one unit more of every bound that binds.

    Parameters
    ----------
    model, relaxed
        The model and its relaxation.

    Returns
    -------
    By rule; evenness has no unit and is left out.
    """
    prices: dict[RuleKey, float] = {}
    for key, dual in zip(model.keys, relaxed.duals, strict=True):
        if abs(dual) > 1e-9 and key.rule not in STRUCTURE and key.rule != "evenness":
            prices[key] = prices.get(key, 0.0) + float(abs(dual))
    return prices


def gains_of_easing(
    problem: ProcurementProblem, model: LinearModel, relaxed: Relaxation
) -> dict[RuleKey, float]:
    """Weighted attendances gained, nearly, if a bound were a tenth looser, all others kept.

    Parameters
    ----------
    problem
        The planning problem.
    model, relaxed
        Its model and relaxation.

    Returns
    -------
    By rule, largest first; those that bind only.
    """
    gains: dict[RuleKey, float] = {}
    price = problem.price_fen[model.product] / FEN
    spending = float(price @ relaxed.x[: model.n_sessions])
    shares = {quota.name: quota.min_share for quota in problem.quotas}
    bounds = _bounds_with_variables(model, relaxed.x)
    for position, (key, dual) in enumerate(zip(model.keys, relaxed.duals, strict=True)):
        if abs(dual) <= 1e-9 or key.rule in STRUCTURE:
            continue
        if key.rule == "evenness":
            bound = bounds.get(position, 0.0)
        elif key.rule == "quota.min_share":
            bound = shares[key.subject] * spending
        else:
            bound = model.high[position] if dual > 0 else model.low[position]
        gain = _TENTH * abs(float(dual)) * abs(float(bound))
        if gain > 1e-6:
            gains[key] = gains.get(key, 0.0) + gain
    return dict(sorted(gains.items(), key=lambda item: -item[1]))


def _bounds_with_variables(model: LinearModel, x: NDArray[np.float64]) -> dict[int, float]:
    """The bound on evenness: G times the sum of levels, which are columns; by its row."""
    rows = model.rows_of("evenness")
    if not rows:
        return {}
    last = rows[-1]
    entries = slice(model.matrix.indptr[last], model.matrix.indptr[last + 1])
    numbers, columns = model.matrix.data[entries], model.matrix.indices[entries]
    return {last: float(-(numbers * x[columns])[numbers < 0].sum())}
