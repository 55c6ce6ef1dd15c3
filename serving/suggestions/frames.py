"""Lists as the contract's columns."""

from collections.abc import Sequence

import pandas as pd

from data.district_time import district_zone
from recommender.types import Suggestion
from serving.messages.catalogue import Lang, reasons_text
from serving.suggestions.suggester import Arithmetic

COLUMNS = (
    "rank",
    "event_id",
    "product_id",
    "title",
    "starts_at",
    "venue_id",
    "distance_m",
    "score",
    "slot",
    "propensity",
    "reasons",
    "suggestion_id",
    "model_version",
)
"""Columns of ``suggest`` (contract, section 2)."""


def suggestions_frame(suggestions: Sequence[Suggestion], lang: Lang = "zh") -> pd.DataFrame:
    """One row a suggestion; times carry the district's offset.

    Parameters
    ----------
    suggestions
        One list.
    lang
        ``zh`` or ``en``: the reasons' language; several are joined by ``;``.

    Returns
    -------
    :data:`COLUMNS`; metres are whole numbers.
    """
    frame = pd.DataFrame(
        [{name: getattr(line, name) for name in COLUMNS} for line in suggestions], columns=COLUMNS
    )
    zone = district_zone()
    frame["starts_at"] = [line.starts_at.astimezone(zone).isoformat() for line in suggestions]
    frame["distance_m"] = frame["distance_m"].astype("Float64").round().astype("Int64")
    frame["reasons"] = [reasons_text(line.reasons, lang) for line in suggestions]
    return frame


def arithmetic_frame(
    suggestions: Sequence[Suggestion], arithmetic: Sequence[Arithmetic]
) -> pd.DataFrame:
    """One row a part of a score, the score itself, and the price of a place where there is one.

    Parameters
    ----------
    suggestions, arithmetic
        A list and how its scores came about, in the same order.

    Returns
    -------
    Columns rank, event_id, title, part, moved.
    """
    rows = []
    for line, sum_ in zip(suggestions, arithmetic, strict=True):
        told = {"rank": line.rank, "event_id": line.event_id, "title": line.title}
        parts = sorted(sum_.parts.items(), key=lambda part: -abs(part[1]))
        rows += [told | {"part": name, "moved": moved} for name, moved in parts]
        rows.append(told | {"part": "= score", "moved": sum_.score})
        if sum_.capacity_price:
            rows.append(told | {"part": "(capacity_price)", "moved": sum_.capacity_price})
    return pd.DataFrame(rows, columns=["rank", "event_id", "title", "part", "moved"])
