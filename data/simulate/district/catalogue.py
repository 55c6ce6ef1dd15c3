"""Suppliers and the catalogue: each year 85 % of the products and 44 % of the suppliers are new.

A product's appeal (its log-odds with a mean person) is the sum of effects of its category, tags,
supplier and audience, which a model can read off, and of a hidden, heavy-tailed part that it
cannot. Its place in the space of preferences is likewise partly told by its features.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulate.district.people import FACTORS
from data.simulate.district.texts import name_suppliers, write_texts
from data.simulate.district.vocabulary import AUDIENCES, CATEGORY_NAMES, CATEGORY_SHARES, TAGS
from data.simulate.settings import SimulationSettings

AUDIENCE_SHARES = np.array([0.46, 0.10, 0.14, 0.07, 0.08, 0.15])
AGE_FIT = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1.8, -0.6, -1.4, -0.5, -1.0, -1.8],
        [1.3, 0.0, -0.7, 0.5, 0.1, -0.6],
        [-1.5, 0.9, 0.9, -0.4, -1.3, -2.0],
        [-2.5, -1.0, 0.5, 0.6, -0.3, -0.9],
        [-2.5, -2.0, -1.4, -0.2, 0.8, 1.0],
    ],
    dtype=np.float32,
)
"""Log-odds by audience group and age band (*assumed*)."""
PRICE_YUAN = {
    "performance": (8_000, 0.45),
    "lecture": (2_000, 0.4),
    "exhibition": (5_000, 0.5),
    "tour": (1_500, 0.4),
    "course": (2_500, 0.4),
    "film": (1_800, 0.3),
    "activity": (3_000, 0.45),
    "reading": (1_500, 0.4),
    "online": (1_500, 0.4),
}
"""Median price of a session and the standard deviation of its log; performances 3,000-15,000."""
MINUTES = {
    "performance": (60, 120),
    "lecture": (60, 120),
    "exhibition": (90, 180),
    "tour": (90, 150),
    "course": (60, 120),
    "film": (90, 130),
    "activity": (60, 150),
    "reading": (60, 90),
    "online": (40, 90),
}
AUDIENCE_SIZE = {
    "performance": 160,
    "lecture": 80,
    "exhibition": 110,
    "tour": 40,
    "course": 45,
    "film": 130,
    "activity": 70,
    "reading": 50,
    "online": 300,
}
BASE_LOGIT = -1.55
APPEAL_SD = 0.9
PREFERENCE_SD = 0.30


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Suppliers and products as arrays; years count from 0, the last one begins at the present.

    Attributes
    ----------
    first_year, last_year
        Catalogue years in which a product stands, inclusive.
    appeal, loading
        Hidden truth: log-odds with a mean person; position in the space of preferences.
    price_fen, ticket_fen
        What a session costs the buyer, and a seat the resident.
    rebook
        Chance that someone who came still counts as interested in coming again (courses).
    """

    supplier_name: list[str]
    supplier_kind: NDArray[np.int64]
    supplier_first_year: NDArray[np.int64]
    supplier_since_days: NDArray[np.int64]
    supplier: NDArray[np.int64]
    title: list[str]
    description: list[str]
    category: NDArray[np.int64]
    tags: list[tuple[int, ...]]
    audience: NDArray[np.int64]
    first_year: NDArray[np.int64]
    last_year: NDArray[np.int64]
    appeal: NDArray[np.float32]
    loading: NDArray[np.float32]
    price_fen: NDArray[np.int64]
    ticket_fen: NDArray[np.int64]
    minutes: NDArray[np.int64]
    audience_max: NDArray[np.int64]
    min_age: NDArray[np.int64]
    sessions_max: NDArray[np.int64]
    licence: NDArray[np.bool_]
    rebook: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.supplier)

    def listed(self, year: int) -> NDArray[np.int64]:
        """Products that stand in a catalogue year."""
        return np.flatnonzero((self.first_year <= year) & (self.last_year >= year))

    def logit(self, ages: NDArray[np.int8], products: NDArray[np.int64]) -> NDArray[np.float32]:
        """The part of the log-odds that does not depend on preference, shape of the broadcast.

        Parameters
        ----------
        ages
            Age bands.
        products
            Positions of products; broadcast against ``ages``.

        Returns
        -------
        Log-odds, float32.
        """
        found: NDArray[np.float32] = self.appeal[products] + AGE_FIT[self.audience[products], ages]
        return found


def compile_catalogue(settings: SimulationSettings, rng: np.random.Generator) -> Catalogue:
    """Draw suppliers and products for the history and for the year that begins at the present.

    Parameters
    ----------
    settings
        All that decides the world.
    rng
        Source of randomness.

    Returns
    -------
    Suppliers and products with their hidden appeal.
    """
    years = settings.years + 1
    supplier, first, last, supplier_first = _turnover(settings, years, rng)
    n, n_suppliers = len(supplier), len(supplier_first)

    supplier_category = rng.choice(
        len(CATEGORY_NAMES), n_suppliers, p=np.array(list(CATEGORY_SHARES.values()))
    )
    drawn = rng.choice(len(CATEGORY_NAMES), n, p=np.array(list(CATEGORY_SHARES.values())))
    category = np.where(rng.random(n) < 0.65, supplier_category[supplier], drawn)
    tags = [_draw_tags(CATEGORY_NAMES[c], rng) for c in category]
    audience = rng.choice(len(AUDIENCES), n, p=AUDIENCE_SHARES)
    for p in range(n):
        names = {TAGS[t].name for t in tags[p]}
        if names & {"儿童剧", "绘本", "动画", "编程创客"}:
            audience[p] = 1 if rng.random() < 0.6 else 2
        elif names & {"智能手机", "健康养生", "太极"} and rng.random() < 0.6:
            audience[p] = 5

    appeal, loading = _appeal(settings, category, tags, supplier, n_suppliers, rng)
    price, ticket = _prices(category, appeal, rng)
    # A ticket keeps some away (log-odds per doubling; *assumed*).
    appeal = appeal - 0.30 * np.log1p(ticket / 100 / 15)
    size = np.array([AUDIENCE_SIZE[CATEGORY_NAMES[c]] for c in category])
    low = np.array([MINUTES[CATEGORY_NAMES[c]] for c in category])
    kind = rng.choice(3, n_suppliers, p=[0.6, 0.25, 0.15])
    series = np.isin(category, [CATEGORY_NAMES.index("course"), CATEGORY_NAMES.index("reading")])
    titles, descriptions = write_texts(category, tags, audience, supplier, rng)
    return Catalogue(
        supplier_name=name_suppliers(kind, rng),
        supplier_kind=kind,
        supplier_first_year=supplier_first,
        supplier_since_days=rng.integers(30, 4_000, n_suppliers),
        supplier=supplier,
        title=titles,
        description=descriptions,
        category=category,
        tags=tags,
        audience=audience,
        first_year=first,
        last_year=last,
        appeal=(appeal + BASE_LOGIT).astype(np.float32),
        loading=loading.astype(np.float32),
        price_fen=price,
        ticket_fen=ticket,
        minutes=(rng.integers(low[:, 0] // 10, low[:, 1] // 10 + 1) * 10),
        audience_max=_audiences(settings, size * rng.lognormal(0, 0.35, n)),
        min_age=np.where(audience >= 3, rng.choice([0, 6, 12, 16], n, p=[0.4, 0.3, 0.2, 0.1]), 0),
        sessions_max=rng.integers(6, 60, n),
        licence=(category == 0) & (rng.random(n) < 0.8),
        rebook=np.where(series, 0.6, 0.0).astype(np.float32),
    )


def _turnover(
    settings: SimulationSettings, years: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Which supplier offers which product in which years."""
    per_year, active_count = settings.products, max(10, round(settings.products / 2.4))
    active = np.arange(active_count)
    supplier_first = [0] * active_count
    supplier: list[int] = []
    first: list[int] = []
    last: list[int] = []
    for year in range(years):
        kept: list[int] = []
        if year:
            stay = rng.permutation(active)[: active_count - round(0.44 * active_count)]
            fresh = np.arange(len(supplier_first), len(supplier_first) + active_count - len(stay))
            supplier_first += [year] * len(fresh)
            active = np.concatenate([stay, fresh])
            staying = set(stay.tolist())
            old = [
                p for p in range(len(supplier)) if last[p] == year - 1 and supplier[p] in staying
            ]
            kept = rng.permutation(old)[: round(0.15 * per_year)].tolist()
            for p in kept:
                last[p] = year
        present = {supplier[p] for p in kept}
        missing = [int(s) for s in active if int(s) not in present]
        rest = per_year - len(kept) - len(missing)
        weights = rng.pareto(2.5, active_count) + 0.2
        more = rng.choice(active, max(rest, 0), p=weights / weights.sum())
        new = rng.permutation(np.concatenate([np.array(missing, dtype=np.int64), more]))
        supplier += [int(s) for s in new[: per_year - len(kept)]]
        first += [year] * (len(supplier) - len(first))
        last += [year] * (len(supplier) - len(last))
    return (
        np.array(supplier, dtype=np.int64),
        np.array(first, dtype=np.int64),
        np.array(last, dtype=np.int64),
        np.array(supplier_first, dtype=np.int64),
    )


def _draw_tags(category: str, rng: np.random.Generator) -> tuple[int, ...]:
    fitting = [t for t, tag in enumerate(TAGS) if category in tag.categories]
    if category == "online":
        fitting = list(range(len(TAGS)))
    count = min(len(fitting), int(rng.choice([1, 2, 3], p=[0.35, 0.45, 0.2])))
    return tuple(int(t) for t in rng.choice(fitting, count, replace=False))


def _appeal(
    settings: SimulationSettings,
    category: NDArray[np.int64],
    tags: list[tuple[int, ...]],
    supplier: NDArray[np.int64],
    suppliers: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Appeal and loading; the told part's variance is split .2 category, .6 tags, .2 supplier."""
    n, told = len(category), 1 - settings.hidden_share
    rows = np.repeat(np.arange(n), [len(t) for t in tags])
    flat = np.concatenate([np.array(t) for t in tags])

    def effects(width: int) -> NDArray[np.float64]:
        """Standardised sums of category, tag and supplier effects, shape (n, width)."""
        by_category = rng.normal(0, 1, (len(CATEGORY_NAMES), width))[category]
        by_tag = np.zeros((n, width))
        np.add.at(by_tag, rows, rng.normal(0, 1, (len(TAGS), width))[flat])
        by_supplier = rng.normal(0, 1, (suppliers, width))[supplier]
        parts = ((by_category, 0.2), (by_tag, 0.6), (by_supplier, 0.2))
        total = np.zeros((n, width))
        for part, share in parts:
            total += np.sqrt(share) * (part - part.mean(axis=0)) / part.std(axis=0)
        found: NDArray[np.float64] = total / total.std(axis=0)
        return found

    heavy = rng.standard_t(5, n)
    hidden = heavy / heavy.std()
    appeal = np.sqrt(told) * effects(1)[:, 0] + np.sqrt(settings.hidden_share) * hidden
    loading = np.sqrt(told) * effects(FACTORS)
    loading += np.sqrt(settings.hidden_share) * rng.normal(0, 1, (n, FACTORS))
    return APPEAL_SD * appeal, PREFERENCE_SD * loading


def _prices(
    category: NDArray[np.int64], appeal: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Session prices (weakly dearer where the appeal is) and tickets (one event in five)."""
    median = np.array([PRICE_YUAN[CATEGORY_NAMES[c]][0] for c in category])
    sd = np.array([PRICE_YUAN[CATEGORY_NAMES[c]][1] for c in category])
    yuan = median * np.exp(rng.normal(0, 1, len(category)) * sd + 0.08 * appeal)
    price = (yuan.clip(500, 30_000) / 100).round().astype(np.int64) * 10_000
    paid = rng.random(len(category)) < 0.2
    ticket = np.where(paid, rng.choice([1_000, 2_000, 3_000, 5_000, 8_000], len(category)), 0)
    return price, ticket.astype(np.int64)


def _audiences(settings: SimulationSettings, usual: NDArray[np.float64]) -> NDArray[np.int64]:
    """The most a product can take: tens, between 30 and 600."""
    highest = 600 if settings.sold_out_share >= 0.2 else 3_000
    scaled = (usual * settings.seats_scale * 1.3 / 10).round() * 10
    return scaled.clip(30, highest).astype(np.int64)


def interest(
    catalogue: Catalogue,
    preference: NDArray[np.float32],
    age: NDArray[np.int8],
    products: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Chance that each person is interested in each product, shape (people, products).

    Parameters
    ----------
    catalogue
        Suppliers and products.
    preference
        Latent preferences, shape (people, factors).
    age
        Age bands, shape (people,).
    products
        Positions of products.

    Returns
    -------
    Probabilities in (0, 1), float32.
    """
    logit = preference @ catalogue.loading[products].T
    logit += catalogue.appeal[products][None, :]
    logit += AGE_FIT[catalogue.audience[products]].T[age]
    np.negative(logit, out=logit)
    np.exp(logit, out=logit)
    logit += 1
    found: NDArray[np.float32] = np.reciprocal(logit, out=logit)
    return found
