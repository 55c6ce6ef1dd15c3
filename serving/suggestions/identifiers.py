"""Names of suggestions, by which impressions and bookings refer to them."""

import hashlib
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
    text = f"{seed}|{at.isoformat()}|{model_version}|{event_id}"
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
