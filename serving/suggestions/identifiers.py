"""Names of suggestions, by which impressions and bookings refer to them."""

import hashlib
from collections.abc import Iterable
from datetime import datetime


def suggestion_id(seed: str, at: datetime, model_version: str, event_id: str) -> str:
    """The name of one suggestion: the same question gets the same names again.

    Parameters
    ----------
    seed
        Who asks, as in :class:`recommender.ranking.lists.inputs.ListQuery`.
    at
        The moment of the list.
    model_version
        The model that made it.
    event_id
        The event in it.

    Returns
    -------
    Twenty hexadecimal digits.
    """
    return next(iter(suggestion_ids([(seed, event_id)], at, model_version)))


def suggestion_ids(
    asked: Iterable[tuple[str, str]], at: datetime, model_version: str
) -> Iterable[str]:
    """The names of many suggestions of one moment.

    Parameters
    ----------
    asked
        Who asks and the event, for each.
    at, model_version
        As in :func:`suggestion_id`.

    Returns
    -------
    A name for each.
    """
    common = f"{at.isoformat()}|{model_version}"
    return (
        hashlib.blake2b(f"{seed}|{common}|{event}".encode(), digest_size=10).hexdigest()
        for seed, event in asked
    )
