"""The fitted demand of a district: what a bundle keeps and every demand page is read from."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recommender.demand.competition import Competition
from recommender.demand.disclosure import MIN_RESIDENTS, disclosed_counts, disclosure_control
from recommender.demand.periods import period_months
from recommender.interfaces import Arrays
from recommender.types import DemandEstimate, IdMap

Floats = NDArray[np.float64]

HALF_WIDTH = 1.2815515655446004  # of an 80 % interval, in standard deviations of a normal


def interval(expected: Floats, log_sd: Floats) -> tuple[Floats, Floats]:
    """Lower and upper end of the 80 % interval of a lognormal with a given mean.

    Parameters
    ----------
    expected, log_sd
        Mean, and standard deviation of the logarithm, same shape.

    Returns
    -------
    Both ends, shape as given; the mean always lies between them.
    """
    # The mean of a lognormal lies half a variance above its median.
    median = expected * np.exp(-0.5 * np.minimum(log_sd, 1.5) ** 2)
    width = np.exp(HALF_WIDTH * log_sd)
    return np.minimum(median / width, expected), np.maximum(median * width, expected)


def _column_or_all(middle: Callable[..., Any], values: Floats, *, otherwise: float) -> Floats:
    """A statistic of each column without NaN; of all columns where one has no value."""
    known = np.isfinite(values)
    whole = float(middle(values[known])) if known.any() else otherwise
    return np.array(
        [middle(c[k]) if k.any() else whole for c, k in zip(values.T, known.T, strict=True)]
    )


def _disclosed_evidence(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of bookings or votes; 0 for few as for none."""
    return np.nan_to_num(disclosed_counts(counts, counts)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class DemandModel:
    """Demand of every street for every product.

    Attributes
    ----------
    streets, products
        The fitted grid.
    street_names, titles
        By position, for people.
    population
        People of each street, shape (streets,); a street without any has no figure.
    categories, group
        Category names, and each product's position among them.
    expected
        Attendances at one session if capacity were unlimited, in an average month;
        shape (streets, products).
    log_sd
        Calibrated standard deviation of its logarithm, same shape.
    bookings, survey_votes
        Evidence from the street, int64, same shape.
    contributors
        Residents of the street whose bookings the figure rests on, int64, same shape.
    step_rates
        For explanation: rate of each product from features, with its own bookings, and with
        sold-out sessions made up for, shape (3, products).
    within_reach
        People that a session reaches, weighed by reach, shape (streets, products).
    step_age_bands, step_street_ratios
        The figure after age bands and after street ratios, before hours and no-shows,
        shape as ``expected``.
    repeat_factor
        Factor from one session to the next, by category, shape (categories,).
    season
        Demand of each calendar month relative to the yearly mean, shape (categories, 12).
    listed_from, listed_until
        datetime64[D] by product; NaT: no limit.
    effective_impressions
        Effective number of evenly shown impressions behind each product's correction for
        exposure, shape (products,); 0 where none of its sessions was logged.
    planned_street, planned_product, planned_month, planned_seats
        Sessions already planned: positions, datetime64[M] in local time, seats.
    competition
        How sessions of a quarter take from each other; ``None`` where no past tells.
    drift
        Variance that each further quarter adds to ``log_sd`` squared, shape ().
    known_until
        datetime64[M], the month of the moment of the fit, shape (); NaT: all is near.
    """

    streets: IdMap
    products: IdMap
    street_names: tuple[str, ...]
    titles: tuple[str, ...]
    population: Floats
    categories: tuple[str, ...]
    group: NDArray[np.intp]
    expected: Floats
    log_sd: Floats
    bookings: NDArray[np.int64]
    survey_votes: NDArray[np.int64]
    contributors: NDArray[np.int64]
    step_rates: Floats
    within_reach: Floats
    step_age_bands: Floats
    step_street_ratios: Floats
    repeat_factor: Floats
    season: Floats
    listed_from: NDArray[np.datetime64]
    listed_until: NDArray[np.datetime64]
    effective_impressions: Floats
    planned_street: NDArray[np.intp]
    planned_product: NDArray[np.intp]
    planned_month: NDArray[np.datetime64]
    planned_seats: Floats
    competition: Competition | None = None
    drift: Floats = field(default_factory=lambda: np.zeros(()))
    known_until: NDArray[np.datetime64] = field(default_factory=lambda: np.array("NaT", "M8[M]"))

    def estimate(self, streets: IdMap, products: IdMap, period: str) -> DemandEstimate:
        """Every cell of a grid, as it may leave the model.

        The gate that every figure for people passes through, plans and all questions about them
        included: in a suppressed cell stands what the product's rate in all streets makes of the
        people within reach, so that no answer, and no difference between answers, depends on what
        the few residents behind the cell did.

        Parameters
        ----------
        streets, products
            The grid's rows and columns, in any order.
        period
            Such as ``2027Q1``, ``2027-01`` or ``2027``.

        Returns
        -------
        Attendances at one session, intervals, evidence, supply in seats, and which cells are
        suppressed; arrays of shape (streets, products).

        Raises
        ------
        UnknownIdError
            For a street or product that the fitted data does not hold.
        UsageError
            If the period is none.
        """
        hidden = self.suppressed()
        return self._disclosed(hidden)._grid(streets, products, period, hidden)

    def fitted_estimate(self, streets: IdMap, products: IdMap, period: str) -> DemandEstimate:
        """The same with the figures of suppressed cells: to judge the model by, never to be shown.

        Parameters
        ----------
        streets, products, period
            As in :meth:`estimate`.

        Returns
        -------
        As :meth:`estimate`.
        """
        return self._grid(streets, products, period, self.suppressed())

    def _disclosed(self, hidden: NDArray[np.bool_]) -> Self:
        """The same model without what suppressed cells rest on."""
        shown = ~hidden
        # One factor a product: hours and no-shows of all streets.
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.where(shown, self.expected / self.step_street_ratios, np.nan)
        came = _column_or_all(np.nanmedian, factor, otherwise=1.0)
        widest = _column_or_all(np.nanmax, np.where(shown, self.log_sd, np.nan), otherwise=1.0)
        bookings = np.where(hidden, 0, self.bookings)
        rate = np.where(
            bookings.sum(axis=0) >= MIN_RESIDENTS, self.step_rates[2], self.step_rates[0]
        )
        return replace(
            self,
            expected=np.where(hidden, rate * came * self.within_reach, self.expected),
            log_sd=np.where(hidden, widest, self.log_sd),
            bookings=_disclosed_evidence(bookings),
            survey_votes=_disclosed_evidence(np.where(hidden, 0, self.survey_votes)),
        )

    def _grid(
        self, streets: IdMap, products: IdMap, period: str, hidden: NDArray[np.bool_]
    ) -> DemandEstimate:
        rows = self.streets.positions(streets.ids)
        columns = self.products.positions(products.ids)
        cells = np.ix_(rows, columns)
        people = self.people_within_reach()[cells]
        expected = self.expected[cells] * self.season_of(period)[self.group[columns]]
        spread = np.sqrt(self.log_sd[cells] ** 2 + self.drift * self._quarters_ahead(period))
        low, high = interval(expected, spread)
        expected, low, high = (np.minimum(figure, people) for figure in (expected, low, high))
        supply = self.supply(period)[cells]
        return DemandEstimate(
            streets=streets,
            products=products,
            period=period,
            expected=expected,
            low=low,
            high=high,
            evidence_bookings=self.bookings[cells],
            evidence_surveys=self.survey_votes[cells],
            supply=supply,
            gap=self._total(expected, columns, self.sessions(period)[cells]) - supply,
            # Decided on the whole grid: asking for a part of it must not show more.
            suppressed=hidden[cells],
            alone=expected / self._usual_shares()[cells],
        )

    def competing(self, streets: IdMap, period: str) -> Competition | None:
        """How sessions of a period compete in streets, in this order; caps grow with its length.

        Parameters
        ----------
        streets
            Codes.
        period
            Such as ``2027Q1``.

        Returns
        -------
        ``None`` where no past tells.
        """
        if self.competition is None:
            return None
        first, after = period_months(period)
        quarters = int((after - first).astype(int)) / 3
        return self.competition.of(self.streets.positions(streets.ids)).scaled(quarters)

    def _usual_shares(self) -> Floats:
        """What a usual quarter's sessions leave of a session's attendances alone, (S, P)."""
        if self.competition is None:
            return np.ones(self.expected.shape)
        shares = self.competition.shares(self.competition.masses(self.competition.usual))
        return np.asarray(shares[:, self.group])

    def _quarters_ahead(self, period: str) -> float:
        """Quarters from the one after the fit to the middle of a period, from 0 to 8."""
        first, after = (int(month.astype(int)) for month in period_months(period))
        if np.isnat(self.known_until):
            return 0.0
        middle = (first + after) / 2 - int(self.known_until.astype(int))
        return float(np.clip(middle / 3 - 0.5, 0.0, 8.0))

    def people_within_reach(self) -> Floats:
        """Most people who can come to one session, shape (streets, products)."""
        return np.asarray(np.minimum(self.within_reach, self.population.sum()))

    def populated(self) -> IdMap:
        """Streets in which people are known to live, in the model's order."""
        return IdMap(self.streets.take((self.population > 0).nonzero()[0]))

    def suppressed(self) -> NDArray[np.bool_]:
        """Cells that must not be shown, shape (streets, products).

        All of a street without people: it has no figure, and so none that totals could disclose.
        """
        people = self.population > 0
        hidden = np.ones(self.expected.shape, dtype=bool)
        hidden[people] = disclosure_control(self.contributors[people])
        return hidden

    def listed(self, period: str) -> IdMap:
        """Products in the catalogue at some time of a period, in the model's order."""
        first, after = period_months(period)
        start, end = first.astype("datetime64[D]"), after.astype("datetime64[D]")
        begun = np.isnat(self.listed_from) | (self.listed_from < end)
        open_ = np.isnat(self.listed_until) | (self.listed_until >= start)
        return IdMap(self.products.take((begun & open_).nonzero()[0]))

    def session_repeat_factor(self, products: IdMap) -> Floats:
        """Factor from one session of a product to the next, shape (products,)."""
        return np.asarray(self.repeat_factor[self.group[self.products.positions(products.ids)]])

    def season_of(self, period: str) -> Floats:
        """Demand in a period relative to the yearly mean, shape (categories,)."""
        first, after = period_months(period)
        months = np.arange(first, after).astype("datetime64[M]").astype(int) % 12
        return np.asarray(self.season[:, months].mean(axis=1))

    def supply(self, period: str) -> Floats:
        """Seats already planned in a period, shape (streets, products)."""
        return self._planned(period, self.planned_seats)

    def sessions(self, period: str) -> Floats:
        """Sessions already planned in a period, shape (streets, products)."""
        return self._planned(period, np.ones(len(self.planned_seats)))

    def _planned(self, period: str, value: Floats) -> Floats:
        first, after = period_months(period)
        within = (self.planned_month >= first) & (self.planned_month < after)
        found = np.zeros(self.expected.shape)
        np.add.at(found, (self.planned_street[within], self.planned_product[within]), value[within])
        return found

    def _total(self, expected: Floats, columns: NDArray[np.intp], sessions: Floats) -> Floats:
        """Attendances of the planned sessions together, of one where none is planned."""
        factor = self.repeat_factor[self.group[columns]]
        n = np.maximum(sessions, 1.0)
        # Attendances of each session are `factor` times those of the one before.
        falling = np.minimum(factor, 1.0 - 1e-9)
        return np.asarray(expected * (1.0 - falling**n) / (1.0 - falling))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt, as named arrays."""
        arrays: dict[str, NDArray[Any]] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name == "competition":
                arrays |= {} if value is None else value.to_arrays()
            elif isinstance(value, IdMap):
                arrays[each.name] = value.to_array()
            elif isinstance(value, tuple):
                arrays[each.name] = np.array(value, dtype=np.str_)
            else:
                arrays[each.name] = value
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of :meth:`to_arrays`."""
        values: dict[str, Any] = {}
        for each in fields(cls):
            if each.name == "competition":  # bundles of before it was learnt have none
                values[each.name] = Competition.from_arrays(arrays)
                continue
            if each.name in ("drift", "known_until") and each.name not in arrays:
                continue
            value = arrays[each.name]
            if each.name in ("streets", "products"):
                values[each.name] = IdMap.from_array(value)
            elif each.name in ("street_names", "titles", "categories"):
                values[each.name] = tuple(value.tolist())
            else:
                values[each.name] = value
        return cls(**values)
