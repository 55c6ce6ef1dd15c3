"""Unconstrained demand of each session and its effects: the first half of fitting street demand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.working_days import WorkingDays
from features.demand.counts import ActiveBookings, Sessions
from features.demand.exposure import SessionImpressions
from features.demand.products import ProductFeatures
from features.demand.sessions import (
    SessionTotals,
    read_booking_curve,
    read_session_totals,
    saturation_level,
    session_series,
    time_slots,
)
from recommender.demand.observations.censoring import unconstrain
from recommender.demand.observations.exposure import relative_exposure
from recommender.demand.observations.runs import reach_of_runs
from recommender.demand.observations.saturation import learn_repeat_factor, learn_saturation
from recommender.demand.observations.session_effects import combine_effects, fit_session_effects
from training.demand.circumstances import (
    AUDIENCE_SLOT,
    SLOT,
    SLOTS,
    VENUE,
    read_circumstances,
)

Floats = NDArray[np.float64]

ROUNDS = 3
"""Turns between unconstraining and the circumstances of place, hour and exposure."""
WEAR_SHARE = 0.4
"""How much of the wear between past sessions is expected of those to come."""
VENUE_SHARE = 0.25
"""How much of a venue's departure from its street's others is the venue's own."""


@dataclass(frozen=True, slots=True)
class SessionDemand:
    """Demand of the past sessions and the effects on it.

    Attributes
    ----------
    demand, asked
        Demand, and seats asked for, of each past session, shape (past,).
    rate
        Of each product at mean circumstances, a resident and session, shape (products,).
    size
        Negative-binomial size by category.
    factors
        Of each kind of circumstance (:mod:`training.demand.circumstances`).
    opportunity
        Demand of each past session at a rate of one, shape (past,).
    context
        Factor of all circumstances on each session, shape (events,).
    weight
        Demand over seats asked for, shape (events,).
    repeat_factor
        Factor from one session of a product to the next, by category.
    exposure
        Exponent of exposure over appeal, 0 where there is no log.
    wear, unworn
        How fast interest in a product wears off, and the factor on one that was never held,
        relative to a session of the past.
    """

    demand: Floats
    asked: Floats
    rate: Floats
    size: Floats
    factors: list[Floats]
    opportunity: Floats
    context: Floats
    weight: Floats
    repeat_factor: Floats
    exposure: float
    wear: float = 0.0
    unworn: float = 1.0

    def hour_effect(self, sessions: Sessions, product_features: ProductFeatures) -> Floats:
        """Factor of the hours at which products for the same audience typically take place.

        Parameters
        ----------
        sessions
            The sessions, with their hours.
        product_features
            The products, with their audiences.

        Returns
        -------
        Factors, shape (products,).
        """
        slot, audience = time_slots(sessions), product_features.audience[sessions.product]
        lift = self.factors[SLOT][slot] * self.factors[AUDIENCE_SLOT][audience * SLOTS + slot]
        size = int(product_features.audience.max(initial=0)) + 1
        count = np.bincount(audience, minlength=size)
        mean = (np.bincount(audience, weights=lift, minlength=size) + 5.0) / (count + 5.0)
        return np.asarray(mean[product_features.audience])

    def place_effect(self, sessions: Sessions, main: NDArray[np.intp]) -> Floats:
        """Factor of each street's usual venue, shape (streets,).

        Most of how far a venue lies above its street's others is what is held there: in simulated
        districts figures are nearest the truth with a quarter of it.

        Parameters
        ----------
        sessions
            The sessions, with their venues and streets.
        main
            Position of each street's usual venue, -1 where it has none.

        Returns
        -------
        Factors, > 0; 1 where a street has no venue.
        """
        held = (sessions.past & (sessions.street >= 0) & (sessions.venue >= 0)).nonzero()[0]
        street, log = sessions.street[held], np.log(self.factors[VENUE][sessions.venue[held]])
        count = np.bincount(street, minlength=len(main))
        mean = np.bincount(street, weights=log, minlength=len(main)) / np.maximum(count, 1)
        own = np.where(main >= 0, np.log(np.append(self.factors[VENUE], 1.0)[main]), mean)
        return np.asarray(np.exp(mean + VENUE_SHARE * (own - mean)))

    def freshness(self, level: Floats) -> Floats:
        """Factor of how often products were held in the year before.

        A part of the wear between sessions of the past: some of it is that what is new is shown
        more. In simulated districts totals are nearest the truth then.

        Parameters
        ----------
        level
            Saturation of each product now, shape (products,).

        Returns
        -------
        Factors, > 0.
        """
        return np.asarray((self.unworn * np.exp(-self.wear * level)) ** WEAR_SHARE)


def learn_sessions(
    sessions: Sessions,
    active: ActiveBookings,
    product_features: ProductFeatures,
    registered: Floats,
    shown: SessionImpressions,
    calendar: WorkingDays,
) -> SessionDemand:
    """Learn demand, rates and circumstances by turns.

    Parameters
    ----------
    registered
        Residents of each street at each session, shape (streets, events).
    calendar
        The district's holidays.

    Returns
    -------
    Demand of every session if capacity were unlimited, and the factors that were learnt.
    """
    size = len(sessions.events)
    seen = sessions.past.nonzero()[0]
    product = sessions.product[seen]
    totals = read_session_totals(sessions, active)
    early, elapsed = read_booking_curve(sessions, active, totals)
    series, order = session_series(sessions)
    repeat_factor = _repeat_factor(sessions, totals, series, order, product_features)
    fresh = repeat_factor[product_features.group[sessions.product]] ** order
    fresh = fresh * reach_of_runs(sessions.days, product_features.group[sessions.product])
    everyone = registered.sum(axis=0)
    met = np.maximum(fresh * everyone, 1e-9)
    circumstances = read_circumstances(sessions, product_features, calendar)
    held_levels = [level[seen] for level in circumstances.levels]
    saturation, follow, unworn = saturation_level(sessions), 0.0, 1.0
    lift, exposure_factor, unsaturated = np.ones((3, size))
    for turn in range(ROUNDS):
        freed = unconstrain(
            totals.taken[seen],
            totals.waiting[seen],
            totals.full[seen],
            (met * lift * exposure_factor)[seen],
            product,
            product_features.group,
            early=early[seen],
            elapsed=elapsed[seen],
            # Waiting lists are weighed in the last turn only: they cost the most by far.
            passes=2 if turn == ROUNDS - 1 else 0,
        )
        appeal, r = freed.rate[product], freed.size[product_features.group[product]]
        factors = fit_session_effects(
            freed.demand,
            (met * exposure_factor * unsaturated)[seen] * appeal,
            held_levels,
            circumstances.sizes,
            size=r,
        )
        plain = combine_effects(factors, circumstances.levels, size)
        rate = learn_saturation(
            freed.demand, (met * exposure_factor * plain)[seen], saturation[seen], product, r
        )
        unsaturated = np.exp(-rate * saturation)
        # The reference is a product at the mean saturation of the sessions held.
        reference = (met * plain)[seen] * appeal
        unworn = reference.sum() / max((reference * unsaturated[seen]).sum(), 1e-12)
        unsaturated *= unworn
        lift = plain * unsaturated
        exposure_factor[seen], follow = relative_exposure(
            (met * lift)[seen] * appeal,
            # The log shows how long and among how many a session was on sale: not twice.
            (everyone * circumstances.on_sale(factors, size))[seen],
            shown.weighted_impressions[seen],
            shown.logged[seen],
            appeal,
            shown.share,
        )
    weight = np.ones(size)
    asked = (totals.taken + totals.waiting)[seen]
    weight[seen] = np.where(asked > 0, freed.demand / np.maximum(asked, 1e-9), 1.0)
    return SessionDemand(
        demand=freed.demand,
        asked=asked,
        rate=freed.rate,
        size=freed.size,
        factors=factors,
        opportunity=(met * lift * exposure_factor)[seen],
        context=fresh * lift * exposure_factor,
        weight=weight,
        repeat_factor=repeat_factor,
        exposure=follow,
        wear=float(rate),
        unworn=float(unworn),
    )


def _repeat_factor(
    sessions: Sessions,
    totals: SessionTotals,
    series: NDArray[np.intp],
    order: NDArray[np.intp],
    product_features: ProductFeatures,
) -> NDArray[np.float64]:
    """Repeat factor by category; full sessions are left out, since their demand is censored."""
    held = (sessions.past & (sessions.street >= 0) & ~totals.full).nonzero()[0]
    return learn_repeat_factor(
        totals.taken[held],
        order[held],
        series[held],
        product_features.group[sessions.product[held]],
        len(product_features.categories),
    )
