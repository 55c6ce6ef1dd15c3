"""Fit street demand from a data set: the chain of `recommender.demand`, fed from tables."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data.dataset import Dataset
from data.district_time import district_zone
from data.snapshot import as_of as snapshot
from data.working_days import read_working_days
from features.demand.counts import (
    ActiveBookings,
    Sessions,
    count_streets,
    product_ids,
    read_active_bookings,
    read_sessions,
    show_rates,
)
from features.demand.exposure import read_impressions
from features.demand.past_sessions import (
    count_contributors,
    mostly_free,
    take_place_nowhere,
)
from features.demand.products import ProductFeatures, read_products
from features.demand.sessions import (
    main_venues,
    months,
    registered_by_session,
    saturation_now,
    street_distances,
    street_pair_counts,
)
from features.demand.streets import StreetResidents, Streets, read_residents, read_streets
from features.demand.surveys import SurveyVotes, read_surveys
from recommender.demand.model import DemandModel
from recommender.demand.observations.gravity import gravity_attendances, learn_reach
from recommender.demand.observations.surveys import survey_score
from recommender.demand.products.new_products import learn_product_rates
from recommender.demand.products.product_prior import ProductPrior
from recommender.demand.recency import prior_combination
from recommender.demand.small_areas.intervals import estimate_with_intervals
from recommender.errors import UsageError
from training.demand.circumstances import season
from training.demand.competition import learn_competition
from training.demand.held import natural_grain, sessions_held
from training.demand.levels import ORIGINS, at_latest_levels, learn_drift_of, learn_levels
from training.demand.rolling import backtest_factors, opening_factor, roll, session_weights
from training.demand.sessions import SessionDemand, learn_sessions

Progress = Callable[[str, float], None]


def fit_demand(
    dataset: Dataset,
    *,
    as_of: datetime,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> DemandModel:
    """Fit demand on what was known at a moment, at the levels of the latest periods.

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

    Returns
    -------
    The fitted demand, ready for a bundle.

    Raises
    ------
    UsageError
        If no street has people.
    """
    held = sessions_held(dataset, as_of)
    grain = natural_grain(held)
    if grain != "quarter":
        held = sessions_held(dataset, as_of, grain)
    report = progress or _silent
    model = fit_chain(dataset, as_of=as_of, rng=rng, progress=report)
    learnt = learn_levels(model, held, as_of, origins=ORIGINS, grain=grain)
    drift = learn_drift_of(model, held, as_of, grain)
    model = replace(model, drift=np.array(drift), known_until=_month(as_of))
    return at_latest_levels(model, held, as_of, learnt or prior_combination(), grain=grain)


def fit_chain(
    dataset: Dataset,
    *,
    as_of: datetime,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> DemandModel:
    """Fit demand on all of the past alike.

    Parameters
    ----------
    dataset, as_of, rng, progress
        As in :func:`fit_demand`.

    Returns
    -------
    Demand before the latest periods are given more weight.
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
    if not streets.population.any():
        raise UsageError(
            "no street has people.",
            "Give `population`, or `area_code` of residents that lies in a street of `areas`.",
        )
    residents = read_residents(known, streets)
    products = product_ids(known)
    product_features = read_products(known, products)
    sessions = read_sessions(known, streets, products, as_of, district_zone())
    active = read_active_bookings(known, residents, sessions)

    report("unconstraining", 0.2)
    calendar = read_working_days(known["holidays"])
    n_streets, n_products = len(streets.streets), len(products)
    registered = registered_by_session(sessions, residents, n_streets)
    shown = read_impressions(known, residents, sessions, active)
    session_demand = learn_sessions(sessions, active, product_features, registered, shown, calendar)
    seen = sessions.past.nonzero()[0]
    moment = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us")

    report("reach", 0.4)
    reach = _reach(streets, residents, sessions, active, session_demand, registered)
    aged = session_weights(sessions, session_demand, product_features, moment)
    counted = count_streets(
        residents,
        sessions,
        active,
        registered,
        n_products,
        weight=session_demand.weight * aged,
        reach=reach,
        session_weight=session_demand.context * aged,
    )

    report("products", 0.5)
    surveyed = read_surveys(known, streets, products, product_features.categories)
    score, was_asked, log_ratio_priors = _survey_priors(surveyed, product_features)
    held = np.maximum(np.bincount(sessions.product[seen], minlength=n_products), 1)
    repeated = bool((held > 1).any())
    general = learn_product_rates(
        counted.counts.sum(axis=(0, 1)),
        counted.exposure.sum(axis=(0, 1)),
        product_features.matrix,
        product_features.group,
        rng=rng,
        # With one session a product, overdispersion and appeal are confounded.
        overdispersion=1.0 / (session_demand.size[product_features.group] * held)
        if repeated
        else 0.0,
        survey=(score, was_asked),
    )
    rolled = roll(sessions, session_demand, product_features, rng=rng)
    opening = np.where(
        np.bincount(sessions.product[seen], minlength=n_products) > 0,
        1.0,
        opening_factor(rolled, sessions, session_demand, product_features),
    )
    general = replace(general, rate=general.rate * opening, predicted=general.predicted * opening)
    report("streets", 0.6)
    fitted, _ = estimate_with_intervals(
        counted.counts,
        counted.exposure,
        streets.population,
        product_rates=general.rate,
        product_prior=ProductPrior(
            product_features.group, product_features.matrix, seed=int(rng.integers(2**31))
        ),
        log_ratio_priors=log_ratio_priors,
        dispersion=counted.dispersion,
        rng=rng,
    )
    shows = show_rates(sessions, active)
    price = mostly_free(sessions, n_products)
    attending = (
        np.where(price, shows[True], shows[False])
        * session_demand.hour_effect(sessions, product_features)
        * session_demand.freshness(saturation_now(sessions, n_products, moment))
    )
    at_home = fitted.expected
    by_ages = fitted.standardised.target
    people = np.repeat(streets.population.sum(axis=1)[:, None], n_products, axis=1)
    log_sd = fitted.log_sd
    if reach is not None:
        online = take_place_nowhere(sessions, product_features, n_products)
        main = main_venues(known, sessions, n_streets)
        place = session_demand.place_effect(sessions, main)[:, None]

        def gather(home: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.where(online, home.sum(axis=0), gravity_attendances(home, reach) * place)

        at_home, by_ages, people, home = (*map(gather, (at_home, by_ages, people)), at_home)
        share = reach[:, :, None] * home[:, None, :]
        share /= np.maximum(share.sum(axis=0), 1e-12)
        log_sd = np.sqrt(np.einsum("svp,sp->vp", share**2, fitted.log_sd**2))
    expected = np.minimum(at_home * attending, np.minimum(people, streets.population.sum()))
    plain = np.bincount(sessions.product[seen], session_demand.asked, n_products) / np.maximum(
        np.bincount(sessions.product[seen], session_demand.demand, n_products), 1e-9
    )
    as_observed = general.predicted + (general.rate - general.predicted) * np.clip(plain, 0.0, 1.0)
    factor_new, factor_seen = backtest_factors(rolled, sessions, session_demand, product_features)
    # Bands that showed no booking widen a seen product; a new one is as wide as its prediction.
    showed = counted.bookings.sum(axis=0) > 0
    product_log_sd = np.where(
        showed,
        np.maximum(factor_seen * general.log_sd, fitted.product_log_sd),
        factor_new * general.log_sd,
    )
    population = streets.population.sum(axis=1)
    competition = learn_competition(
        sessions, session_demand, product_features, surveyed, expected, population, moment
    )
    report("done", 1.0)
    planned = (~sessions.past) & (sessions.street >= 0)
    return DemandModel(
        streets=streets.streets,
        products=products,
        street_names=streets.names,
        titles=product_features.titles,
        population=population,
        competition=competition,
        categories=product_features.categories,
        group=product_features.group,
        expected=expected,
        log_sd=np.sqrt(log_sd**2 + product_log_sd**2),
        bookings=counted.bookings,
        survey_votes=surveyed.product.astype(np.int64),
        contributors=count_contributors(residents, sessions, active, product_features, n_streets),
        step_rates=np.stack([general.predicted, as_observed, general.rate]),
        within_reach=people,
        step_age_bands=by_ages,
        step_street_ratios=at_home,
        repeat_factor=session_demand.repeat_factor,
        season=season(
            session_demand.factors, len(product_features.categories), calendar, _today(as_of)
        ),
        listed_from=product_features.listed_from,
        listed_until=product_features.listed_until,
        effective_impressions=np.bincount(
            sessions.product, np.where(shown.logged, shown.sample, 0.0), n_products
        ).astype(np.float64),
        planned_street=sessions.street[planned],
        planned_product=sessions.product[planned],
        planned_month=months(sessions)[planned],
        planned_seats=np.nan_to_num(sessions.seats[planned]),
    )


def _survey_priors(
    asked: SurveyVotes, product_features: ProductFeatures
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[NDArray[np.float64]]]:
    """Product scores, whether asked about, and street patterns of categories and products."""
    reference = asked.product_expected.sum(axis=0)
    score = survey_score(asked.product.sum(axis=0), reference)
    log_ratio_priors = []
    for votes, expected in (
        (asked.category, asked.category_expected),
        (asked.product, asked.product_expected),
    ):
        level = votes.sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-12)
        log_ratio_priors.append(survey_score(votes, expected * level))
    # A product that was asked about itself does not need its category's answers.
    own = reference > 0
    by_category = np.where(own, 0.0, log_ratio_priors[0][:, product_features.group])
    return (
        score,
        own,
        [prior for prior in (by_category, log_ratio_priors[1]) if np.abs(prior).any()],
    )


def _today(moment: datetime) -> date:
    return moment.astimezone(district_zone()).date()


def _month(moment: datetime) -> NDArray[np.datetime64]:
    local = moment.astimezone(district_zone()).replace(tzinfo=None)
    return np.array(np.datetime64(local, "M"))


def _silent(text: str, share: float) -> None:
    del text, share


def _reach(
    streets: Streets,
    residents: StreetResidents,
    sessions: Sessions,
    active: ActiveBookings,
    session_demand: SessionDemand,
    registered: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """Reach between streets, or None where sessions were held in fewer than two of them.

    Then reach cannot be estimated, and a street's figure is that of its own residents.
    """
    size = len(streets.streets)
    held = (sessions.past & (sessions.street >= 0)).nonzero()[0]
    if len(np.unique(sessions.street[held])) < 2:
        return None
    reference = registered[:, held] * (
        session_demand.context[held] * session_demand.rate[sessions.product[held]]
    )
    expected = np.zeros((size, size))
    np.add.at(expected.T, sessions.street[held], reference.T)
    counts = street_pair_counts(sessions, residents, active, session_demand.weight, size)
    expected *= counts.sum() / max(expected.sum(), 1e-12)
    return learn_reach(counts, expected, street_distances(streets)).reach
