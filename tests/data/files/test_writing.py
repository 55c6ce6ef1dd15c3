"""Tables come back from files as they were written."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.dataset import Dataset, canonical
from data.district_time import DEFAULT_ZONE, set_district_zone
from data.files.reading import read_dataset
from data.files.writing import iso_times, write_dataset, write_table
from data.schema import TABLES
from data.simulate.settings import settings_for
from data.simulate.tables import observe
from data.simulate.world import create_world

NOW = datetime(2026, 9, 30, 16, tzinfo=UTC)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    tiny = {"residents": 500, "products": 60, "events": 80, "years": 1}
    return observe(create_world(settings_for("demo", 1, **tiny)))


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_simulated_district_is_read_back_whole(dataset, tmp_path, format):
    write_dataset(dataset, tmp_path, format)
    read, report = read_dataset(tmp_path, now=NOW)
    assert report.quarantined == 0, report.quarantine.head().to_string()
    assert report.read == sum(len(frame) for frame in dataset.values())
    for name, table in TABLES.items():
        key = list(table.key)
        written = dataset[name].sort_values(key).reset_index(drop=True)
        found = read[name].sort_values(key).reset_index(drop=True)
        for column in table.column_names:
            both_missing = written[column].isna() & found[column].isna()
            empty = (written[column].astype(object) == "") & found[column].isna()
            same = (written[column] == found[column]).fillna(False).astype(bool)
            if table.column(column).kind == "float":
                same |= np.isclose(written[column], found[column], rtol=1e-12)
            assert (same | both_missing | empty).all(), f"{name}.{column}"


def test_lists_are_lists_in_parquet(dataset, tmp_path):
    write_dataset(dataset, tmp_path, "parquet")
    tags = pq.read_table(tmp_path / "products.parquet")["tags"].to_pylist()
    assert tags[0] == dataset["products"]["tags"][0].split(";")


def test_pieces_make_the_same_file_as_the_whole(dataset, tmp_path):
    frame = dataset["bookings"]
    parts = [frame.iloc[: len(frame) // 3], frame.iloc[len(frame) // 3 :]]
    assert write_table("bookings", parts, tmp_path / "parts") == len(frame)
    write_table("bookings", [frame], tmp_path / "whole")
    whole = (tmp_path / "whole" / "bookings.csv").read_bytes()
    assert (tmp_path / "parts" / "bookings.csv").read_bytes() == whole


def test_a_failed_write_leaves_the_old_file(dataset, tmp_path):
    write_table("events", [dataset["events"]], tmp_path)
    before = (tmp_path / "events.csv").read_bytes()

    def breaking():
        yield dataset["events"]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_table("events", breaking(), tmp_path)
    assert (tmp_path / "events.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"]


def test_awkward_text_survives(tmp_path):
    title = '他说："好，再来"；\n第二行, with comma'
    frame = pd.DataFrame({"product_id": ["P1"], "title": [title], "category": ["course"]})
    write_table("products", [canonical(frame, TABLES["products"])], tmp_path)
    read = pd.read_csv(tmp_path / "products.csv", dtype=str)
    assert read["title"][0] == title
    assert pd.isna(read["price_fen"][0])


def naive(year: int) -> datetime:
    return datetime.fromisoformat(f"{year:04d}-01-01")


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.datetimes(naive(1900), naive(2100)),
            st.datetimes(naive(2), naive(9999)).map(lambda t: t.replace(microsecond=0)),
        ),
        max_size=20,
    )
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_times_are_written_at_the_local_offset(moments):
    series = pd.Series(moments, dtype="datetime64[us]").dt.tz_localize("UTC")
    told = iso_times(series).to_pylist()
    assert len(told) == len(moments)
    for text, moment in zip(told, moments, strict=True):
        if moment is None:
            assert text is None
            continue
        parsed = datetime.fromisoformat(text)
        assert parsed == moment.replace(tzinfo=UTC)
        if 1992 <= moment.year < 2100:
            assert text.endswith("+08:00")


def test_offsets_follow_summer_time():
    set_district_zone(ZoneInfo("Europe/Paris"))
    try:
        moments = ["2027-01-10T09:00:00.25", "2027-07-10T22:30", None, "1880-01-01T12:00"]
        told = iso_times(pd.Series(pd.to_datetime(moments, format="ISO8601", utc=True)))
    finally:
        set_district_zone(DEFAULT_ZONE)
    assert told.to_pylist() == [
        "2027-01-10T10:00:00.250000+01:00",
        "2027-07-11T00:30:00+02:00",
        None,
        "1880-01-01T12:00:00+00:00",  # Paris was 9 minutes and 21 seconds ahead
    ]


def test_an_unknown_table_is_refused(tmp_path: Path):
    with pytest.raises(KeyError):
        write_dataset({"people": pd.DataFrame({"a": [1]})}, tmp_path)
