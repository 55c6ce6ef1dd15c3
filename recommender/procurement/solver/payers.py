"""Who pays is settled after what is bought.

Where several buyers may order for one street, the linear model holds each of its sessions once a
buyer, all worth the same: ties that cost a solver most of its time. Here such columns are one, and
money flows from buyers to streets: the price of a street's sessions is at most what buyers give to
it, and a buyer gives at most its budget. With parts of sessions both models are worth the same, so
a bound of this one holds for the other. Whole sessions are handed to buyers afterwards, dearest
first; the few that then fit no single purse are left out, for the filling to replace.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from recommender.procurement.problem import ProcurementProblem
from recommender.procurement.rules.registry import PAYMENTS, STEPS
from recommender.procurement.rules.rule import FEN, Floats, Positions
from recommender.procurement.rules.values import RuleKey
from recommender.procurement.solver.linear_model import LinearModel

_FEW = 1000  # session columns up to which the model is solved as it is, buyer by buyer


@dataclass(frozen=True, slots=True)
class Merged:
    """A model whose sessions have no buyer yet.

    Attributes
    ----------
    full
        The model with buyers.
    model
        The one without; the same where no street has two buyers.
    member
        For each session column of ``full``, its column in ``model``.
    rows
        For each of the first rows of ``model``, its row in ``full``.
    """

    full: LinearModel
    model: LinearModel
    member: Positions
    rows: Positions

    def with_buyers(self, problem: ProcurementProblem, x: Floats) -> Floats:
        """A whole solution of ``model`` as one of ``full``.

        Parameters
        ----------
        problem
            The planning problem.
        x
            One entry a column of ``model``.

        Returns
        -------
        One entry a column of ``full``; only its sessions and tours are set.
        """
        if self.model is self.full:
            return x
        paid = np.zeros(len(self.full.value))
        column = np.full((len(problem.buyers), self.model.n_sessions), -1, dtype=np.intp)
        column[self.full.buyer, self.member] = np.arange(self.full.n_sessions)
        left = problem.budget_fen.copy()
        taken = np.flatnonzero(x[: self.model.n_sessions] > 0.5)
        price = problem.price_fen[self.model.product]
        # A purse of one street first; one that serves many is kept for what is left over.
        order = np.argsort(problem.serves.sum(axis=1), kind="stable")
        for session in taken[np.argsort(-price[taken], kind="stable")]:
            for b in order:
                if column[b, session] >= 0 and price[session] <= left[b]:
                    left[b] -= price[session]
                    paid[column[b, session]] = 1.0
                    break
        return paid


def without_merging(model: LinearModel) -> Merged:
    """The model with its buyers, as both."""
    return Merged(model, model, np.arange(model.n_sessions), np.arange(len(model.keys)))


def merge_buyers(problem: ProcurementProblem, model: LinearModel) -> Merged:
    """The model without buyers, where streets have several and there is much to choose from.

    Parameters
    ----------
    problem
        The planning problem.
    model
        Its model.

    Returns
    -------
    Both models. Tours name the buyers of both sides, so a model with tours stays as it is.
    """
    n = model.n_sessions
    cell = np.ravel_multi_index(
        (model.street, model.product, model.tier),
        (*problem.allowed.shape, problem.sessions_per_cell),
    )
    _, first, member = np.unique(cell, return_index=True, return_inverse=True)
    if n <= _FEW or model.tours or len(first) == n:
        return without_merging(model)
    pairs = np.unique(np.column_stack([model.buyer, model.street]), axis=0)
    columns = np.concatenate([first, np.arange(n, len(model.value))])
    n_kept, n_pairs = len(columns), len(pairs)
    budgets = set(model.rows_of("budget"))
    once = (model.low == -np.inf) & (model.high == 1.0)
    kept = [
        i for i, key in enumerate(model.keys)
        if i not in budgets and not (key == STEPS and once[i])
    ]  # fmt: skip
    price = problem.price_fen[model.product[first]] / FEN
    streets = len(problem.streets)
    spent = sp.csr_array(
        (price, (model.street[first], np.arange(len(first)))), shape=(streets, n_kept)
    )
    given = sp.csr_array(
        (-np.ones(n_pairs), (pairs[:, 1], np.arange(n_pairs))), shape=(streets, n_pairs)
    )
    purses = sp.csr_array(
        (np.ones(n_pairs), (pairs[:, 0], np.arange(n_pairs))),
        shape=(len(problem.buyers), n_pairs),
    )
    matrix = sp.block_array(
        [[model.matrix[kept][:, columns], None], [spent, given], [None, purses]], format="csr"
    )
    merged = replace(
        model,
        value=np.concatenate([model.value[columns], np.zeros(n_pairs)]),
        upper=np.concatenate([model.upper[columns], np.full(n_pairs, np.inf)]),
        integral=np.concatenate([model.integral[columns], np.zeros(n_pairs, dtype=np.bool_)]),
        matrix=sp.csr_array(matrix),
        low=np.concatenate([model.low[kept], np.full(streets + len(problem.buyers), -np.inf)]),
        high=np.concatenate([model.high[kept], np.zeros(streets), problem.budget_fen / FEN]),
        keys=(
            *(model.keys[i] for i in kept),
            *[PAYMENTS] * streets,
            *(RuleKey("budget", place=code) for code in problem.buyers.ids),
        ),
        buyer=model.buyer[first],
        street=model.street[first],
        product=model.product[first],
        tier=model.tier[first],
        worth=model.worth[first],
    )
    return Merged(model, merged, member, np.array(kept, dtype=np.intp))
