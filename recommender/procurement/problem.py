"""What is to be decided: which sessions of which product in which street, for whose money."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from recommender.demand.competition import Competition
from recommender.types import IdMap


@dataclass(frozen=True, slots=True)
class Quota:
    """Bounds for a named set of products (a category, an audience group, a brand, the new ones).

    Attributes
    ----------
    name
        As in the officer's rules, such as ``category.performance``.
    group
        Key in :attr:`ProcurementProblem.groups`.
    min_share
        At least this share of what the plan spends, in [0, 1].
    max_share
        At most this share of the whole budget, in [0, 1]. (Of the budget and not of the spending,
        so that a small plan is not forbidden for being small.)
    min_sessions, max_sessions
        Bounds on the number of sessions.
    """

    name: str
    group: str
    min_share: float = 0.0
    max_share: float = 1.0
    min_sessions: int = 0
    max_sessions: int | None = None


@dataclass(frozen=True, slots=True)
class SlotLimit:
    """At most ``slots`` sessions of the products in ``group`` fit into a street's venues.

    Attributes
    ----------
    street
        Position of the street.
    group
        Key in :attr:`ProcurementProblem.groups`: the products that need such a venue.
    slots
        Sessions that fit in the whole period.
    above_seats
        The venues counted have more seats than this; 0: all venues of the street.
    """

    street: int
    group: str
    slots: int
    above_seats: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcurementProblem:
    """One planning problem; S streets, P products, B buyers.

    The benefit of n sessions of one product in one street is concave:
    ``total(n) = E[min(n * seats, D * (1 + q + ... + q**(n-1)))]`` with q the ``repeat_factor`` and
    D lognormal around a mean between ``expected`` and ``low`` by the ``caution``. (A demand that is
    surely 100 fills 100 seats; one that is 50 or 150 fills 75.) That is what they would draw
    *alone*, their mass; under ``competition`` the masses of a street take from each other
    (:mod:`recommender.procurement.benefit`).

    Attributes
    ----------
    period
        Such as ``2027Q1``.
    streets, products, buyers, suppliers
        The identifiers behind all positions.
    budget_fen
        One a buyer, shape (B,), int64.
    serves
        Whether a buyer may order for a street, shape (B, S).
    expected, low, high
        Attendances at one session if capacity were unlimited, shape (S, P).
    log_sd
        Standard deviation of the logarithm of demand, shape (S, P), >= 0; 0: certain.
    weight
        What an attendance counts for in the objective, shape (S, P), > 0; a street's speciality
        (一街一品) or a brand stands above 1. It never enters a rule.
    price_fen
        One session, shape (P,), int64.
    sessions_max
        Sessions that can be had of a product in all streets together, shape (P,).
    seats
        Seats at one session, shape (S, P); inf where there is no limit.
    allowed
        Whether the product may be held in the street at all, shape (S, P).
    required
        Sessions that must be bought, shape (S, P), int64.
    residents
        People of a street, shape (S,), > 0; evenness is per resident.
    supplier
        Position of each product's supplier, shape (P,); -1 unknown.
    groups
        Named sets of products as masks of shape (P,).
    quotas, slot_limits
        Rules over groups.
    floor_sessions
        Sessions a street must get at least, shape (S,).
    most_sessions
        Sessions a street gets at most, shape (S,); ``None``: as many as fit.
    settings
        Numbers that single rules read, by their name in the officer's file, such as
        ``supplier.share_max`` (:data:`recommender.procurement.rules.registry.SETTINGS`); a rule
        whose number is not there asks for nothing.
    gini_max
        Bound on the Gini coefficient over streets of attendance per resident, before sessions
        compete; ``None``: no bound.
    competition
        How sessions take from each other; ``None``: they do not.
    category
        Position of each product's category in the competition, shape (P,).
    matching
        0: attendances alone count; 1: money follows wants, as in Nash welfare; between: both.
    caution
        0 plans with the expected demand, 1 with the low end of its interval.
    repeat_factor
        What the next session of a product in the same street draws, relative to the one before,
        in (0, 1], shape (P,).
    sessions_per_cell
        Most sessions of one product in one street.
    series
        Sittings in one session that is bought: the lessons of a course, else 1, shape (P,).
    once
        Whether a street has it once at most, such as an exhibition, shape (P,).
    neighbours
        Pairs of streets between which a product can tour (巡演).
    touring_discount
        Share of the price saved on a session that tours together with one next door, in [0, 1).
    """

    period: str
    streets: IdMap
    products: IdMap
    buyers: IdMap
    suppliers: IdMap
    budget_fen: NDArray[np.int64]
    serves: NDArray[np.bool_]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    log_sd: NDArray[np.float64]
    weight: NDArray[np.float64]
    price_fen: NDArray[np.int64]
    sessions_max: NDArray[np.int64]
    seats: NDArray[np.float64]
    allowed: NDArray[np.bool_]
    required: NDArray[np.int64]
    residents: NDArray[np.float64]
    supplier: NDArray[np.intp]
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    slot_limits: tuple[SlotLimit, ...] = ()
    floor_sessions: NDArray[np.int64]
    repeat_factor: NDArray[np.float64]
    most_sessions: NDArray[np.int64] | None = None
    settings: Mapping[str, float] = field(default_factory=dict)
    gini_max: float | None = None
    competition: Competition | None = None
    category: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    matching: float = 0.0
    caution: float = 0.0
    sessions_per_cell: int = 3
    series: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    once: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    neighbours: tuple[tuple[int, int], ...] = ()
    touring_discount: float = 0.0

    def __post_init__(self) -> None:
        s, p, b = len(self.streets), len(self.products), len(self.buyers)
        shapes = {
            "budget_fen": (b,),
            "serves": (b, s),
            "expected": (s, p),
            "low": (s, p),
            "high": (s, p),
            "log_sd": (s, p),
            "weight": (s, p),
            "repeat_factor": (p,),
            "price_fen": (p,),
            "sessions_max": (p,),
            "seats": (s, p),
            "allowed": (s, p),
            "required": (s, p),
            "residents": (s,),
            "supplier": (p,),
            "floor_sessions": (s,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, not {shape}")
        for name in ("series", "once"):
            if getattr(self, name).shape not in ((0,), (p,)):
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, not {(p,)}")
        for name, mask in self.groups.items():
            if mask.shape != (p,):
                raise ValueError(f"group {name} has shape {mask.shape}, not {(p,)}")
        if (self.price_fen < 0).any() or (self.budget_fen < 0).any():
            raise ValueError("money must not be negative")
        if not (self.residents > 0).all():
            raise ValueError("a street needs residents")
        if not ((self.repeat_factor > 0) & (self.repeat_factor <= 1)).all():
            raise ValueError("repeat_factor must be in (0, 1]")
        if self.competition is not None:
            if self.competition.street_caps.shape != (s,) or self.category.shape != (p,):
                raise ValueError("competition needs every street, and a category a product")
            if not 0 <= self.matching <= 1:
                raise ValueError("matching must be in [0, 1]")
        if not 0 <= self.caution <= 1:
            raise ValueError("caution must be in [0, 1]")

    @property
    def sessions_each(self) -> NDArray[np.int64]:
        """Sittings of one session of each product, shape (P,); 1 where nothing is said."""
        return self.series if len(self.series) else np.ones(len(self.products), dtype=np.int64)

    @property
    def most_in_street(self) -> NDArray[np.int64]:
        """Sessions of each product that one street gets at most, shape (P,)."""
        most = np.full(len(self.products), self.sessions_per_cell, dtype=np.int64)
        return np.where(self.once, np.minimum(most, 1), most) if len(self.once) else most

    @property
    def demand(self) -> NDArray[np.float64]:
        """Demand the plan counts on: ``expected``, moved towards ``low`` by the caution."""
        return (1 - self.caution) * self.expected + self.caution * self.low

    def totals(self, demand: NDArray[np.float64], *, certain: bool = False) -> NDArray[np.float64]:
        """Attendances at 0, 1, ..., ``sessions_per_cell`` sessions for a demand matrix.

        Parameters
        ----------
        demand
            Shape (S, P): :attr:`demand`, ``expected``, ``low`` or ``high``.
        certain
            Take the demand as it is instead of as the mean of what it may turn out to be.

        Returns
        -------
        Shape (sessions_per_cell + 1, S, P), concave and rising along the first axis.
        """
        counts = np.arange(self.sessions_per_cell + 1, dtype=np.float64)[:, None, None]
        powers = self.repeat_factor ** np.arange(self.sessions_per_cell)[:, None]
        drawn = np.concatenate([np.zeros((1, len(self.products))), np.cumsum(powers, axis=0)])
        mean = drawn[:, None, :] * demand
        with np.errstate(invalid="ignore"):  # 0 sessions of unlimited seats
            room = np.where(counts > 0, counts * self.seats, 0.0)
        if certain:
            return np.minimum(room, mean)
        return expected_minimum(mean, self.log_sd, room)


def expected_minimum(
    mean: NDArray[np.float64], log_sd: NDArray[np.float64], room: NDArray[np.float64]
) -> NDArray[np.float64]:
    """E[min(X, room)] for a lognormal X of the given mean; arrays broadcast.

    With r = ln(room / mean) / sd: ``mean Phi(r - sd / 2) + room (1 - Phi(r + sd / 2))``.

    Parameters
    ----------
    mean
        Means, attendances, >= 0.
    log_sd
        Standard deviation of the logarithm, >= 0.
    room
        Seats, >= 0; inf without a limit.

    Returns
    -------
    Means of the smaller of both.
    """
    mean, log_sd, room = np.broadcast_arrays(mean, log_sd, room)
    result = np.minimum(mean, room)
    spread = (log_sd > 0) & (mean > 0) & (room > 0) & np.isfinite(room)
    m, sd, c = mean[spread], log_sd[spread], room[spread]
    ratio = np.log(c / m) / sd
    result[spread] = m * ndtr(ratio - sd / 2) + c * ndtr(-ratio - sd / 2)
    return np.asarray(result, dtype=np.float64)
