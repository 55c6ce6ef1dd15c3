"""The truth: how many would come to a session if capacity were unlimited.

For a product p, a street s and the k-th session of p there in a quarter

    D_k(s, p) = m * season * show_p
                * sum_i w_i * P_ip * u_ip * mean_h[c_ish * (1 - (1 - r_p) c_ish)^(k-1)]

with P_ip the chance that person i is interested in p, u_ip the chance that a usual quarter's
sessions leave her an evening and the wish for one more of p's category (1 for a session that would
be the quarter's only one: demand *alone*), w_i the people i stands for, m seats a booking,
show_p the share of booked seats that are filled, r_p the chance of coming again, h the hours at
which products for p's audience usually take place, and c the chance that i hears of the session,
and place and hour suit::

    c_ish = 1 - exp(-kappa * E_is * activity_i * able_ish)

The session is held in the street's own main culture centre. E_is is the number of notices looked
at that a session in s gave a mean resident of i's street during the history; people without the
app hear ``offline_reach`` times as often. The one number kappa makes the expectation of all past
events equal what app users asked for in them (full houses included), so that the truth speaks of
*typical* exposure: not of that which popular events happened to get.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.event_log import ATTENDED
from data.simulate.behaviour.purchasing import ONLINE, SLOT_MIX
from data.simulate.behaviour.seating import CANCEL_SHARE, PARTY_MEAN
from data.simulate.district.catalogue import interest
from data.simulate.district.people import SLOTS
from data.simulate.district.vocabulary import AUDIENCES
from data.simulate.evaluation.crowd import Crowd, able, gather_crowd, notice, season_of
from data.simulate.evaluation.usual_quarter import standing_wish
from data.simulate.world import SimulatedWorld

TIERS = 3
BLOCK = 256
PAIRS = 40_000_000
"""Person x event pairs that are worked out one by one; beyond it, a sample of people."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the history says about being noticed.

    Attributes
    ----------
    by_street
        E, shape (home streets, venue streets + 1), the last column online; notices a session
        per unit of activity.
    kappa
        See the module.
    """

    by_street: NDArray[np.float64]
    kappa: float


def measure_exposure(world: SimulatedWorld) -> Exposure:
    """Learn E and kappa from the run of the history."""
    e, journal = world.agenda.events, world.journal
    past = np.flatnonzero((e["starts_s"] < world.settings.until_s) & (e["cancelled"] == 0))
    streets = len(world.place.streets)
    active = _active(world, e["published_s"][past])
    venue_street = np.append(world.place.venue_street, streets)[e["venue"][past]]
    rate = journal.exposure[:, past] / np.maximum(active, 1e-9)
    total = np.zeros((streets, streets + 1))
    np.add.at(total.T, venue_street, rate.T)
    count = np.bincount(venue_street, minlength=streets + 1)
    overall = rate.mean()
    # A place that never held a session gets the mean of all; one session's worth of smoothing.
    by_street = (total + overall) / (count + 1)
    crowd = gather_crowd(world, 12_000)
    chosen = past[:: max(1, len(past) // 1_200)]
    joined = world.people.joined_s
    asked = float(journal.wanted[chosen].sum())
    kappa = 1.0
    for _ in range(3):
        expected = 0.0
        for event, rates in _pairs(world, crowd, chosen, by_street * kappa):
            there = crowd.app.copy()
            there[crowd.app] = joined[crowd.index[crowd.app]] < e["published_s"][event]
            expected += float(rates[there].sum())
        kappa *= asked / max(expected * PARTY_MEAN, 1e-9)
    return Exposure(by_street, kappa)


def _active(world: SimulatedWorld, moments: NDArray[np.int64]) -> NDArray[np.float64]:
    """Summed activity of those registered at each moment, shape (streets, moments)."""
    people, n = world.people, world.people.registered
    found = np.zeros((len(world.place.streets), len(moments)))
    for street in range(len(found)):
        mine = np.flatnonzero(people.street[:n] == street)
        mine = mine[np.argsort(people.joined_s[mine], kind="stable")]
        total = np.concatenate([[0.0], np.cumsum(people.activity[mine], dtype=np.float64)])
        found[street] = total[np.searchsorted(people.joined_s[mine], moments)]
    return found


def _pairs(
    world: SimulatedWorld, crowd: Crowd, events: NDArray[np.int64], exposure: NDArray[np.float64]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Expected bookings of each event by each person of a crowd (times weight)."""
    e, people = world.agenda.events, world.people
    wish = standing_wish(world, crowd, exposure)
    by_product = events[np.argsort(e["product"][events], kind="stable")]
    streets = np.append(world.place.venue_street, -1)
    comes: dict[tuple[int, int], NDArray[np.float32]] = {}
    for start in range(0, len(by_product), BLOCK):
        block = by_product[start : start + BLOCK]
        products, row = np.unique(e["product"][block], return_inverse=True)
        likes = interest(
            world.catalogue, people.preference[crowd.index], people.age[crowd.index], products
        )
        likes = np.ascontiguousarray(likes.T)
        for event, at in zip(block.tolist(), row.tolist(), strict=True):
            venue, slot = int(e["venue"][event]), int(e["slot"][event])
            if (venue, slot) not in comes:
                if len(comes) > 2_000:
                    comes.clear()
                heard = notice(world, crowd, exposure, int(streets[venue]))
                chance = -np.expm1(-heard * able(world, crowd.index, venue, slot))
                comes[venue, slot] = chance * crowd.weight
            category = world.catalogue.category[[products[at]]]
            season = season_of(world, category, int(e["starts_s"][event]))[0]
            yield event, likes[at] * comes[venue, slot] * wish[category[0]] * season


@dataclass(frozen=True, slots=True)
class EventTruth:
    """What the observed tables cannot show of each event.

    Attributes
    ----------
    app_demand
        Expected seats asked for by app users at typical exposure.
    attendance
        Expected attendances of all people, if capacity were unlimited, at typical exposure.
    show_rate
        Expected share of kept seats that are filled.
    walk_ins, turned_away
        People without a booking who came in, and who found no seat (past events only).
    """

    app_demand: NDArray[np.float64]
    attendance: NDArray[np.float64]
    show_rate: NDArray[np.float64]
    walk_ins: NDArray[np.int64]
    turned_away: NDArray[np.int64]


def show_rate(world: SimulatedWorld, ticket_fen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Expected share of kept bookings that come.

    Parameters
    ----------
    world
        A world whose history has run.
    ticket_fen
        Ticket prices in fen; 0 is free.

    Returns
    -------
    Shares in [0, 1].
    """
    settings = world.settings
    return 1 - np.where(ticket_fen > 0, settings.no_show_paid, settings.no_show_free)


def event_truth(world: SimulatedWorld, exposure: Exposure) -> EventTruth:
    """Work out every event on the agenda, published or not.

    Parameters
    ----------
    world
        A world whose history has run.
    exposure
        Typical exposure of sessions by street, from the history.

    Returns
    -------
    Columns by event: demand, show rate, walk-ins, people turned away.
    """
    e, n = world.agenda.events, len(world.agenda)
    crowd = gather_crowd(world, min(world.settings.truth_people, max(2_000, PAIRS // n)))
    joined = world.people.joined_s
    app, everyone, offline = np.zeros(n), np.zeros(n), np.zeros(n)
    for event, rates in _pairs(world, crowd, np.arange(n), exposure.by_street * exposure.kappa):
        there = crowd.app.copy()
        there[crowd.app] = joined[crowd.index[crowd.app]] < e["published_s"][event]
        app[event], everyone[event] = rates[there].sum(), rates.sum()
        offline[event] = everyone[event] - app[event]
    show = show_rate(world, e["ticket_fen"])
    kept = 1 - CANCEL_SHARE
    rng = world.rng("walk-ins")
    came = rng.poisson(offline * world.agenda.event_effect * PARTY_MEAN * kept * show)
    came[(e["starts_s"] >= world.settings.until_s) | (e["cancelled"] == 1)] = 0
    b = world.journal.bookings
    seated = np.bincount(
        b["event"], weights=b["seats"] * (b["status"] == ATTENDED), minlength=n
    ).astype(np.int64)
    entered = np.minimum(came, np.maximum(e["seats"] - seated, 0))
    return EventTruth(
        app_demand=app * PARTY_MEAN,
        attendance=everyone * PARTY_MEAN * kept * show,
        show_rate=show,
        walk_ins=entered,
        turned_away=came - entered,
    )


def demand_truth(
    world: SimulatedWorld,
    exposure: Exposure,
    products: NDArray[np.int64],
    *,
    homes: bool = False,
    alone: bool = False,
) -> NDArray[np.float64]:
    """D_k without season, shape (TIERS, streets, products).

    Parameters
    ----------
    alone
        As if nothing else were on in the quarter.
    homes
        Instead split the first session by the home street of those who come: shape (home
        streets, streets, products).

    Returns
    -------
    Expected attendances, float64.
    """
    crowd = gather_crowd(world, world.settings.truth_people)
    people, streets = world.people, len(world.place.streets)
    catalogue = world.catalogue
    found = np.zeros((streets if homes else TIERS, streets, len(products)))
    online = catalogue.category[products] == ONLINE
    wish = None if alone else standing_wish(world, crowd, exposure.by_street * exposure.kappa).T
    home = people.street[crowd.index]
    for remote in (False, True):
        if not (online == remote).any():
            continue
        chances = _chances(world, crowd, exposure, remote)
        for audience in range(len(AUDIENCES)):
            mine = np.flatnonzero((catalogue.audience[products] == audience) & (online == remote))
            powers = _moments(chances, SLOT_MIX[audience], 1 if homes else TIERS)
            flat = powers.transpose(1, 0, 2).reshape(len(crowd), -1) * crowd.weight[:, None]
            for start in range(0, len(mine), BLOCK):
                at = mine[start : start + BLOCK]
                likes = interest(
                    catalogue, people.preference[crowd.index], people.age[crowd.index], products[at]
                )
                if wish is not None:
                    likes *= wish[:, catalogue.category[products[at]]]
                if homes:
                    for h in range(streets):
                        found[h][:, at] = flat[home == h].T @ likes[home == h]
                else:
                    sums = (flat.T @ likes).reshape(TIERS, streets, len(at))
                    found[:, :, at] = _tiers(sums, 1 - catalogue.rebook[products[at]])
    kept = PARTY_MEAN * (1 - CANCEL_SHARE) * show_rate(world, catalogue.ticket_fen[products])
    return found * kept


def _chances(
    world: SimulatedWorld, crowd: Crowd, exposure: Exposure, remote: bool
) -> NDArray[np.float32]:
    """The chances c, shape (slots, crowd, streets)."""
    streets = len(world.place.streets)
    found = np.zeros((len(SLOTS), len(crowd), streets), dtype=np.float32)
    typical = exposure.by_street * exposure.kappa
    for street in range(streets):
        # The first venues are the streets' own main culture centres.
        where = -1 if remote else street
        heard = notice(world, crowd, typical, where)
        for slot in range(len(SLOTS)):
            found[slot, :, street] = -np.expm1(-heard * able(world, crowd.index, where, slot))
    return found


def _moments(
    chances: NDArray[np.float32], mix: NDArray[np.float64], count: int
) -> NDArray[np.float32]:
    """Mean over hours of c, c^2, ..., shape (count, crowd, streets)."""
    share = mix.astype(np.float32)
    found = np.zeros((count, *chances.shape[1:]), dtype=np.float32)
    for slot in np.flatnonzero(share):
        power = chances[slot] * share[slot]
        for k in range(count):
            found[k] += power
            if k + 1 < count:
                power = power * chances[slot]
    return found


def _tiers(sums: NDArray[np.floating], lost: NDArray[np.float32]) -> NDArray[np.float64]:
    """From sums of powers of c to sums of c (1 - lost c)^(k-1), for the first three k."""
    first, second, third = (sums[k].astype(np.float64) for k in range(TIERS))
    return np.stack([first, first - lost * second, first - 2 * lost * second + lost * lost * third])
