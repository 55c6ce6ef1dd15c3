"""District policy as explicit weights: what the district promotes, and by how much.

Every weight is 0 unless an officer sets it, is added to the score in the open, and is shown in
the explanation of whatever it moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recommender.errors import UsageError
from recommender.types import IdMap

KINDS = ("category", "tag", "supplier", "venue", "product")
"""What a weight may be put on."""

Target = tuple[str, str]
"""Kind and identifier, such as ``("tag", "舞蹈")``."""


@dataclass(frozen=True, slots=True)
class Boosts:
    """Weights in force.

    Attributes
    ----------
    district
        Weight of each target everywhere.
    streets
        By street code, further weights there: the street's speciality (一街一品).
    """

    district: Mapping[Target, float] = field(default_factory=dict)
    streets: Mapping[str, Mapping[Target, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.district.values()) or any(
            weight for weights in self.streets.values() for weight in weights.values()
        )

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Self:
        """Read ``{"district": {"tag:舞蹈": 0.3}, "streets": {"310105101": {…}}}``.

        Raises
        ------
        UsageError
            For a kind that does not exist, or a weight that is no number.
        """
        return cls(
            _weights(document.get("district", {})),
            {
                str(code): _weights(weights)
                for code, weights in dict(document.get("streets", {})).items()
            },
        )


def _weights(document: Mapping[str, Any]) -> dict[Target, float]:
    weights = {}
    for key, weight in document.items():
        kind, _, target = key.partition(":")
        if kind not in KINDS or not target:
            raise UsageError(
                f"{key!r} cannot be boosted.", f"Write KIND:NAME with a kind of {', '.join(KINDS)}."
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise UsageError(f"the weight of {key!r} is {weight!r}.", "Give a number; 0 is none.")
        weights[kind, target] = float(weight)
    return weights


def boost_matrix(
    boosts: Boosts, streets: IdMap, described: Sequence[Mapping[str, Sequence[str]]]
) -> NDArray[np.float32]:
    """Weight of every event in every street.

    Parameters
    ----------
    boosts
        The weights in force.
    streets
        The streets.
    described
        For every event, its values by kind (:data:`KINDS`).

    Returns
    -------
    Shape (n_streets + 1, n_events), float32; the last row is for an unknown street.
    """
    everywhere = _event_weights(boosts.district, described)
    matrix = np.tile(everywhere, (len(streets) + 1, 1))
    for code, weights in boosts.streets.items():
        if code in streets:
            matrix[streets.position(code)] += _event_weights(weights, described)
    return matrix.astype(np.float32)


def _event_weights(
    weights: Mapping[Target, float], described: Sequence[Mapping[str, Sequence[str]]]
) -> NDArray[np.float64]:
    return np.array(
        [
            sum(
                weight
                for (kind, target), weight in weights.items()
                if weight and target in values.get(kind, ())
            )
            for values in described
        ],
        dtype=np.float64,
    )
