"""What residents ask for: a category or a theme they like, and what they were answered."""

from typing import TYPE_CHECKING, Any

import numpy as np

from data.simulate.behaviour.event_log import ATTENDED
from data.simulate.district.vocabulary import CATEGORY_NAMES, TAGS
from data.simulate.identifiers import ids, resident_ids, taken, times
from data.simulate.settings import DAY_S

if TYPE_CHECKING:
    from data.simulate.world import SimulatedWorld

ASKING_SHARE = 0.01
"""One visit in a hundred makes somebody ask for more of its kind (*assumed*)."""
_STATUSES = ("open", "planned", "held", "declined")
_ANSWERS = ("", "已列入下季度计划", "已举办，欢迎预约", "暂无合适的产品")
_AGES_DAYS = (30, 75)
"""Younger requests are open; older ones are mostly answered."""


def draw_requests(world: "SimulatedWorld") -> dict[str, Any]:
    """Some of those who came to something ask for its category or a theme of it."""
    rng, b, settings = world.rng("requests"), world.journal.bookings, world.settings
    came = np.flatnonzero(b["status"] == ATTENDED)
    rows = np.sort(came[rng.random(len(came)) < ASKING_SHARE])
    resident, event = b["resident"][rows], b["event"][rows]
    asked = world.agenda.events["ends_s"][event] + rng.integers(3_600, 20 * DAY_S, len(rows))
    seen = asked <= settings.until_s
    resident, event, asked = resident[seen], event[seen], asked[seen]
    product = world.agenda.events["product"][event]
    by_tag = rng.random(len(product)) < 0.5
    category = [CATEGORY_NAMES[c] for c in world.catalogue.category[product]]
    tag = [TAGS[world.catalogue.tags[p][0]].name for p in product.tolist()]
    age = (settings.until_s - asked) / DAY_S
    lot = rng.random(len(product))
    status = np.select(
        [age < _AGES_DAYS[0], age < _AGES_DAYS[1]],
        [np.zeros(len(lot), dtype=np.int64), (lot < 0.6).astype(np.int64)],
        np.searchsorted([0.2, 0.5, 0.8], lot),
    )
    answer = taken(list(_ANSWERS), status)
    return {
        "request_id": ids("N", np.arange(len(product)), 6),
        "resident_id": resident_ids(resident),
        "area_code": taken(world.place.committees, world.people.committee[resident]),
        "target_kind": np.where(by_tag, "tag", "category"),
        "target": np.where(by_tag, tag, category),
        "asked_at": times(asked),
        "status": [_STATUSES[s] for s in status.tolist()],
        "answer": answer.where(status > 0),
    }
