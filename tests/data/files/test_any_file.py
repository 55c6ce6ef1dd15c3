"""Whatever bytes a file holds: rows that add up or one error that says what is wrong."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.files.reading import read_dataset
from recommender.errors import GongxuError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = b"event_id,title,starts_at,ends_at,seats,status\n"

WORDS = (
    'e1|e2|2025-05-01T10:00:00+08:00|3|| |open|"|""|"a\nb"|1e999|nan|-0|0001-01-01|2025-13-45|二'
)
CELL = st.one_of(
    st.sampled_from([*WORDS.split("|"), "45000.5", "9" * 20, "\x00"]), st.text(max_size=8)
)
LINES = st.lists(st.lists(CELL, min_size=1, max_size=8).map(",".join), max_size=12)


def check(folder, content: bytes) -> None:
    (folder / "events.csv").write_bytes(content)
    try:
        dataset, report = read_dataset(folder, now=NOW)
    except GongxuError:
        return
    counts = report.tables["events"]
    assert counts.read == counts.new + counts.changed + counts.same + counts.quarantined
    assert counts.new == len(dataset["events"])
    assert counts.quarantined == len(report.quarantine)
    assert report.quarantine["reason"].str.len().gt(0).all()


@given(LINES)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_lines_after_a_header(tmp_path, lines):
    check(tmp_path, HEADER + "\n".join(lines).encode("utf-8", "replace"))


@given(st.binary(max_size=200), st.booleans())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes(tmp_path, content, headed):
    check(tmp_path, HEADER * headed + content)
