"""Ready users of the demonstration."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from data.store.store import Store
from recommender.errors import UsageError
from serving.auth.users import list_users, sign_in
from serving.cli.operators.demo_users import make_users, ready_residents, require_loopback
from serving.cli.operators.serve import serve

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def test_each_start_makes_the_same_users_with_new_passwords(database_url: str) -> None:
    store = Store.connect(database_url)
    with pytest.raises(UsageError, match="no demonstration yet"):
        make_users(store.engine, now=NOW)
    with store.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO areas (area_code, name, level, population) VALUES"
                " ('S1', 'small', 'street', 10), ('S2', 'large', 'street', 20)"
            )
        )
    first = make_users(store.engine, now=NOW)
    second = make_users(store.engine, now=NOW)
    assert [user.name for user in second] == [user.name for user in first]
    assert {user.password for user in first}.isdisjoint(user.password for user in second)
    assert len(list_users(store.engine)) == 4
    assert second[0].areas == ("S2",)
    for user in second:
        assert sign_in(store.engine, user.name, user.password, address="127.0.0.1", now=NOW)
    store.close()


def test_ready_residents_are_grown_up_and_go_out_often_or_never(database_url: str) -> None:
    store = Store.connect(database_url)
    people = [("a", "35-59", 3), ("b", "70+", 2), ("c", "18-34", 1), ("d", "35-59", 0)]
    with store.engine.begin() as connection:
        for who, band, times in [*people, ("child", "0-13", 9)]:
            connection.execute(
                sa.text(
                    "INSERT INTO residents (resident_id, age_band, personalised)"
                    " VALUES (:who, :band, true)"
                ),
                {"who": who, "band": band},
            )
            for number in range(times):
                connection.execute(
                    sa.text(
                        "INSERT INTO bookings (booking_id, resident_id, event_id, booked_at,"
                        " status) VALUES (:id, :who, 'e', :now, 'booked')"
                    ),
                    {"id": f"{who}{number}", "who": who, "now": NOW},
                )
    assert ready_residents(store.engine) == ["a", "b", "d"]
    store.close()


def test_residents_anybody_may_be_are_served_on_this_machine_alone(monkeypatch) -> None:
    monkeypatch.setenv("GONGXU_DEMO_RESIDENTS", '["r1"]')
    with pytest.raises(UsageError, match="this machine"):
        serve(host="0.0.0.0")


def test_the_demonstration_is_for_this_machine_alone() -> None:
    require_loopback("127.0.0.1")
    with pytest.raises(UsageError, match="this machine"):
        require_loopback("0.0.0.0")
