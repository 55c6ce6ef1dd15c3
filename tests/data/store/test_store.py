"""The store over a real PostgreSQL."""

import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data.arrow import from_frame
from data.schema import TABLES
from data.store.store import Store
from data.store.tables import METADATA
from data.store.transfer import MergeCount
from recommender.errors import GongxuError, InputRejectedError

NOON = pd.Timestamp("2026-01-01 04:00", tz="UTC")


def bookings(n: int, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "booking_id": [f"b{i:06d}" for i in range(n)],
            "resident_id": "r1",
            "event_id": "e1",
            "booked_at": NOON,
            "seats": 1,
            "status": "booked",
            "updated_at": NOON,
        }
    )
    return frame.assign(**columns)


@pytest.fixture
def store(database_url):
    store = Store.connect(database_url)
    yield store
    store.close()


def test_migrations_leave_the_tables_that_the_schema_names(store):
    def ours(thing, name, kind, reflected, compared):
        return kind != "table" or name in TABLES

    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": ours, "version_table": "gongxu_version"}
        )
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_does_nothing(store):
    assert store.migrate() is False


@pytest.mark.parametrize("n", [50, 30_000])
def test_merging_twice_changes_nothing(store, n):
    assert store.merge("bookings", bookings(n)) == MergeCount(new=n)
    once = store.load(["bookings"])["bookings"]
    assert store.merge("bookings", bookings(n)) == MergeCount(same=n)
    pd.testing.assert_frame_equal(store.load(["bookings"])["bookings"], once)
    assert len(once) == n


def test_a_newer_version_wins_and_an_older_one_does_not(store):
    store.merge("bookings", bookings(3))
    late = bookings(3, status=["attended", "no_show", "cancelled"])
    late["updated_at"] = [NOON + pd.Timedelta(days=d) for d in (1, -1, 0)]
    assert store.merge("bookings", late) == MergeCount(changed=2, same=1)
    assert store.load()["bookings"]["status"].tolist() == ["attended", "booked", "cancelled"]


def test_columns_that_are_not_given_keep_their_values(store):
    areas = pd.DataFrame({"area_code": ["01"], "name": ["甲"], "level": ["street"], "lat": [31.2]})
    store.merge("areas", areas)
    store.merge("areas", areas.drop(columns="lat").assign(name="乙"))
    row = store.load()["areas"].iloc[0]
    assert (row["area_code"], row["name"], row["lat"]) == ("01", "乙", 31.2)


def test_a_failed_merge_leaves_the_table_as_it_was(store):
    store.merge("bookings", bookings(2))
    broken = bookings(30_000)
    broken.loc[29_999, "event_id"] = None
    with pytest.raises(Exception, match="null value"):
        store.merge("bookings", from_frame(broken, TABLES["bookings"]))
    assert len(store.load()["bookings"]) == 2


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"event_id": None}, "event_id: not_nullable"),
        ({"seats": 0}, r"seats: greater_than_or_equal_to\(1\)"),
        ({"booking_id": "b"}, "uniqueness"),
    ],
)
def test_a_frame_that_breaks_the_schema_is_refused_whole(store, columns, rule):
    with pytest.raises(InputRejectedError, match=rule):
        store.merge("bookings", bookings(3, **columns))
    assert store.counts()["bookings"] == 0


def test_every_kind_of_value_comes_back_as_it_went(store):
    frame = pd.DataFrame(
        {
            "order_id": ["o1", "o2"],
            "buyer_code": ["310105001", "310105002"],
            "product_id": ["p1", "p2"],
            "scheduled_on": pd.to_datetime(["2026-03-01", None]),
            "sessions": [2, 1],
            "amount_fen": [None, 5],
            "status": ["ordered", "proposed"],
            "decided_at": pd.to_datetime(["2026-02-01T00:00:00.123456Z", None]),
            "reason": ["更近", None],
        }
    )
    store.merge("orders", frame)
    back = store.load(["orders"])["orders"]
    assert back["scheduled_on"].tolist() == [pd.Timestamp("2026-03-01"), pd.NaT]
    assert back["decided_at"][0] == pd.Timestamp("2026-02-01T00:00:00.123456Z")
    assert back["amount_fen"].isna().tolist() == [True, False]
    assert back["reason"].fillna("").tolist() == ["更近", ""]
    assert back["status"].tolist() == ["ordered", "proposed"]


def test_an_unmigrated_database_says_what_to_do(template_url):
    store = Store.connect(template_url.replace("@/gongxu?", "@/postgres?"))
    with pytest.raises(GongxuError, match="gongxu init"):
        store.load()
    store.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "postgresql://nobody@127.0.0.1:1/none"])
def test_an_address_that_does_not_work_is_told_in_one_line(url):
    with pytest.raises(GongxuError) as caught:
        Store.connect(url)
    assert "\n" not in str(caught.value)


def test_a_database_of_a_newer_version_is_left_alone(store):
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE gongxu_version SET version_num = '9999'")
    with pytest.raises(GongxuError, match="another version"):
        store.migrate()


def test_a_user_who_may_not_create_tables_is_told(store):
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
    with pytest.raises(GongxuError, match="cannot be created"):
        store.migrate()
