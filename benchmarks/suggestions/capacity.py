"""Capacity prices in the simulated district: fewer clicks that end on a full event, at what cost.

A district is drawn, the model fitted on what was known at its present, and everybody's list made
once, as for a digest. Then residents open their lists in random order and book by the district's
hidden truth: interest in the product, reach, hours, and how far down they look. The same residents
with the same luck meet the lists with and without prices.
"""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Bar, report
from data.district_time import district_zone
from data.simulate.behaviour.attention import EXAMINED
from data.simulate.behaviour.booking import PARTY_MEAN
from data.simulate.district.catalogue import AGE_FIT
from data.simulate.district.people import WILLING
from data.simulate.settings import DAY_S, OFFSET_S, settings_for
from data.simulate.tables import observe
from data.simulate.world import SimulatedWorld, create_world
from data.snapshot import as_of
from features.ranking.list_inputs import build_list_inputs
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.sampled_prices import STRENGTH, price_seats
from training.suggestions.fit import fit_suggestions

N = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one set of lists, in bookings of one."""

    full: float
    attended: float
    wanted: float


def true_chances(
    world: SimulatedWorld, resident: NDArray[np.int64], event: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Chance that a resident books an event that she looks at, by the hidden truth."""
    people, catalogue, events = world.people, world.catalogue, world.agenda.events
    product, venue, slot = (events[name][event] for name in ("product", "venue", "slot"))
    online = np.float32(0.3)
    home = np.hstack([world.reach_home, np.full((len(world.reach_home), 1), online)])
    work = np.hstack([world.reach_work, np.full((len(world.reach_work), 1), online)])
    at_work = people.work_street[resident]
    near = np.maximum(
        home[people.committee[resident], venue],
        np.where((at_work >= 0) & (slot < 3), work[at_work, venue], 0),
    )
    quarter = ((events["starts_s"][event] + OFFSET_S) // DAY_S % 365 // 92).clip(0, 3)
    able = near * WILLING[people.age[resident], slot]
    able *= world.season[catalogue.category[product], quarter]
    logit = np.einsum("ij,ij->i", people.preference[resident], catalogue.loading[product])
    logit += catalogue.appeal[product] + AGE_FIT[catalogue.audience[product], people.age[resident]]
    return np.asarray(able / (1 + np.exp(-logit)), dtype=np.float64)


def numbers(ids: tuple[str, ...] | list[str]) -> NDArray[np.int64]:
    """Positions in the simulator from identifiers such as ``R00000042``."""
    return np.array([int(name[1:]) for name in ids], dtype=np.int64)


def play(
    world: SimulatedWorld,
    engine: ListEngine,
    lists: NDArray[np.intp],
    visitors: NDArray[np.int64],
    luck: NDArray[np.float64],
) -> Outcome:
    """Residents open their lists one after the other and book what they want."""
    inputs = engine.inputs
    people = numbers(inputs.snapshot.residents.ids)
    events = numbers(inputs.snapshot.events.take(inputs.candidates))
    shown = lists[visitors]
    there = shown >= 0
    who = np.repeat(people[visitors], lists.shape[1]).reshape(shown.shape)
    chance = np.zeros(shown.shape)
    chance[there] = true_chances(world, who[there], events[shown[there]])
    chance *= EXAMINED[: lists.shape[1]]
    # One lot for a resident and event, wherever it stands.
    wants = there & (np.take_along_axis(luck[visitors], np.maximum(shown, 0), axis=1) < chance)
    left = inputs.eligibility_context.events.seats_left.copy()
    show = 1 - np.where(
        inputs.eligibility_context.events.paid,
        world.settings.no_show_paid,
        world.settings.no_show_free,
    )
    full = attended = wanted = 0.0
    for row, place in zip(*np.nonzero(wants), strict=True):
        column = shown[row, place]
        wanted += 1
        if left[column] < 1:
            full += 1
            continue
        left[column] -= PARTY_MEAN
        attended += show[column]
    return Outcome(full, attended, wanted)


def all_lists(engine: ListEngine, n: int, block: int = 4096) -> NDArray[np.intp]:
    """Everybody's list as candidate columns, shape (residents, n)."""
    total = len(engine.inputs.snapshot.residents)
    parts = []
    for first in range(0, total, block):
        asked = engine.ask_residents(first, min(first + block, total))
        columns = engine.lists(asked, n).columns
        padded = np.full((len(columns), n), -1, dtype=np.intp)
        padded[:, : columns.shape[1]] = columns
        parts.append(padded)
    return np.concatenate(parts)


def run(seed: int, residents: int, rounds: int) -> dict[str, float]:
    """One district, played without prices, with those charged, and with the full dual prices.

    Parameters
    ----------
    seed, residents
        Of the district.
    rounds
        How often residents open their lists, each time with other luck.

    Returns
    -------
    Means of a round by kind of list: ``full``, ``attended``, ``wanted``; the number of candidates,
    and the share of them that have a price.
    """
    world = create_world(settings_for("demo", seed, residents=residents))
    at = datetime.fromtimestamp(world.settings.until_s, UTC)
    tables = as_of(observe(world), at)
    model = fit_suggestions(tables, as_of=at, rng=np.random.default_rng(seed))
    inputs, _ = build_list_inputs(tables, at, district_zone())
    plain = ListEngine(model, inputs, model_version=f"bench-{seed}")
    prices = price_seats(plain, N, rng=np.random.default_rng(seed), strength=1.0)
    listed = {
        name: all_lists(plain.variant(plain.policy, strength * prices), N)
        for name, strength in (("plain", 0.0), ("priced", STRENGTH), ("full_price", 1.0))
    }
    people = numbers(inputs.snapshot.residents.ids)
    activity = world.people.activity[people].astype(np.float64)
    sums = {name: np.zeros(3) for name in listed}
    for number in range(rounds):
        rng = np.random.default_rng([seed, number])
        # A fortnight: about visits_per_year x 14 / 365 of the residents open their list.
        share = 1 - np.exp(-activity * world.settings.visits_per_year * 14 / 365)
        visitors = rng.permutation(np.flatnonzero(rng.random(len(people)) < share))
        luck = rng.random((len(people), len(inputs.candidates)))
        for name, lists in listed.items():
            found = play(world, plain, lists, visitors, luck)
            sums[name] += [found.full, found.attended, found.wanted]
    found = {
        f"{name}_{what}": float(value) / rounds
        for name, values in sums.items()
        for what, value in zip(("full", "attended", "wanted"), values, strict=True)
    }
    return found | {"candidates": len(inputs.candidates), "priced": float((prices > 0).mean())}


def main() -> None:
    """Print the bars over several districts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found = {seed: run(seed, options.residents, options.rounds) for seed in options.seeds}
    report(
        "suggestions_capacity",
        bars(found),
        seeds=options.seeds,
        details={str(seed): figures for seed, figures in found.items()},
    )


def bars(found: dict[int, dict[str, float]]) -> list[Bar]:
    """The two bars, over all districts; intervals are the single districts' extremes."""
    cut, cost = [], []
    for seed, f in found.items():
        cut.append(1 - f["priced_full"] / max(f["plain_full"], 1e-9))
        cost.append(1 - f["priced_attended"] / f["plain_attended"])
        print(
            f"district {seed}: ended on a full event {f['plain_full']:,.0f} -> "
            f"{f['priced_full']:,.0f}, attendances {f['plain_attended']:,.0f} -> "
            f"{f['priced_attended']:,.0f} ({f['candidates']:.0f} events); at full prices "
            f"{f['full_price_full']:,.0f} and {f['full_price_attended']:,.0f}"
        )
    return [
        Bar("2.4", "full_event_cut", float(np.mean(cut)), (min(cut), max(cut))),
        Bar("2.4", "attendance_cost", float(np.mean(cost)), (min(cost), max(cost))),
    ]


if __name__ == "__main__":
    main()
