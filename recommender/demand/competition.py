"""People have few evenings: sessions take attendances from each other.

A session's *mass* is what it would draw if it were the only one of the period. The masses x_sc of
a street's sessions of category c come to

    A_sc = W_sc * phi(x_sc / W_sc),    A_s = W_s * phi(sum_c A_sc / W_s),    phi(u) = 1 - exp(-u)

attendances: concave in every category of a street and in the street, never above the masses, nor
above W_s, the attendances that the street has evenings for, nor above W_sc, those it has for one
category. This is a saturating form of nested choice (McFadden 1978), in which sessions are close
substitutes within a category and looser ones across categories. ``phi`` is what is left of
independent wishes when each evening can be spent once.

W_s is a number of visits a head times the street's people, and W_sc a multiple of the street's
*wants* of it. Both multiples are learnt from how attendance fell where and when there was more
supply, with the domain's figures (some 1.5 to 2 visits a head and year) as a prior: supply varies
little, so the prior weighs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STREET_MULTIPLE = 3.0
"""Attendances that people have evenings for, over today's (*assumed*; the prior's centre)."""
CATEGORY_MULTIPLE = 3.0
"""Attendances that one category can have, over its wanted share of W_s (*assumed* likewise)."""
PRIOR_SD = 0.35
"""Of the logarithm of both multiples."""
STREET_GRID: Floats = np.array([1.5, 1.8, 2.2, 2.6, 3.0, 3.6, 4.4, 5.5, 7.0])
CATEGORY_GRID: Floats = np.array([1.2, 1.6, 2.2, 3.0, 4.0, 5.5, 8.0])


@dataclass(frozen=True, slots=True, eq=False)
class Competition:
    """How sessions of a period compete, in streets S and categories C.

    Attributes
    ----------
    street_caps
        W_s, attendances, shape (S,), > 0; inf: no competition across categories.
    category_caps
        W_sc, attendances, shape (S, C), > 0; inf: none within one.
    wants
        Share of visits that each street would give each category if offered everything, shape
        (S, C), rows sum to one.
    usual
        Attendances of a usual period in each street and category, shape (S, C).
    """

    street_caps: Floats
    category_caps: Floats
    wants: Floats
    usual: Floats

    def attendances(self, mass: Floats) -> Floats:
        """A_sc after both levels: what sets of sessions come to, shape (S, C).

        Parameters
        ----------
        mass
            x_sc, sums of what the sessions would draw alone, shape (S, C).
        """
        within = saturate(mass, self.category_caps)
        total = within.sum(axis=1)
        kept = saturate(total, self.street_caps) / np.maximum(total, 1e-300)
        return np.asarray(np.where(total > 0, kept, 1.0)[:, None] * within)

    def shares(self, mass: Floats) -> Floats:
        """Attendances over masses, in (0, 1], shape (S, C); for nothing, that of the first one.

        Parameters
        ----------
        mass
            x_sc, shape (S, C).
        """
        within = np.where(
            mass > 0, saturate(mass, self.category_caps) / np.maximum(mass, 1e-300), 1
        )
        total = (within * mass).sum(axis=1)
        across = np.where(
            total > 0, saturate(total, self.street_caps) / np.maximum(total, 1e-300), 1.0
        )
        return np.asarray(within * across[:, None])

    def margins(self, mass: Floats) -> Floats:
        """Attendances that one more of mass adds as things stand, in (0, 1], shape (S, C).

        Parameters
        ----------
        mass
            x_sc, shape (S, C).
        """
        within = saturate(mass, self.category_caps)
        across = np.exp(-within.sum(axis=1) / self.street_caps)
        return np.asarray(np.exp(-mass / self.category_caps) * across[:, None])

    def masses(self, attendances: Floats) -> Floats:
        """The inverse of :meth:`attendances`; caps are never reached by more than 95 %.

        Parameters
        ----------
        attendances
            A_sc, shape (S, C).
        """
        total = attendances.sum(axis=1)
        before = _desaturate(total, self.street_caps)
        factor = np.where(total > 0, before / np.maximum(total, 1e-300), 1.0)
        return _desaturate(attendances * factor[:, None], self.category_caps)

    def scaled(self, periods: float) -> Self:
        """The same for a time of so many periods."""
        return replace(
            self,
            street_caps=periods * self.street_caps,
            category_caps=periods * self.category_caps,
            usual=periods * self.usual,
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, as named arrays."""
        return {f"competition_{each.name}": getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """The inverse of :meth:`to_arrays`; ``None`` where there is nothing of it.

        Raises
        ------
        KeyError
            If some of its arrays are there and others are not.
        """
        names = {each.name: f"competition_{each.name}" for each in fields(cls)}
        if all(name not in arrays for name in names.values()):
            return None
        return cls(**{name: arrays[key] for name, key in names.items()})

    def of(self, streets: NDArray[np.intp]) -> Self:
        """The same for some of the streets, by position."""
        return replace(
            self,
            street_caps=self.street_caps[streets],
            category_caps=self.category_caps[streets],
            wants=self.wants[streets],
            usual=self.usual[streets],
        )


def saturate(mass: Floats, cap: Floats) -> Floats:
    """What a mass comes to, ``cap * (1 - exp(-mass / cap))``; without a cap the mass itself.

    Parameters
    ----------
    mass
        >= 0.
    cap
        > 0, of a shape that broadcasts.

    Returns
    -------
    Attendances.
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isfinite(cap), -cap * np.expm1(-mass / cap), mass))


def _desaturate(attendances: Floats, cap: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        mass = -cap * np.log1p(-np.minimum(attendances / cap, 0.95))
    return np.asarray(np.where(np.isfinite(cap), mass, attendances))


def matching_degree(attendances: Floats, wants: Floats) -> Floats:
    """供需匹配度 of each street: 1 - half the absolute differences of shares over categories.

    Parameters
    ----------
    attendances
        By street and category, shape (S, C).
    wants
        Shares, shape (S, C).

    Returns
    -------
    In [0, 1], shape (S,); 0 for a street without attendances.
    """
    total = attendances.sum(axis=1, keepdims=True)
    shares = attendances / np.maximum(total, 1e-300)
    found = 1 - np.abs(shares - wants).sum(axis=1) / 2
    return np.asarray(np.where(total[:, 0] > 0, found, 0.0))


def estimate_wants(offered: Floats, votes: Floats, expected: Floats) -> Floats:
    """Share of visits each street would give each category if offered everything.

    Exposure-corrected demand for everything in the catalogue, moved by what the street's people
    say of categories: where a street votes more for a category than the district does, its share
    rises, the more the larger the survey (shrunk by ``_VOTES`` votes).

    Parameters
    ----------
    offered
        Sum over the listed products of what one session of each would draw alone, shape (S, C).
    votes, expected
        Of category surveys: votes, and those expected of such respondents, shape (S, C).

    Returns
    -------
    Rows sum to one, shape (S, C).
    """
    shares = offered / np.maximum(offered.sum(axis=1, keepdims=True), 1e-300)
    level = votes.sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-300)
    lift = (votes + _VOTES) / (expected * level + _VOTES)
    # Demand rests on bookings of the street already: surveys say half of what they could.
    shares = shares * np.sqrt(np.where(expected > 0, lift, 1.0))
    total = shares.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, shares / np.maximum(total, 1e-300), 1 / shares.shape[1]))


_VOTES = 50.0


def learn_multiples(
    demand: Floats,
    expected: Floats,
    street_load: Floats,
    category_load: Floats,
    product: NDArray[np.intp],
    size: Floats | float,
) -> tuple[float, float]:
    """Multiples behind W_s and W_sc, from sessions with more and with less beside them.

    Only sessions of the same product are compared, as in
    :func:`~recommender.demand.observations.saturation.learn_saturation`: within a product each
    session's share of the total follows ``expected * kept``, where ``kept`` is what competition
    leaves at that session's loads. The posterior mode on a grid, under lognormal priors.

    Parameters
    ----------
    demand, expected
        Of each session; ``expected`` before competition, up to a factor, shape (n,).
    street_load
        Attendances beside it in its street and period, over those of today's mean, shape (n,).
    category_load
        Attendances of its category there, over that category's share of today's mean, shape (n,).
    product, size
        Product of each session, and its negative-binomial size.

    Returns
    -------
    ``W_s`` over today's attendances, and ``W_sc`` over the category's share of ``W_s``.
    """
    if len(demand) == 0:
        return STREET_MULTIPLE, CATEGORY_MULTIPLE
    n = int(product.max()) + 1
    weight = size / (size + expected)
    best, found = -np.inf, (STREET_MULTIPLE, CATEGORY_MULTIPLE)
    for street in STREET_GRID:
        for category in CATEGORY_GRID:
            kept = _kept(category_load / (street * category)) * _kept(street_load / street)
            mean = expected * kept
            total = np.bincount(product, weights=weight * mean, minlength=n)
            log = np.log(np.maximum(weight * mean / np.maximum(total[product], 1e-300), 1e-300))
            fit = float((weight * demand * log).sum())
            fit -= np.log(street / STREET_MULTIPLE) ** 2 / (2 * PRIOR_SD**2)
            fit -= np.log(category / CATEGORY_MULTIPLE) ** 2 / (2 * PRIOR_SD**2)
            if fit > best:
                best, found = fit, (float(street), float(category))
    return found


def _kept(load: Floats) -> Floats:
    return np.asarray(np.where(load > 1e-9, -np.expm1(-load) / np.maximum(load, 1e-9), 1.0))
