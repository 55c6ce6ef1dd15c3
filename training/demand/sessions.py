"""What each session would have drawn, and why: the first half of fitting street demand."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.demand.counts import Sessions, Wishes
from features.demand.exposure import Shown
from features.demand.products import ProductTraits
from features.demand.sessions import (
    SALE_LEVELS,
    Draw,
    months,
    on_sale,
    read_curve,
    read_draw,
    repeats,
    slots,
    worn,
)
from recommender.demand.observations.censoring import unconstrain
from recommender.demand.observations.exposure import relative_exposure
from recommender.demand.observations.saturation import learn_repeat_factor, learn_wear
from recommender.demand.observations.session_effects import combine, learn_factors
from recommender.demand.products.new_products import learn_product_rates
from recommender.demand.small_areas.interval_backtest import latest_factor

Floats = NDArray[np.float64]

ROUNDS = 3
"""Turns between unconstraining and the circumstances of place, hour and exposure."""
PERIOD = np.timedelta64(92, "D")
"""Length of the latest period, on which intervals are checked."""


@dataclass(frozen=True, slots=True)
class SessionDemand:
    """Demand of the past sessions and what lifted or lowered it.

    Attributes
    ----------
    demand, asked
        Demand, and seats asked for, of each past session, shape (past,).
    rate
        Of each product at usual circumstances, a resident and session, shape (products,).
    size
        Negative-binomial size by category.
    factors
        By venue, time of week, time of week by audience, and quarter by category.
    opportunity
        Demand of each past session at a rate of one, shape (past,).
    circumstance
        Factor of all circumstances on each session, shape (events,).
    weight
        Demand over seats asked for, shape (events,).
    repeat_factor
        Factor from one session of a product to the next, by category.
    exposure
        By how much exposure follows appeal (an exponent), 0 where there is no log.
    """

    demand: Floats
    asked: Floats
    rate: Floats
    size: Floats
    factors: list[Floats]
    opportunity: Floats
    circumstance: Floats
    weight: Floats
    repeat_factor: Floats
    exposure: float

    def usual_hours(self, sessions: Sessions, traits: ProductTraits) -> Floats:
        """Factor of the hours at which products for the same audience usually take place."""
        slot, audience = slots(sessions), traits.audience[sessions.product]
        lift = self.factors[1][slot] * self.factors[2][audience * 6 + slot]
        size = int(traits.audience.max(initial=0)) + 1
        count = np.bincount(audience, minlength=size)
        mean = (np.bincount(audience, weights=lift, minlength=size) + 5.0) / (count + 5.0)
        return np.asarray(mean[traits.audience])

    def season(self, categories: int) -> Floats:
        """Factor of each month by category, shape (categories, 12)."""
        return np.repeat(self.factors[3].reshape(categories, 4), 3, axis=1)


def learn_sessions(
    sessions: Sessions, wishes: Wishes, traits: ProductTraits, there: Floats, shown: Shown
) -> SessionDemand:
    """Learn demand, rates and circumstances by turns.

    Parameters
    ----------
    there
        Residents of each street at each session, shape (streets, events).
    """
    size = len(sessions.events)
    seen = sessions.past.nonzero()[0]
    product = sessions.product[seen]
    draws = read_draw(sessions, wishes)
    early, elapsed = read_curve(sessions, wishes, draws)
    series, order = repeats(sessions)
    repeat_factor = _repeat_factor(sessions, draws, series, order, traits)
    fresh = repeat_factor[traits.group[sessions.product]] ** order
    everyone = there.sum(axis=0)
    met = np.maximum(fresh * everyone, 1e-9)
    levels, sizes = _circumstances(sessions, traits)
    held_levels = [level[seen] for level in levels]
    tired, follow = worn(sessions), 0.0
    lift, heard, unworn = np.ones((3, size))
    for turn in range(ROUNDS):
        freed = unconstrain(
            draws.taken[seen],
            draws.waiting[seen],
            draws.full[seen],
            (met * lift * heard)[seen],
            product,
            traits.group,
            early=early[seen],
            elapsed=elapsed[seen],
            # Waiting lists are weighed in the last turn only: they cost the most by far.
            passes=2 if turn == ROUNDS - 1 else 0,
        )
        appeal, r = freed.rate[product], freed.size[traits.group[product]]
        factors = learn_factors(
            freed.demand, (met * heard * unworn)[seen] * appeal, held_levels, sizes, size=r
        )
        plain = combine(factors, levels, size)
        wear = learn_wear(freed.demand, (met * heard * plain)[seen], tired[seen], product, r)
        unworn = np.exp(-wear * tired)
        # Usual is a product as worn as those that were held.
        usual = (met * plain)[seen] * appeal
        unworn *= usual.sum() / max((usual * unworn[seen]).sum(), 1e-12)
        lift = plain * unworn
        heard[seen], follow = relative_exposure(
            (met * lift)[seen] * appeal,
            # The log shows how long and among how many a session was on sale: not twice.
            (everyone * combine(factors[4:], levels[4:], size))[seen],
            shown.looks[seen],
            shown.logged[seen],
            appeal,
            shown.share,
        )
    weight = np.ones(size)
    asked = (draws.taken + draws.waiting)[seen]
    weight[seen] = np.where(asked > 0, freed.demand / np.maximum(asked, 1e-9), 1.0)
    return SessionDemand(
        demand=freed.demand,
        asked=asked,
        rate=freed.rate,
        size=freed.size,
        factors=factors,
        opportunity=(met * lift * heard)[seen],
        circumstance=fresh * lift * heard,
        weight=weight,
        repeat_factor=repeat_factor,
        exposure=follow,
    )


def latest_factors(
    sessions: Sessions, drawn: SessionDemand, traits: ProductTraits, *, rng: np.random.Generator
) -> tuple[float, float]:
    """Factors on the spread of new and of seen products, from the latest period with sessions.

    Rates are learnt from the sessions before it and foretell those in it.
    """
    seen = sessions.past.nonzero()[0]
    if len(seen) == 0:
        return 1.0, 1.0
    starts, product, n = sessions.starts[seen], sessions.product[seen], len(traits.group)
    late = starts > starts.max() - PERIOD
    held = np.bincount(product[~late], minlength=n)
    if held.max(initial=0) < 2:
        # Without a second session, luck and appeal cannot be told apart.
        return 1.0, 1.0
    size = drawn.size[traits.group]
    before = learn_product_rates(
        np.bincount(product[~late], drawn.demand[~late], n).astype(np.float64),
        np.bincount(product[~late], drawn.opportunity[~late], n).astype(np.float64),
        traits.matrix,
        traits.group,
        rng=rng,
        luck=1.0 / (size * np.maximum(held, 1)),
    )
    factors = [
        latest_factor(
            drawn.demand[these],
            drawn.opportunity[these] * before.rate[product[these]],
            size[product[these]],
            product[these],
            before.log_sd,
        )
        for these in (late & (held[product] == 0), late & (held[product] > 0))
    ]
    return factors[0], factors[1]


def _circumstances(
    sessions: Sessions, traits: ProductTraits
) -> tuple[list[NDArray[np.intp]], list[int]]:
    """Levels of venue, hour, hour by audience, quarter by category, and time on sale."""
    slot = slots(sessions)
    audience = traits.audience[sessions.product]
    quarter = (months(sessions).astype(int) % 12) // 3
    levels = [
        sessions.venue,
        slot,
        audience * 6 + slot,
        traits.group[sessions.product] * 4 + quarter,
        *on_sale(sessions),
    ]
    sizes = [
        len(sessions.venues),
        6,
        6 * (int(traits.audience.max(initial=0)) + 1),
        4 * len(traits.categories),
        SALE_LEVELS,
        SALE_LEVELS,
    ]
    return levels, sizes


def _repeat_factor(
    sessions: Sessions,
    draws: Draw,
    series: NDArray[np.intp],
    order: NDArray[np.intp],
    traits: ProductTraits,
) -> NDArray[np.float64]:
    """Repeat factor by category; full sessions are left out, since their demand is censored."""
    held = (sessions.past & (sessions.street >= 0) & ~draws.full).nonzero()[0]
    return learn_repeat_factor(
        draws.taken[held],
        order[held],
        series[held],
        traits.group[sessions.product[held]],
        len(traits.categories),
    )
