"""Ratings and follows: what some residents say they like."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.event_log import ATTENDED
from data.simulate.district.vocabulary import CATEGORY_NAMES, COMMENTS, TAGS

if TYPE_CHECKING:
    from data.simulate.world import SimulatedWorld

RATED_SHARE = 0.15
FOLLOWER_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class Ratings:
    """Stars given after a visit, as columns."""

    resident: NDArray[np.int64]
    event: NDArray[np.int64]
    stars: NDArray[np.int64]
    rated_s: NDArray[np.int64]
    comment: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Follows:
    """Who follows what, as columns; each triple once."""

    resident: NDArray[np.int64]
    kind: list[str]
    target: list[str]
    since_s: NDArray[np.int64]


def draw_ratings(world: "SimulatedWorld") -> Ratings:
    """One in seven visits is rated within three days, by preference, quality and mood."""
    rng, b = world.rng("ratings"), world.journal.bookings
    rows = np.flatnonzero((b["status"] == ATTENDED) & (rng.random(len(b["status"])) < RATED_SHARE))
    resident, event = b["resident"][rows], b["event"][rows]
    product = world.agenda.events["product"][event]
    preference = np.einsum(
        "ij,ij->i", world.people.preference[resident], world.catalogue.loading[product]
    )
    quality = world.catalogue.appeal[product] - world.catalogue.appeal.mean()
    stars = np.round(4.1 + 0.3 * quality + 0.3 * preference + rng.normal(0, 0.7, len(rows))).clip(
        1, 5
    )
    rated = world.agenda.events["ends_s"][event] + rng.integers(600, 3 * 86_400, len(rows))
    words = np.empty(len(rows), dtype=object)
    lot = rng.random((2, len(rows)))
    for value, texts in COMMENTS.items():
        chosen = np.flatnonzero((stars == value) & (lot[0] < 0.25))
        words[chosen] = np.array(texts, dtype=object)[(lot[1][chosen] * len(texts)).astype(int)]
    seen = np.flatnonzero(rated <= world.settings.until_s)
    # A resident may come to a course's event only once, so pairs are distinct already.
    return Ratings(
        resident[seen], event[seen], stars[seen].astype(np.int64), rated[seen], words[seen]
    )


def draw_follows(world: "SimulatedWorld") -> Follows:
    """Some residents follow up to three categories, tags, suppliers or products they came to."""
    rng, b = world.rng("follows"), world.journal.bookings
    candidates = np.flatnonzero(b["status"] == ATTENDED)
    count = min(len(candidates), int(world.people.registered * FOLLOWER_SHARE * 1.6))
    rows = np.sort(rng.permutation(candidates)[:count])
    resident, event = b["resident"][rows], b["event"][rows]
    product = world.agenda.events["product"][event]
    kinds = rng.choice(["category", "tag", "supplier", "product"], count, p=[0.3, 0.35, 0.2, 0.15])
    ends = world.agenda.events["ends_s"][event]
    keep: list[int] = []
    targets: list[str] = []
    seen: set[tuple[int, str, str]] = set()
    supplier_names = [f"S{s:04d}" for s in range(len(world.catalogue.supplier_name))]
    for i in range(count):
        p = int(product[i])
        match kinds[i]:
            case "category":
                target = CATEGORY_NAMES[world.catalogue.category[p]]
            case "tag":
                target = TAGS[world.catalogue.tags[p][0]].name
            case "supplier":
                target = supplier_names[world.catalogue.supplier[p]]
            case _:
                year = world.settings.start.year + int(world.catalogue.first_year[p])
                target = f"P{year}-{p:05d}"
        key = (int(resident[i]), str(kinds[i]), target)
        if key not in seen:
            seen.add(key)
            keep.append(i)
            targets.append(target)
    since = np.minimum(ends[keep] + 3_600, world.settings.until_s)
    return Follows(resident[keep], [str(kinds[i]) for i in keep], targets, since)
