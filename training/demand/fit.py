"""Fit street demand from a data set: the chain of `recommender.demand`, fed from frames."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from data.snapshot import as_of as snapshot
from features.demand.counts import (
    Sessions,
    Wishes,
    count_streets,
    product_ids,
    read_sessions,
    read_wishes,
    show_rates,
)
from features.demand.exposure import read_shown
from features.demand.products import ProductTraits, read_products
from features.demand.sessions import (
    main_venues,
    months,
    pair_counts,
    present,
    street_distances,
)
from features.demand.streets import StreetResidents, Streets, read_residents, read_streets
from features.demand.surveys import SurveyVotes, read_surveys
from recommender.demand.model import DemandModel
from recommender.demand.observations.gravity import draw, learn_reach
from recommender.demand.observations.surveys import survey_score
from recommender.demand.products.new_products import learn_product_rates
from recommender.demand.products.product_prior import Usual
from recommender.demand.small_areas.intervals import estimate_with_intervals
from training.demand.sessions import SessionDemand, latest_factors, learn_sessions

Progress = Callable[[str, float], None]


def fit_demand(
    dataset: Dataset,
    *,
    as_of: datetime,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> DemandModel:
    """Fit demand on what was known at a moment.

    Parameters
    ----------
    dataset
        Any folder's or database's tables; only those needed to train must hold rows.
    as_of
        Nothing later is used.
    rng
        Deals products to folds.
    progress
        Called with what is being done and the share done so far.
    """
    # The matrices are many and small: threads of linear algebra would only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        return _fit(dataset, as_of, rng, progress or _silent)


def _fit(
    dataset: Dataset, as_of: datetime, rng: np.random.Generator, report: Progress
) -> DemandModel:
    report("reading", 0.0)
    known = snapshot(dataset, as_of)
    streets = read_streets(known)
    residents = read_residents(known, streets)
    products = product_ids(known)
    traits = read_products(known, products)
    sessions = read_sessions(known, streets, products, as_of)
    wishes = read_wishes(known, residents, sessions)

    report("unconstraining", 0.2)
    n_streets, n_products = len(streets.streets), len(products)
    there = present(sessions, residents, n_streets)
    shown = read_shown(known, residents, sessions, wishes)
    drawn = learn_sessions(sessions, wishes, traits, there, shown)
    seen = sessions.past.nonzero()[0]

    report("reach", 0.4)
    reach = _reach(streets, residents, sessions, wishes, drawn, there)
    counted = count_streets(
        residents,
        sessions,
        wishes,
        there,
        n_products,
        weight=drawn.weight,
        reach=reach,
        session_weight=drawn.circumstance,
    )

    report("products", 0.5)
    surveyed = read_surveys(known, streets, products, traits.categories)
    score, was_asked, hints = _survey_hints(surveyed, traits)
    held = np.maximum(np.bincount(sessions.product[seen], minlength=n_products), 1)
    repeated = bool((held > 1).any())
    general = learn_product_rates(
        counted.counts.sum(axis=(0, 1)),
        counted.exposure.sum(axis=(0, 1)),
        traits.matrix,
        traits.group,
        rng=rng,
        # With one session a product, luck and appeal cannot be told apart.
        luck=1.0 / (drawn.size[traits.group] * held) if repeated else 0.0,
        survey=(score, was_asked),
    )
    report("streets", 0.6)
    fitted, _ = estimate_with_intervals(
        counted.counts,
        counted.exposure,
        streets.population,
        product_rates=general.rate,
        usual=Usual(traits.group, traits.matrix, seed=int(rng.integers(2**31))),
        hints=hints,
        dispersion=counted.dispersion,
        rng=rng,
    )
    shows = show_rates(sessions, wishes)
    price = _last_free(sessions, n_products)
    attending = np.where(price, shows[True], shows[False]) * drawn.usual_hours(sessions, traits)
    at_home = fitted.expected
    by_ages = fitted.standardised.target
    people = np.repeat(streets.population.sum(axis=1)[:, None], n_products, axis=1)
    log_sd = fitted.log_sd
    if reach is not None:
        online = _online(sessions, traits, n_products)
        main = main_venues(known, sessions, n_streets)
        place = np.where(main >= 0, drawn.factors[0][main], 1.0)[:, None]

        def gather(home: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.where(online, home.sum(axis=0), draw(home, reach) * place)

        at_home, by_ages, people, home = (*map(gather, (at_home, by_ages, people)), at_home)
        share = reach[:, :, None] * home[:, None, :]
        share /= np.maximum(share.sum(axis=0), 1e-12)
        log_sd = np.sqrt(np.einsum("svp,sp->vp", share**2, fitted.log_sd**2))
    expected = at_home * attending
    plain = np.bincount(sessions.product[seen], drawn.asked, n_products) / np.maximum(
        np.bincount(sessions.product[seen], drawn.demand, n_products), 1e-9
    )
    as_seen = general.predicted + (general.rate - general.predicted) * np.clip(plain, 0.0, 1.0)
    came_new, came_again = latest_factors(sessions, drawn, traits, rng=rng)
    # Bands that showed no booking widen a seen product; a new one is as wide as its prediction.
    showed = counted.bookings.sum(axis=0) > 0
    product_log_sd = np.where(
        showed,
        np.maximum(came_again * general.log_sd, fitted.product_log_sd),
        came_new * general.log_sd,
    )
    report("done", 1.0)
    planned = (~sessions.past) & (sessions.street >= 0)
    return DemandModel(
        streets=streets.streets,
        products=products,
        street_names=streets.names,
        titles=traits.titles,
        categories=traits.categories,
        group=traits.group,
        expected=expected,
        log_sd=np.sqrt(log_sd**2 + product_log_sd**2),
        bookings=counted.bookings,
        survey_votes=(surveyed.product + surveyed.category[:, traits.group]).astype(np.int64),
        behind=_behind(residents, sessions, wishes, traits, n_streets),
        step_rates=np.stack([general.predicted, as_seen, general.rate]),
        within_reach=people,
        step_ages=by_ages,
        step_taste=at_home,
        repeat_factor=drawn.repeat_factor,
        season=drawn.season(len(traits.categories)),
        listed_from=traits.listed_from,
        listed_until=traits.listed_until,
        shown=np.bincount(
            sessions.product, np.where(shown.logged, shown.sample, 0.0), n_products
        ).astype(np.float64),
        planned_street=sessions.street[planned],
        planned_product=sessions.product[planned],
        planned_month=months(sessions)[planned],
        planned_seats=np.nan_to_num(sessions.seats[planned]),
    )


def _survey_hints(
    asked: SurveyVotes, traits: ProductTraits
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[NDArray[np.float64]]]:
    """Product scores, whether asked about, and street patterns of categories and products."""
    usual = asked.product_expected.sum(axis=0)
    score = survey_score(asked.product.sum(axis=0), usual)
    hints = []
    for votes, expected in (
        (asked.category, asked.category_expected),
        (asked.product, asked.product_expected),
    ):
        level = votes.sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-12)
        hints.append(survey_score(votes, expected * level))
    # A product that was asked about itself does not need its category's answers.
    own = usual > 0
    by_category = np.where(own, 0.0, hints[0][:, traits.group])
    return score, own, [hint for hint in (by_category, hints[1]) if np.abs(hint).any()]


def _silent(text: str, share: float) -> None:
    del text, share


def _last_free(sessions: Sessions, n_products: int) -> NDArray[np.bool_]:
    """Whether most sessions of each product are free; free where there were none."""
    held = np.bincount(sessions.product, minlength=n_products)
    free = np.bincount(sessions.product, weights=sessions.free, minlength=n_products)
    return np.asarray(free * 2 >= held)


def _behind(
    residents: StreetResidents,
    sessions: Sessions,
    wishes: Wishes,
    traits: ProductTraits,
    n_streets: int,
) -> NDArray[np.int64]:
    """Distinct residents of the street who booked in the product's category."""
    groups = len(traits.categories)
    street = residents.street[wishes.resident]
    used = (street >= 0) & sessions.past[wishes.session]
    group = traits.group[sessions.product[wishes.session]]
    pairs = np.unique(wishes.resident[used] * groups + group[used])
    home = residents.street[pairs // groups]
    distinct = np.bincount(home * groups + pairs % groups, minlength=n_streets * groups)
    return distinct.reshape(n_streets, groups)[:, traits.group].astype(np.int64)


def _reach(
    streets: Streets,
    residents: StreetResidents,
    sessions: Sessions,
    wishes: Wishes,
    drawn: SessionDemand,
    there: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """Reach between streets, or None where sessions were held in fewer than two of them.

    Then nothing tells how far people go, and a street's figure is that of its own residents.
    """
    size = len(streets.streets)
    held = (sessions.past & (sessions.street >= 0)).nonzero()[0]
    if len(np.unique(sessions.street[held])) < 2:
        return None
    usual = there[:, held] * (drawn.circumstance[held] * drawn.rate[sessions.product[held]])
    expected = np.zeros((size, size))
    np.add.at(expected.T, sessions.street[held], usual.T)
    counts = pair_counts(sessions, residents, wishes, drawn.weight, size)
    expected *= counts.sum() / max(expected.sum(), 1e-12)
    return learn_reach(counts, expected, street_distances(streets)).reach


def _online(sessions: Sessions, traits: ProductTraits, n_products: int) -> NDArray[np.bool_]:
    """Products that take place nowhere in particular: by category, or all their sessions so far."""
    held = np.bincount(sessions.product, minlength=n_products)
    placed = np.bincount(sessions.product, weights=sessions.street >= 0, minlength=n_products)
    named = np.array([name == "online" for name in traits.categories])[traits.group]
    return np.asarray(named | ((held > 0) & (placed == 0)))
