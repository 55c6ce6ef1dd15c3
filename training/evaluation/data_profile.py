"""What a snapshot looks like from outside: its fingerprint, and the figures a gate can compare."""

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.dataset import Dataset
from data.schema import TABLES
from data.snapshot import as_of as snapshot_as_of
from recommender.errors import GateRefusedError
from training.evaluation.booking_figures import WINDOW, BookingFigures, BookingHistory

_EARLIER_WINDOWS = 8
_ACTIVITY = (
    ("bookings", "booked_at"),
    ("bookings", "updated_at"),
    ("impressions", "shown_at"),
    ("ratings", "rated_at"),
)


@dataclass(frozen=True, slots=True)
class DataProfile:
    """Counts and shares of a snapshot.

    Attributes
    ----------
    rows
        Rows by table.
    filled
        Share of values that are there, in [0, 1], by ``table.column``; empty tables left out.
    recent_bookings
        Bookings of the latest fortnight.
    usual_bookings
        Median over the eight fortnights before it.
    as_of
        The moment of the snapshot, ISO 8601; empty when not recorded.
    idle_days
        Days between the last booking and that moment.
    past
        Figures of all bookings.
    windows
        Those of the newest fortnights, newest first.
    """

    rows: dict[str, int] = field(default_factory=dict)
    filled: dict[str, float] = field(default_factory=dict)
    recent_bookings: int = 0
    usual_bookings: float = 0.0
    as_of: str = ""
    idle_days: int = 0
    past: BookingFigures | None = None
    windows: tuple[BookingFigures, ...] = ()

    @property
    def recent_share(self) -> float:
        """Bookings of the latest fortnight, as a share of a usual one's."""
        if not self.usual_bookings:
            return float(self.recent_bookings > 0)
        return self.recent_bookings / self.usual_bookings

    def to_json(self) -> dict[str, Any]:
        """The profile as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_json`; what an older release did not record stays empty."""
        past = values.get("past")
        windows = values.get("windows", ())
        read = {
            "past": None if past is None else BookingFigures(**past),
            "windows": tuple(BookingFigures(**window) for window in windows),
        }
        return cls(**(values | read))


def profile_of(dataset: Dataset, as_of: datetime) -> DataProfile:
    """Count a snapshot.

    Parameters
    ----------
    dataset
        The snapshot.
    as_of
        Its moment, with zone.

    Returns
    -------
    The profile.
    """
    rows = {name: len(frame) for name, frame in dataset.items()}
    filled = {
        f"{name}.{column}": round(float(frame[column].notna().mean()), 4)
        for name, frame in dataset.items()
        if len(frame)
        for column in frame.columns
    }
    age = pd.Timestamp(as_of) - dataset["bookings"]["booked_at"]
    windows = (age.dt.days // WINDOW.days).value_counts()
    earlier = [int(windows.get(number, 0)) for number in range(1, _EARLIER_WINDOWS + 1)]
    history = BookingHistory(dataset)
    return DataProfile(
        rows=rows,
        filled=filled,
        recent_bookings=int(windows.get(0, 0)),
        usual_bookings=float(pd.Series(earlier).median()),
        as_of=as_of.isoformat(),
        idle_days=0 if age.empty else int(age.min().days),
        past=history.between(None, as_of),
        windows=tuple(history.windows(as_of)),
    )


def past_of(dataset: Dataset, moment: datetime) -> BookingFigures:
    """What the data says about the time up to an earlier moment.

    Parameters
    ----------
    dataset
        The newer snapshot.
    moment
        The earlier one's, with zone.

    Returns
    -------
    The figures that a snapshot of the earlier moment has, if the past was not restated.
    """
    return BookingHistory(snapshot_as_of(dataset, moment)).between(None, moment)


def newest_moment(dataset: Dataset, now: datetime) -> datetime:
    """The latest time that somebody did something, and not later than ``now``.

    The moment a model speaks for by default: data that stopped a month ago is a month old, and
    the same data gives the same model whenever it is trained.

    Parameters
    ----------
    dataset
        All tables.
    now
        Later times are passed over; with time zone.

    Returns
    -------
    The latest time of an activity, with time zone.

    Raises
    ------
    GateRefusedError
        If nobody did anything.
    """
    latest: list[pd.Timestamp] = []
    for name, column in _ACTIVITY:
        times = dataset[name][column]
        newest = times[times <= pd.Timestamp(now)].max()
        if isinstance(newest, pd.Timestamp):
            latest.append(newest)
    if not latest:
        raise GateRefusedError(
            "there is nothing to train on: nobody booked, rated or saw anything.",
            "Import data first: `gongxu import DIR`.",
        )
    return max(latest).to_pydatetime()


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 of all values in all tables, whatever the order of the rows.

    Returns
    -------
    64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name, table in TABLES.items():
        arrow = pa.table({c: _plain(dataset[name][c]) for c in table.column_names})
        if not _is_sorted(arrow, table.key):
            arrow = arrow.sort_by([(key, "ascending") for key in table.key])
        digest.update(f"{name} {arrow.num_rows}\n".encode())
        for column in table.column_names:
            digest.update(column.encode())
            digest.update(_content(arrow[column]))
    return digest.hexdigest()


def _plain(values: "pd.Series[Any]") -> pa.Array:
    if isinstance(values.dtype, pd.CategoricalDtype | pd.StringDtype):
        return pa.array(values.astype("str"), type=pa.large_string(), from_pandas=True)
    return pa.array(values, from_pandas=True)


def _is_sorted(arrow: pa.Table, key: tuple[str, ...]) -> bool:
    if arrow.num_rows < 2:
        return True
    if len(key) > 1:
        return False
    values = arrow[key[0]]
    return bool(pc.all(pc.less(values[:-1], values[1:])).as_py())


def _content(column: pa.ChunkedArray) -> memoryview:
    """The column's bytes, the same for the same values: nothing lies under what is missing."""
    whole = column.combine_chunks()
    if whole.null_count:
        gaps = whole.is_null()
        empty = "" if pa.types.is_large_string(whole.type) else False
        if pa.types.is_boolean(whole.type) or pa.types.is_large_string(whole.type):
            whole = whole.fill_null(empty)
        else:
            whole = whole.fill_null(pa.scalar(0, pa.int64()).cast(whole.type))
        batch = pa.record_batch([whole, gaps], names=["values", "gaps"])
    else:
        batch = pa.record_batch([whole], names=["values"])
    return memoryview(batch.serialize())
