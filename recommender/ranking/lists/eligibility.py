"""Who may be shown what: small named rules, each with the reason it gives.

Every rule answers for all residents × events at once. Rules that speak of the event alone
return one value an event, the others one a pair; :func:`eligible` joins them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from recommender.geography import great_circle_m
from recommender.ranking.lists.facts import EligibilityContext, ResidentFacts
from recommender.runs import DAY_S
from recommender.types import Reason

ADULT = 18

TRAVEL_M_PER_S = 15 / 3.6
"""Door to door speed in a city, 15 km/h (assumed): what a gap between two bookings must allow."""

DROP_IN_S = 12 * 3600
"""An event longer than this is open to drop in (an exhibition), so it clashes with nothing."""


Test = Callable[[ResidentFacts, EligibilityContext], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition for being shown.

    Attributes
    ----------
    name
        Stable; the code of its refusal is ``not_`` and the name.
    test
        True where the event may be shown; shape (n_events,) or (n_residents, n_events).
    """

    name: str
    test: Test

    @property
    def reason(self) -> Reason:
        """The refusal."""
        return Reason(f"not_{self.name}")


def _future(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    events = context.events
    run = events.ends_s - events.starts_s > DAY_S  # to a run of days one can go until it ends
    return np.where(run, events.ends_s, events.starts_s) > context.now_s


def _published(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return context.events.published_s <= context.now_s


def _open(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return context.events.open & (context.events.closes_s > context.now_s)


def _seats(_: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return (context.events.seats_left >= 1) | context.events.waiting_list


def _age(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return residents.oldest[:, None] >= context.events.min_age


def _audience(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return residents.oldest[:, None] >= context.events.audience_age


def _guardian(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    alone = (residents.oldest < ADULT) & ~residents.guardian_consent
    return ~(alone[:, None] & context.events.paid)


def _access(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    return ~residents.needs_step_free[:, None] | (context.events.step_free | context.events.online)


def _booked(residents: ResidentFacts, _: EligibilityContext) -> NDArray[np.bool_]:
    return ~_dense(residents.booked)


def _muted(residents: ResidentFacts, _: EligibilityContext) -> NDArray[np.bool_]:
    return ~_dense(residents.muted)


def _dense(matrix: sp.csr_matrix) -> NDArray[np.bool_]:
    # A resident's own bookings are few, mostly none.
    return matrix.toarray() if matrix.nnz else np.zeros(matrix.shape, dtype=np.bool_)


def _reach(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    far = context.distance_m[residents.home] > residents.reach_m[:, None]  # NaN is never far
    return ~far | context.events.online


def _clash(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    free = np.ones((len(residents), len(context.events)), dtype=np.bool_)
    if len(residents.busy_starts_s) == 0:
        return free
    events = context.events
    who = np.repeat(np.arange(len(residents)), np.diff(residents.busy_from))
    travel_m = great_circle_m(
        residents.busy_lat[:, None], residents.busy_lon[:, None], events.lat, events.lon
    )
    travel_s = np.nan_to_num(travel_m, nan=0.0) / TRAVEL_M_PER_S
    starts, ends = residents.busy_starts_s[:, None], residents.busy_ends_s[:, None]
    clash = (
        (events.starts_s < ends + travel_s)
        & (starts < events.ends_s + travel_s)
        & (ends - starts <= DROP_IN_S)
        & (events.ends_s - events.starts_s <= DROP_IN_S)
    )
    booking, event = np.nonzero(clash)
    free[who[booking], event] = False
    return free


EVENT_RULES = (
    Rule("future", _future),
    Rule("published", _published),
    Rule("open", _open),
    Rule("seats", _seats),
)
"""Rules that speak of the event alone."""

RESIDENT_RULES = (
    Rule("age", _age),
    Rule("audience", _audience),
    Rule("guardian", _guardian),
    Rule("access", _access),
    Rule("booked", _booked),
    Rule("clash", _clash),
    Rule("reach", _reach),
    Rule("muted", _muted),
)
"""Rules that speak of the resident and the event."""

RULES = EVENT_RULES + RESIDENT_RULES


_NOBODY = ResidentFacts.anonymous(0)
"""What rules that speak of the event alone are given to ignore."""


def bookable(context: EligibilityContext) -> NDArray[np.bool_]:
    """Events that somebody may be shown: every rule that speaks of the event alone.

    Returns
    -------
    Booleans, shape (n_events,).
    """
    mask = np.ones(len(context.events), dtype=np.bool_)
    for rule in EVENT_RULES:
        mask &= rule.test(_NOBODY, context)
    return mask


def eligible(residents: ResidentFacts, context: EligibilityContext) -> NDArray[np.bool_]:
    """Pairs for which every rule holds.

    Parameters
    ----------
    residents
        Who asks; matrices before the events of ``context``.
    context
        The moment, its events and how far they lie.

    Returns
    -------
    Booleans, shape (n_residents, n_events).
    """
    mask = np.broadcast_to(bookable(context), (len(residents), len(context.events))).copy()
    for rule in RESIDENT_RULES:
        mask &= rule.test(residents, context)
    return mask


def refusals(resident: ResidentFacts, context: EligibilityContext) -> list[tuple[Reason, ...]]:
    """Why each event is not shown to one resident; empty where it may be.

    Parameters
    ----------
    resident
        Facts of exactly one resident.
    context
        The moment, its events and how far they lie.

    Returns
    -------
    One tuple of refusals an event, in the order of :data:`RULES`.

    Raises
    ------
    ValueError
        If there is more than one resident.
    """
    if len(resident) != 1:
        raise ValueError("refusals are told to one resident")
    passed = np.array(
        [
            np.broadcast_to(rule.test(resident, context), (1, len(context.events)))[0]
            for rule in RULES
        ]
    )
    return [
        tuple(rule.reason for rule, holds in zip(RULES, column, strict=True) if not holds)
        for column in passed.T
    ]
