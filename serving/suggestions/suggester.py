"""The suggestion service: single lists with reasons, for the command line and the API."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from recommender.errors import UnknownIdError
from recommender.ranking.lists.assembly import SLOTS, ListPolicy, Lists, fill_lists
from recommender.ranking.lists.engine import ListEngine
from recommender.ranking.lists.explanations import reasons_for
from recommender.ranking.lists.inputs import ListQuery
from recommender.ranking.model.suggestion_model import Scores, SuggestionModel
from recommender.types import Reason, Suggestion
from serving.suggestions.evidence import EvidenceBuilder
from serving.suggestions.identifiers import suggestion_id
from serving.suggestions.list_tables import ListTables
from serving.suggestions.refusals import (
    ADVICE,
    NothingEligibleError,
    nothing_eligible,
    require_events,
)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How one score came about: the parts add up to it.

    Attributes
    ----------
    event_id
        The event.
    parts
        Signal name and what it moved; ``base``, ``boost`` and ``diversity`` are the model's level,
        policy, and what likeness cost.
    score
        Their sum.
    capacity_price
        What a place in a list cost, because the event's seats are wanted by many, in the score's
        unit. It decides who is shown the event, and is no part of the score.
    """

    event_id: str
    parts: dict[str, float]
    score: float
    capacity_price: float


class Suggester:
    """Makes lists at one moment. Build a new one when the moment or the model moves on.

    Parameters
    ----------
    model
        The fitted model.
    list_tables
        The tables at the moment.
    model_version
        Printed with every suggestion.
    policy, prices
        See :class:`recommender.ranking.lists.engine.ListEngine`.
    """

    def __init__(
        self,
        model: SuggestionModel,
        list_tables: ListTables,
        *,
        model_version: str,
        policy: ListPolicy | None = None,
        prices: NDArray[np.float64] | None = None,
    ) -> None:
        self.list_tables = list_tables
        self.model_version = model_version
        self.engine = ListEngine(
            model, list_tables.inputs, model_version=model_version, policy=policy, prices=prices
        )
        self.evidence = EvidenceBuilder(list_tables)

    def prepare(self) -> None:
        """Compute everything that lists need, and let go of what it came from."""
        self.list_tables.prepare()
        self.engine.prepare()
        self.evidence.prepare()

    @property
    def at(self) -> datetime:
        """The moment of every list."""
        return self.list_tables.at

    def for_resident(self, resident_id: str, n: int = 10) -> list[Suggestion]:
        """A resident's list.

        Whoever switched personalisation off, or may not be profiled, gets the list of the place:
        the same for everybody who asks from there, less what they may not or cannot go to.

        Parameters
        ----------
        resident_id, n
            The pseudonym, and the length of the list.

        Returns
        -------
        The list, best first; shorter where fewer events may be shown.

        Raises
        ------
        UnknownIdError
            If the resident is not known.
        NothingEligibleError
            If no event may be shown, saying which rules stood against it.
        """
        return self.explain(self.ask(resident_id), n)[0]

    def for_place(self, code: str, n: int = 10) -> list[Suggestion]:
        """The list of an area or a venue, for screens; no person is behind it.

        Parameters
        ----------
        code, n
            ``area_code`` or ``venue_id``, and the length of the list.

        Returns
        -------
        The list, best first.

        Raises
        ------
        UnknownIdError
            If there is neither an area nor a venue of that code.
        NothingEligibleError
            If no event may be shown there.
        """
        return self.explain(self.ask_place(code), n)[0]

    def similar(self, event_id: str, n: int = 10) -> list[Suggestion]:
        """Bookable events like a given one: alike in words, category, tags, supplier, audience.

        Parameters
        ----------
        event_id, n
            The event, which need not be bookable itself, and the length of the list.

        Returns
        -------
        The list, most alike first.

        Raises
        ------
        UnknownIdError
            If the event is not known.
        NothingEligibleError
            If no other event can be booked.
        """
        snapshot, list_tables = self.list_tables.snapshot, self.list_tables
        if event_id not in snapshot.events:
            raise UnknownIdError(f"no event {event_id!r} is known.", "See events.event_id.")
        position = snapshot.events.position(event_id)
        product = snapshot.event_level["product"]
        features = snapshot.product_features
        alike = features[product[list_tables.candidates]] @ features[product[position]].T
        others = (list_tables.candidates != position)[None, :]
        lists = fill_lists(
            np.arange(len(list_tables.candidates))[None, :],
            np.where(others, np.asarray(alike.todense(), dtype=np.float32).T, -np.inf),
            others,
            list_tables.inputs.similarity,
            n,
            policy=self.engine.policy,
        ).filled()
        if lists.columns.size == 0:
            require_events(self.list_tables)
            raise NothingEligibleError("no other event can be booked now.", ADVICE)
        asked = self.engine.ask_nobody(-1, -1, f"similar {event_id}")
        title = self.list_tables.title_of(position)
        alike_to = Reason("alike", {"title": title}, 1.0)
        return self._suggestions(
            lists, asked, [(alike_to,) if score > 0 else () for score in lists.score[0]]
        )

    def explain(self, asked: ListQuery, n: int = 10) -> tuple[list[Suggestion], list[Arithmetic]]:
        """One list, and the arithmetic behind every score in it.

        Parameters
        ----------
        asked, n
            A block of one query, and the length of the list.

        Returns
        -------
        The list, and one sum a place.

        Raises
        ------
        NothingEligibleError
            If no event may be shown.
        """
        require_events(self.list_tables)
        lists = self.engine.lists(asked, n).filled()
        if lists.columns.size == 0:
            raise nothing_eligible(self.list_tables, asked.facts)
        scores = self.engine.scores(asked, lists.columns, explain=True)
        reasons = self.reasons(asked, lists, scores)
        return self._suggestions(lists, asked, reasons), self._arithmetic(lists, asked, scores)

    def ask(self, resident_id: str) -> ListQuery:
        """Resolve a resident.

        Raises
        ------
        UnknownIdError
            If there is none of that identifier.
        """
        known = self.list_tables.snapshot.residents
        if resident_id not in known:
            raise UnknownIdError(
                f"no resident {resident_id!r} is known.",
                "Use a pseudonym from residents.resident_id; new residents come by import.",
            )
        row = known.position(resident_id)
        return self.engine.ask_residents(row, row + 1)

    def ask_place(self, code: str) -> ListQuery:
        """Resolve an area or a venue.

        Raises
        ------
        UnknownIdError
            If there is none of that code.
        """
        home, street = self.list_tables.place_of(code)
        return self.engine.ask_nobody(street, home, f"place {home}")

    def asked_from(self, asked: ListQuery, area: str) -> ListQuery:
        """The same query asked from another place: ranking, reach and distances follow it.

        Parameters
        ----------
        asked
            A block of one query.
        area
            Code of a known area.

        Returns
        -------
        The query of the same person, standing in that area.
        """
        home = self.list_tables.area_rows[area]
        return replace(
            asked,
            streets=np.array([self.list_tables.street_of.get(area, -1)], dtype=np.intp),
            facts=replace(asked.facts, home=np.array([home], dtype=np.intp)),
            # A list without a profile is that of its place, the same for everybody there.
            seeds=asked.seeds if asked.residents[0] >= 0 else [f"place {home}"],
        )

    def reasons(
        self, asked: ListQuery, lists: Lists, scores: Scores | None = None
    ) -> list[tuple[Reason, ...]]:
        """Reasons for every filled place of a block of lists, row by row.

        Parameters
        ----------
        asked, lists
            The questions and their lists, arrays of shape (q, n).
        scores
            Of the places, with contributions; asked of the model when left out.

        Returns
        -------
        One tuple a filled place, the weightiest reason first.
        """
        columns = np.maximum(lists.columns, 0)
        scores = scores or self.engine.scores(asked, columns, explain=True)
        boost = self.engine.boost_of(asked, columns)
        told = []
        for row in range(len(columns)):
            filled = np.flatnonzero(lists.columns[row] >= 0)
            evidence = self.evidence.evidence(
                int(asked.residents[row]),
                int(asked.streets[row]),
                lists.columns[row][filled],
                self.list_tables.eligibility_context.distance_m[int(asked.facts.home[row])],
            )
            for rank, known in zip(filled.tolist(), evidence, strict=True):
                moved = {
                    name: float(part[row, rank]) for name, part in scores.contributions.items()
                }
                if boost is not None:
                    moved["boost"] = float(boost[row, rank])
                told.append(reasons_for(moved, known))
        return told

    def _suggestions(
        self, lists: Lists, asked: ListQuery, reasons: list[tuple[Reason, ...]]
    ) -> list[Suggestion]:
        text = self.list_tables.text
        distance = self.list_tables.eligibility_context.distance_m[int(asked.facts.home[0])]
        suggestions = []
        for rank, column in enumerate(lists.columns[0].tolist()):
            metres = float(distance[column])
            suggestions.append(
                Suggestion(
                    rank=rank + 1,
                    event_id=text.event_id[column],
                    product_id=text.product_id[column],
                    title=text.title[column],
                    starts_at=text.starts_at[column],
                    venue_id=text.venue_id[column],
                    distance_m=round(metres) if np.isfinite(metres) else None,
                    score=float(lists.score[0, rank]),
                    slot=SLOTS[lists.slot[0, rank]],
                    propensity=float(lists.propensity[0, rank]),
                    reasons=reasons[rank],
                    suggestion_id=suggestion_id(
                        asked.seeds[0], self.at, self.model_version, text.event_id[column]
                    ),
                    model_version=self.model_version,
                )
            )
        return suggestions

    def _arithmetic(self, lists: Lists, asked: ListQuery, scores: Scores) -> list[Arithmetic]:
        boost = self.engine.boost_of(asked, lists.columns)
        price = self.engine.price_of(lists.columns)
        found = []
        for rank, column in enumerate(lists.columns[0].tolist()):
            signals = {name: float(part[0, rank]) for name, part in scores.contributions.items()}
            score = float(lists.score[0, rank])
            added = {
                "boost": float(boost[0, rank]) if boost is not None else 0.0,
                "diversity": float(lists.diversity[0, rank]),
            }
            # What no signal explains: where the model's scale begins.
            base = score - sum(signals.values()) - sum(added.values())
            parts = {"base": base, **signals, **added}
            found.append(
                Arithmetic(
                    self.list_tables.text.event_id[column],
                    {name: moved for name, moved in parts.items() if abs(moved) > 1e-6},
                    score,
                    float(price[0, rank]),
                )
            )
        return found
