"""Demand surveys (需求征集): paper by committees, online by streets, twice a year.

Respondents say yes to a category, a theme or a product of the coming menu. They say yes more
readily than they come (*assumed*), and the fewer they are, the noisier the share.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.schema import AGE_BANDS
from data.simulate.district.catalogue import interest
from data.simulate.district.people import AGES
from data.simulate.district.vocabulary import CATEGORY_NAMES, TAGS
from data.simulate.settings import DAY_S

if TYPE_CHECKING:
    from data.simulate.world import SimulatedWorld

PAPER_RESPONSE, ONLINE_RESPONSE = 0.52, 0.42
PAPER_ASKED, ONLINE_ASKED = 0.06, 0.03
"""Share of the people (paper) and of registered ones (online) asked in a round (*assumed*)."""
ASKED_TAGS = 16
ASKED_PRODUCTS = 0.2
"""Share of the coming catalogue that an autumn round asks about."""


def draw_surveys(world: "SimulatedWorld") -> dict[str, Any]:
    """All rounds up to the present, as columns of the contract."""
    rng = world.rng("surveys")
    parts: list[pd.DataFrame] = []
    quarters = world.settings.quarters
    for number in range(0, len(quarters), 2):
        # The autumn round, a month before the catalogue year, asks about the coming menu.
        moment = int(quarters[number].timestamp()) - 25 * DAY_S
        parts += _round(world, number, moment, rng)
    frame = pd.concat(parts, ignore_index=True)
    day = (frame.pop("moment").to_numpy() // DAY_S).astype("datetime64[D]")
    frame["collected_at"] = day.astype("datetime64[us]")
    frame.insert(0, "survey_id", [f"Q{n:06d}" for n in range(len(frame))])
    return {str(name): values for name, values in frame.items()}


def _round(
    world: "SimulatedWorld", quarter: int, moment: int, rng: np.random.Generator
) -> list[pd.DataFrame]:
    catalogue, place = world.catalogue, world.place
    listed = catalogue.listed(quarter // 4)
    yes = _shares(world, listed, rng)  # (streets, ages, listed)
    category = catalogue.category[listed]
    names = [c for c in range(len(CATEGORY_NAMES)) if (category == c).any()]
    by_category = np.stack([yes[:, :, category == c].mean(axis=2) for c in names], axis=2)
    tags = rng.permutation(len(TAGS))[:ASKED_TAGS]
    having = [np.array([t in catalogue.tags[p] for p in listed]) for t in tags]
    asked = [(t, has) for t, has in zip(tags.tolist(), having, strict=True) if has.any()]
    by_tag = np.stack([yes[:, :, has].mean(axis=2) for _, has in asked], axis=2)

    people = world.people
    paper = people.counts.sum(axis=2) * PAPER_ASKED
    online = np.zeros((len(place.streets), AGES))
    np.add.at(online, place.committee_street, people.registered_counts.sum(axis=2) * ONLINE_ASKED)
    street_of = place.committee_street
    category_names = [CATEGORY_NAMES[c] for c in names]
    tag_names = [TAGS[t].name for t, _ in asked]
    committee_mood = np.exp(rng.normal(0, 0.2, len(place.committees)))
    local = by_category[street_of] * committee_mood[:, None, None]
    found = [
        _rows(
            place.committees,
            local,
            paper,
            PAPER_RESPONSE,
            "category",
            category_names,
            "paper",
            moment,
            rng,
        ),
        _rows(
            place.streets,
            by_category,
            online,
            ONLINE_RESPONSE,
            "category",
            category_names,
            "online",
            moment,
            rng,
        ),
        _rows(
            place.streets, by_tag, online, ONLINE_RESPONSE, "tag", tag_names, "online", moment, rng
        ),
    ]
    if quarter % 4 == 0:
        count = max(1, min(300, round(ASKED_PRODUCTS * len(listed))))
        chosen = np.sort(rng.permutation(len(listed))[:count])
        years = world.settings.start.year + catalogue.first_year[listed[chosen]]
        product_names = [f"P{y}-{p:05d}" for y, p in zip(years, listed[chosen], strict=True)]
        found.append(
            _rows(
                place.streets,
                yes[:, :, chosen],
                online,
                ONLINE_RESPONSE,
                "product",
                product_names,
                "online",
                moment,
                rng,
            )
        )
        seniors = np.zeros_like(online)
        np.add.at(seniors, street_of, paper)
        seniors[:, :4] = 0
        found.append(
            _rows(
                place.streets,
                yes[:, :, chosen],
                seniors,
                PAPER_RESPONSE,
                "product",
                product_names,
                "paper",
                moment,
                rng,
            )
        )
    return found


def _shares(
    world: "SimulatedWorld", listed: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Share of each street's age band that says yes to each listed product."""
    people, streets = world.people, len(world.place.streets)
    size = min(len(people), 12_000)
    chosen = np.sort(rng.permutation(len(people))[:size])
    group = people.street[chosen].astype(np.int64) * AGES + people.age[chosen]
    weight = people.weight[chosen]
    sums = np.zeros((streets * AGES, len(listed)))
    total = np.bincount(group, weights=weight, minlength=streets * AGES)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(streets * AGES))
    filled = total > 0
    for start in range(0, len(listed), 512):
        part = slice(start, start + 512)
        likes = interest(
            world.catalogue, people.preference[chosen], people.age[chosen], listed[part]
        )
        likes = (likes * weight[:, None])[order]
        sums[filled, part] = np.add.reduceat(likes, starts[filled], axis=0)
    mean = sums[filled].sum(axis=0) / total.sum()
    sums[filled] /= total[filled, None]
    sums[~filled] = mean
    return np.asarray(sums.reshape(streets, AGES, -1)) ** 0.8


def _rows(
    areas: list[str],
    share: NDArray[np.float64],
    asked: NDArray[np.float64],
    response: float,
    kind: str,
    targets: list[str],
    channel: str,
    moment: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Votes for every area, age band and target that had respondents."""
    respondents = rng.binomial(rng.poisson(asked), response)
    area, age, target = np.nonzero(np.broadcast_to(respondents[:, :, None] > 0, share.shape))
    n = respondents[area, age]
    votes = rng.binomial(n, share[area, age, target].clip(0, 0.98))
    when = moment + rng.integers(0, 14, len(areas))[area] * DAY_S
    return pd.DataFrame(
        {
            "area_code": np.array(areas, dtype=object)[area],
            "age_band": np.array(AGE_BANDS, dtype=object)[age],
            "target_kind": kind,
            "target": np.array(targets, dtype=object)[target],
            "votes": votes,
            "respondents": n,
            "channel": channel,
            "moment": when,
        }
    )
