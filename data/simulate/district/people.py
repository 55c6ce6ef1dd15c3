"""The people: who lives where, who is registered, what they like and how active they are.

A person's preference is a point in a latent space: street mean + age-band mean + sex + the
archetype she belongs to (probabilities by age and street) + her own part. Registered residents are
individuals; people without the app are individuals too, up to a number, beyond which a weighted
sample stands for them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.schema import AGE_BANDS
from data.simulate.behaviour.appetite import draw_evenings
from data.simulate.district.geography import Geography, distances_m
from data.simulate.settings import DAY_S, SimulationSettings

FACTORS = 10
ARCHETYPES = 12
CHUNK = 500_000
"""Persons drawn at a time, which bounds memory."""
AGES = len(AGE_BANDS)
AGE_SHARES = np.array([0.095, 0.025, 0.21, 0.37, 0.165, 0.135])
"""Residents of 60 and over are 25-36 % of a Shanghai district; the rest is *assumed*."""
APP_SHARES = np.array([0.12, 0.60, 0.88, 0.78, 0.52, 0.24])
"""Share registered, by age band (*assumed*; sweep ``app_bias``)."""
SLOTS = (
    "weekday morning",
    "weekday afternoon",
    "weekday evening",
    "weekend morning",
    "weekend afternoon",
    "weekend evening",
)
WILLING = np.array(
    [
        [0.10, 0.25, 0.45, 1.00, 1.00, 0.50],
        [0.05, 0.15, 0.45, 0.90, 1.00, 0.70],
        [0.10, 0.15, 0.80, 0.55, 1.00, 0.95],
        [0.15, 0.20, 0.85, 0.75, 1.00, 0.90],
        [0.90, 1.00, 0.60, 0.85, 0.90, 0.55],
        [1.00, 1.00, 0.35, 0.90, 0.80, 0.30],
    ],
    dtype=np.float32,
)
"""How willing each age band is to come at each of :data:`SLOTS` (*assumed*)."""


@dataclass(frozen=True, slots=True)
class People:
    """Persons as arrays, registered ones first.

    Attributes
    ----------
    registered
        How many of the persons are registered; they are the first ones.
    committee, street, age, sex
        Positions; sex 0 = f, 1 = m.
    work_street
        Where a person of working age works (a position), -1 for nobody.
    preference
        Shape (n, FACTORS), float32.
    activity
        Mean about 1: how often a person looks for something to do.
    careless
        Mean about 1: multiplies the chance not to show up.
    evenings
        Evenings a quarter that a person has for public culture.
    weight
        People that a person stands for; 1 for registered ones.
    joined_s
        Registration, seconds UTC; registered persons only.
    counts, registered_counts
        People and registered ones, shape (committees, AGES, 2).
    """

    registered: int
    committee: NDArray[np.int32]
    street: NDArray[np.int16]
    age: NDArray[np.int8]
    sex: NDArray[np.int8]
    work_street: NDArray[np.int16]
    preference: NDArray[np.float32]
    activity: NDArray[np.float32]
    careless: NDArray[np.float32]
    evenings: NDArray[np.uint8]
    weight: NDArray[np.float32]
    joined_s: NDArray[np.int64]
    counts: NDArray[np.int64]
    registered_counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.age)


def populate(settings: SimulationSettings, place: Geography, rng: np.random.Generator) -> People:
    """Draw the people of a place.

    Parameters
    ----------
    settings
        All that decides the world.
    place
        Areas and venues.
    rng
        Source of randomness.

    Returns
    -------
    Registered residents first, then people without the app.
    """
    counts, registered = _counts(settings, place, rng)
    offline = counts - registered
    weight_off = max(1.0, offline.sum() / max(settings.truth_people // 2, 1))
    sampled = _systematic(offline / weight_off, rng)
    cells = np.indices(counts.shape).reshape(3, -1)
    index = np.concatenate(
        [
            np.repeat(np.arange(counts.size), registered.ravel()),
            np.repeat(np.arange(counts.size), sampled.ravel()),
        ]
    )
    committee, age, sex = (cells[axis][index] for axis in range(3))
    street = place.committee_street[committee]
    n, n_registered = len(index), int(registered.sum())
    # Registered residents get their numbers by chance, so that an id tells nothing.
    shuffle = np.concatenate([rng.permutation(n_registered), np.arange(n_registered, n)])
    committee, age, sex, street = committee[shuffle], age[shuffle], sex[shuffle], street[shuffle]

    weight = np.ones(n, dtype=np.float32)
    by_group = np.zeros((len(place.streets), AGES, 2))
    true = np.zeros_like(by_group)
    np.add.at(by_group, (street[n_registered:], age[n_registered:], sex[n_registered:]), 1)
    np.add.at(true, (place.committee_street,), offline)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(by_group > 0, true / by_group, 0.0)
    weight[n_registered:] = ratio[street, age, sex][n_registered:]

    preference = _preferences(settings, len(place.streets), street, age, sex, n_registered, rng)
    activity = rng.gamma(0.7, 1 / 0.7, n).astype(np.float32).clip(0.02, 8)
    careless = np.exp(rng.normal(-0.08, 0.4, n)).astype(np.float32)
    return People(
        registered=n_registered,
        committee=committee.astype(np.int32),
        street=street.astype(np.int16),
        age=age.astype(np.int8),
        sex=sex.astype(np.int8),
        work_street=_workplaces(place, street, age, rng),
        preference=preference,
        activity=activity,
        careless=careless,
        # A stream of its own: whoever lives here stays who they are.
        evenings=draw_evenings(activity, rng.spawn(1)[0]),
        weight=weight,
        joined_s=_joined(settings, n_registered, rng),
        counts=counts,
        registered_counts=registered,
    )


def _counts(
    settings: SimulationSettings, place: Geography, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People and registered people by committee, age band and sex."""
    committees = len(place.committees)
    size = rng.lognormal(0, 0.35, committees)
    by_street = np.stack([rng.dirichlet(AGE_SHARES * 150) for _ in place.streets])
    share = by_street[place.committee_street] * rng.gamma(60, 1 / 60, (committees, AGES))
    women = np.array([0.48, 0.48, 0.50, 0.51, 0.52, 0.56])
    cells = (size[:, None] * share)[:, :, None] * np.stack([women, 1 - women], axis=1)[None]
    cells /= cells.sum()
    centre = np.log(APP_SHARES / (1 - APP_SHARES))
    middle = float(np.average(centre, weights=AGE_SHARES))
    logit = middle + settings.app_bias * (centre - middle)
    street_part = rng.normal(0, 0.25, len(place.streets))
    logits = logit[None, :, None] + street_part[place.committee_street][:, None, None]
    logits = logits + np.array([0.1, -0.1])[None, None, :]
    app = 1 / (1 + np.exp(-logits))
    people = round(settings.residents / float((cells * app).sum()))
    counts = _systematic(cells * people, rng)
    registered = np.minimum(_systematic(counts * app, rng), counts)
    return counts, registered


def _systematic(expected: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Whole numbers that sum to the rounded sum of ``expected``, each within one of its own."""
    total = np.cumsum(expected.ravel()) + rng.random() * 0.999
    whole = np.floor(total).astype(np.int64)
    return np.diff(whole, prepend=0).reshape(expected.shape)


def _preferences(
    settings: SimulationSettings,
    streets: int,
    street: NDArray[np.int64],
    age: NDArray[np.int64],
    sex: NDArray[np.int64],
    registered: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    street_mean = rng.normal(0, 0.75, (streets, FACTORS))
    steps = rng.normal(0, 0.32, (AGES, FACTORS))
    age_mean = np.cumsum(steps, axis=0)
    age_mean -= age_mean.mean(axis=0)
    sex_mean = rng.normal(0, 0.15, (2, FACTORS))
    centres = rng.normal(0, 0.6, (ARCHETYPES, FACTORS))
    logits = (
        rng.normal(0, 0.9, (AGES, ARCHETYPES))[None]
        + rng.normal(0, 0.7, (streets, ARCHETYPES))[:, None]
    )
    odds = np.exp(logits)
    cumulative = np.cumsum(odds / odds.sum(axis=2, keepdims=True), axis=2)
    # Those who use the app differ a little from their neighbours of the same age (*assumed*).
    tilt = rng.normal(0, 0.2, FACTORS) * min(settings.app_bias, 1.0)
    preference = np.empty((len(age), FACTORS), dtype=np.float32)
    for start in range(0, len(age), CHUNK):
        part = slice(start, start + CHUNK)
        home, band = street[part], age[part]
        draw = rng.random(len(home))
        archetype = (draw[:, None] > cumulative[home, band]).sum(axis=1).clip(0, ARCHETYPES - 1)
        own = rng.normal(0, 0.35, (len(home), FACTORS))
        own += street_mean[home] + age_mean[band] + sex_mean[sex[part]] + centres[archetype]
        preference[part] = own
    preference[:registered] += (tilt / 2).astype(np.float32)
    preference[registered:] -= (tilt / 2).astype(np.float32)
    return preference


def _workplaces(
    place: Geography, street: NDArray[np.int64], age: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int16]:
    """A street of work for three in five people between 18 and 59, drawn by jobs."""
    jobs = place.street_workers + 1.0
    drawn = np.searchsorted(np.cumsum(jobs) / jobs.sum(), rng.random(len(age)))
    drawn = drawn.clip(0, len(jobs) - 1)
    works = ((age == 2) | (age == 3)) & (rng.random(len(age)) < 0.6)
    # In an invented city nobody crosses it to work and comes to an event there.
    works &= place.street_district[drawn] == place.street_district[street]
    return np.where(works, drawn, -1).astype(np.int16)


def _joined(settings: SimulationSettings, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Registration times: half before the history, the rest spread over it."""
    start, end = int(settings.start.timestamp()), settings.until_s
    before = rng.random(n) < 0.5
    early = start - rng.integers(0, 3 * 365 * DAY_S, n)
    late = start + (rng.random(n) ** 1.2 * (end - start - 3_600)).astype(np.int64)
    return np.where(before, early, late).astype(np.int64)


def reach(
    settings: SimulationSettings, place: Geography
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Willingness to go to each venue from each committee and each workplace, in (0, 1].

    Parameters
    ----------
    settings
        All that decides the world.
    place
        Areas and venues.

    Returns
    -------
    Shape (committees, venues) and (streets, venues), float32.
    """
    home = distances_m(place.committee_lat, place.committee_lon, place.venue_lat, place.venue_lon)
    work = distances_m(place.street_lat, place.street_lon, place.venue_lat, place.venue_lon)
    scale = np.float32(settings.distance_decay / 1_800)
    return (0.02 + 0.98 * np.exp(-home * scale)), 0.6 * (0.02 + 0.98 * np.exp(-work * scale))
