"""A list that has something soon and something near, whatever else it holds."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from serving.pages.programme import Entry

SOON = timedelta(days=7)
NEAR_M = 1_200.0
"""A quarter of an hour on foot."""
SHARE = 4
"""One in so many is to be soon, and one in so many near, as far as there are."""


def mix(entries: Sequence[Entry], n: int, now: datetime) -> list[Entry]:
    """The best entries, the last of which make room for soon and near ones further down.

    Parameters
    ----------
    entries
        In the order of the list.
    n
        How many are shown.
    now
        The clock.

    Returns
    -------
    At most ``n``, in the order of the list.
    """

    def is_soon(entry: Entry) -> bool:
        return entry.lasting or entry.starts_at - now <= SOON

    def is_near(entry: Entry) -> bool:
        return entry.distance_m is not None and entry.distance_m <= NEAR_M

    shown, rest = list(range(min(n, len(entries)))), list(range(n, len(entries)))
    wanted: tuple[Callable[[Entry], bool], ...] = (is_soon, is_near)
    for fits in wanted:
        for better in [at for at in rest if fits(entries[at])]:
            if sum(fits(entries[at]) for at in shown) >= n // SHARE:
                break
            plain = [at for at in shown if not any(each(entries[at]) for each in wanted)]
            if not plain:
                break
            shown.remove(plain[-1])
            rest.remove(better)
            shown.append(better)
    return [entries[at] for at in sorted(shown)]
