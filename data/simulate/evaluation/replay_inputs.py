"""What a replay needs of a world, small enough to lie beside its truth as arrays."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from data.simulate.behaviour.purchasing import ONLINE
from data.simulate.district.catalogue import AGE_FIT
from data.simulate.evaluation.crowd import gather_crowd, season_of
from data.simulate.evaluation.truth import Exposure, show_rate
from data.simulate.identifiers import product_ids, venue_ids
from data.simulate.settings import period_name
from data.simulate.world import SimulatedWorld
from recommender.errors import UsageError

STAGE_FILE = "truth/stage.npz"


@dataclass(frozen=True, slots=True)
class Stage:
    """The next quarter before anything is planned: people, places and the listed products.

    Attributes
    ----------
    first_s, period
        Where the quarter begins (seconds UTC), and its name.
    street_codes, street_people
        Streets and everybody who lives there.
    venue_ids, venue_street, venue_seats
        Venues; the first ones are the streets' own main culture centres.
    reach_home, reach_work
        Willingness from committees and from workplaces to venues.
    product_ids, category, price_fen, ticket_fen, audience, audience_max, minutes, new, online,
    rebook, show
        The products listed in the quarter; ``show`` is the share of kept bookings that come.
    appeal, loading, season
        Their hidden truth.
    person_*
        The crowd: people that stand for everybody; ``person_heard`` is the activity, times
        ``offline_reach`` for those without the app.
    notices
        kappa E (see :mod:`data.simulate.evaluation.truth`), shape (streets, streets + 1).
    event_effect_sd, seat_scarcity
        As in the settings.
    """

    first_s: NDArray[np.int64]
    period: NDArray[np.str_]
    street_codes: NDArray[np.str_]
    street_people: NDArray[np.int64]
    venue_ids: NDArray[np.str_]
    venue_street: NDArray[np.int64]
    venue_seats: NDArray[np.int64]
    reach_home: NDArray[np.float32]
    reach_work: NDArray[np.float32]
    product_ids: NDArray[np.str_]
    category: NDArray[np.int64]
    price_fen: NDArray[np.int64]
    ticket_fen: NDArray[np.int64]
    audience: NDArray[np.int64]
    audience_max: NDArray[np.int64]
    minutes: NDArray[np.int64]
    new: NDArray[np.bool_]
    online: NDArray[np.bool_]
    rebook: NDArray[np.float32]
    show: NDArray[np.float64]
    appeal: NDArray[np.float32]
    loading: NDArray[np.float32]
    season: NDArray[np.float32]
    person_committee: NDArray[np.int32]
    person_street: NDArray[np.int16]
    person_work: NDArray[np.int16]
    person_age: NDArray[np.int8]
    person_evenings: NDArray[np.uint8]
    person_app: NDArray[np.bool_]
    person_weight: NDArray[np.float32]
    person_heard: NDArray[np.float32]
    person_preference: NDArray[np.float32]
    notices: NDArray[np.float64]
    event_effect_sd: NDArray[np.float64]
    seat_scarcity: NDArray[np.float64]

    @classmethod
    def of(cls, world: SimulatedWorld, exposure: Exposure) -> Self:
        """Take the stage from a world whose history has run.

        Parameters
        ----------
        world
            A world whose history has run.
        exposure
            Typical exposure of sessions by street, from the history.

        Returns
        -------
        What a replay needs, without the world.
        """
        settings, place, people, c = world.settings, world.place, world.people, world.catalogue
        listed = c.listed(settings.years)
        crowd = gather_crowd(world, settings.truth_people)
        index = crowd.index
        counts = np.zeros(len(place.streets), dtype=np.int64)
        np.add.at(counts, place.committee_street, people.counts.sum(axis=(1, 2)))
        offline = np.float32(settings.offline_reach)
        heard = people.activity[index] * np.where(crowd.app, np.float32(1), offline)
        return cls(
            first_s=np.array(settings.until_s),
            period=np.array(period_name(settings.until)),
            street_codes=np.array(place.streets),
            street_people=counts,
            venue_ids=np.array(venue_ids(np.arange(len(place.venue_name))).tolist()),
            venue_street=place.venue_street,
            venue_seats=place.venue_seats,
            reach_home=world.reach_home,
            reach_work=world.reach_work,
            product_ids=np.array(product_ids(world, listed).tolist()),
            category=c.category[listed],
            price_fen=c.price_fen[listed],
            ticket_fen=c.ticket_fen[listed],
            audience=c.audience[listed],
            audience_max=c.audience_max[listed],
            minutes=c.minutes[listed],
            new=c.first_year[listed] == settings.years,
            online=c.category[listed] == ONLINE,
            rebook=c.rebook[listed],
            show=show_rate(world, c.ticket_fen[listed]),
            appeal=c.appeal[listed],
            loading=c.loading[listed],
            season=season_of(world, c.category[listed], settings.until_s + 45 * 86_400),
            person_committee=people.committee[index],
            person_street=people.street[index],
            person_work=people.work_street[index],
            person_age=people.age[index],
            person_evenings=people.evenings[index],
            person_app=crowd.app,
            person_weight=crowd.weight,
            person_heard=heard.astype(np.float32),
            person_preference=people.preference[index],
            notices=exposure.by_street * exposure.kappa,
            event_effect_sd=np.array(settings.overdispersion),
            seat_scarcity=np.array(settings.seat_scarcity),
        )

    def save(self, folder: Path) -> None:
        """Write ``truth/stage.npz`` into a world's folder."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        path = folder / STAGE_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the stage of a simulated folder.

        Raises
        ------
        UsageError
            If the folder holds no simulated world, or one of another version.
        """
        path = folder / STAGE_FILE
        if not path.is_file():
            raise UsageError(
                f"{folder} holds no simulated world.", "Make one: gongxu simulate --out DIR"
            )
        try:
            with np.load(path, allow_pickle=False) as saved:
                arrays: dict[str, Any] = {f.name: saved[f.name] for f in fields(cls)}
        except (KeyError, ValueError, OSError) as error:
            raise UsageError(
                f"{path} cannot be read: {error}.", "Simulate the world again."
            ) from None
        return cls(**arrays)

    @property
    def first(self) -> datetime:
        """The quarter's first moment."""
        return datetime.fromtimestamp(int(self.first_s), tz=UTC)

    def likes(self, products: NDArray[np.int64]) -> NDArray[np.float32]:
        """Chance that each person is interested, season included, shape (people, products)."""
        logit = self.person_preference @ self.loading[products].T
        logit += self.appeal[products]
        logit += AGE_FIT[self.audience[products]].T[self.person_age]
        found: NDArray[np.float32] = self.season[products] / (1 + np.exp(-logit))
        return found
