"""What the reasons of a list may name: own bookings, follows, places."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.booking_states import ATTENDED, BOOKED
from recommender.ranking.lists.explanations import Evidence
from recommender.ranking.snapshot import LEVELS
from serving.suggestions.list_tables import ListTables


class EvidenceBuilder:
    """Finds the evidence behind suggestions."""

    def __init__(self, list_tables: ListTables) -> None:
        self.list_tables = list_tables

    @cached_property
    def _log(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        snapshot = self.list_tables.snapshot
        # "You came to": attended, or booked and over where the source records no attendance.
        over = snapshot.event_starts[snapshot.log_event] < snapshot.as_of
        came = (snapshot.log_outcome == ATTENDED) | ((snapshot.log_outcome == BOOKED) & over)
        kept = np.flatnonzero(came)
        order = kept[np.argsort(snapshot.log_resident[kept], kind="stable")]
        starts = np.searchsorted(
            snapshot.log_resident[order], np.arange(len(snapshot.residents) + 1)
        )
        return order, starts

    def prepare(self) -> None:
        """Sort the visits now."""
        _ = self._log

    def history(self, resident: int) -> NDArray[np.intp]:
        """Events a resident came to, latest first, as positions; nobody (-1) has none."""
        if resident < 0:
            return np.empty(0, dtype=np.intp)
        order, starts = self._log
        entries = order[starts[resident] : starts[resident + 1]]
        return self.list_tables.snapshot.log_event[entries][::-1].astype(np.intp)

    def histories(self, residents: NDArray[np.intp]) -> NDArray[np.intp]:
        """The same of several residents.

        Returns
        -------
        Shape (residents, longest history, at least 1), latest first; -1 fills up.
        """
        order, starts = self._log
        known = residents >= 0
        end = np.where(known, starts[np.maximum(residents, 0) + 1], 0)
        length = np.where(known, end - starts[np.maximum(residents, 0)], 0)
        back = np.arange(1, max(int(length.max(initial=0)), 1) + 1)
        there = back <= length[:, None]
        if not there.any():
            return np.full(there.shape, -1, dtype=np.intp)
        entries = order[np.where(there, end[:, None] - back, 0)]
        return np.where(there, self.list_tables.snapshot.log_event[entries], -1).astype(np.intp)

    def evidence(
        self,
        resident: int,
        street: int,
        columns: NDArray[np.intp],
        distance_m: NDArray[np.float32],
    ) -> list[Evidence]:
        """Evidence for each candidate of a list.

        Parameters
        ----------
        resident, street
            Positions in the snapshot; -1 unknown.
        columns
            The list, as positions among the candidates, shape (k,).
        distance_m
            Distance of every candidate, metres; NaN where unknown.

        Returns
        -------
        One entry a place of the list.
        """
        list_tables, snapshot = self.list_tables, self.list_tables.snapshot
        history = self.history(resident)
        follows = list_tables.follows.of(resident)
        street_name = (
            list_tables.area_names.get(snapshot.streets.ids[street]) if street >= 0 else None
        )
        text = list_tables.text
        found = []
        for column in columns.tolist():
            event = list_tables.candidates[column]
            metres = float(distance_m[column])
            found.append(
                Evidence(
                    attended=self._attended(history, int(event)),
                    followed=_followed(follows, list_tables.described[column]) if follows else {},
                    street=street_name,
                    distance_m=metres if np.isfinite(metres) else None,
                    new=bool(text.new[column]),
                )
            )
        return found

    def _attended(self, history: NDArray[np.intp], event: int) -> dict[str, str]:
        if len(history) == 0:
            return {}
        titles = self.list_tables.titles
        found = {"any": titles[int(history[0])]}
        for level in LEVELS:
            codes = self.list_tables.snapshot.event_level[level]
            if codes[event] < 0:
                continue
            same = np.flatnonzero(codes[history] == codes[event])
            if len(same):
                found[level] = titles[int(history[same[0]])]
        return found


def _followed(follows: list[tuple[str, str]], described: dict[str, list[str]]) -> dict[str, str]:
    return {kind: target for kind, target in follows if target in described.get(kind, ())}
