"""Booking, waiting, cancelling and rating by form, and what the database holds afterwards."""

import httpx
import pytest
import sqlalchemy as sa

from serving.api.service import Service


def held(service: Service, resident: str) -> list[tuple[str, str, int]]:
    query = sa.text(
        "SELECT event_id, status, seats FROM bookings WHERE resident_id = :who"
        " AND booking_id LIKE 'web-%' ORDER BY event_id, booked_at"
    )
    with service.database.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(query, {"who": resident})]


def run(service: Service, statement: str) -> None:
    with service.database.engine().begin() as connection:
        connection.execute(sa.text(statement))


def test_a_resident_books_and_cancels(as_resident, site_service: Service) -> None:
    browser = as_resident("r1")
    answer = browser.send("/events/u1/book", "/events/u1", seats=2)
    assert answer.headers["location"] == "/events/u1?notice=booked#booking"
    html = browser.get("/events/u1?notice=booked").text
    assert "预约成功" in html
    assert "共40座，余38座" in html
    assert held(site_service, "r1") == [("u1", "booked", 2)]
    assert "第u1场" in browser.get("/bookings").text
    again = browser.send("/events/u1/book", seats=1)
    assert again.status_code == 409
    assert "你已预约过" in again.text
    assert browser.send("/events/u1/cancel", origin="bookings").status_code == 303
    assert held(site_service, "r1") == [("u1", "cancelled", 2)]
    assert "余40座" in browser.get("/events/u1").text


def test_a_party_waits_as_a_whole_and_the_list_moves_in_its_order(
    as_resident, site_service: Service
) -> None:
    run(site_service, "UPDATE events SET seats = 3 WHERE event_id = 'u3'")
    assert as_resident("r2").send("/events/u3/book", seats=3).status_code == 303
    for resident, party in (("r3", 4), ("r4", 2), ("r5", 1)):
        answer = as_resident(resident).send("/events/u3/book", seats=party)
        assert "notice=waitlisted" in answer.headers["location"]
    assert "加入候补名单" in as_resident("r6").get("/events/u3").text
    assert "你排在第一位" in as_resident("r3").get("/events/u3").text
    assert "你前面还有2人" in as_resident("r5").get("/events/u3").text
    as_resident("r2").send("/events/u3/cancel")
    # Four do not fit into three; the two and the one behind them do.
    states = [held(site_service, resident)[-1][1] for resident in ("r3", "r4", "r5")]
    assert states == ["waitlisted", "booked", "booked"]


@pytest.mark.parametrize(
    ("event", "seats", "status"), [("u4", 7, 409), ("u4", 0, 422), ("e1", 1, 409), ("none", 1, 404)]
)
def test_what_cannot_be_booked_is_told(as_resident, event: str, seats: int, status: int) -> None:
    answer = as_resident("r7").send(f"/events/{event}/book", seats=seats)
    assert answer.status_code == status


def test_cancelled_events_and_the_too_young_are_refused(as_resident, site_service: Service) -> None:
    run(site_service, "UPDATE events SET status = 'cancelled' WHERE event_id = 'u5'")
    run(site_service, "UPDATE products SET min_age = 18 WHERE product_id = 'p6'")
    run(site_service, "UPDATE residents SET age_band = '14-17' WHERE resident_id = 'r8'")
    answer = as_resident("r8").send("/events/u5/book", seats=1)
    assert (answer.status_code, "不接受预约" in answer.text) == (409, True)
    answer = as_resident("r8").send("/events/u6/book", seats=1)
    assert (answer.status_code, "最低年龄" in answer.text) == (409, True)
    assert held(site_service, "r8") == []


def test_who_came_rates_and_nobody_else(as_resident, site_service: Service) -> None:
    query = sa.text("SELECT resident_id FROM bookings WHERE event_id = 'e10' LIMIT 1")
    with site_service.database.engine().connect() as connection:
        came = connection.execute(query).scalar_one()
        rows = sa.text("SELECT stars, comment FROM ratings WHERE event_id = 'e10'")
        as_resident("r9")
        if came in {f"r{n}" for n in range(12)}:
            answer = as_resident(came).send("/events/e10/rate", stars=4, comment="好看\r\n真的")
            assert answer.headers["location"] == "/bookings?notice=rated"
            assert tuple(connection.execute(rows).one()) == (4, "好看 真的")
    assert "2026" in as_resident(came).get("/bookings").text or came
    for event in ("u1", "e11"):
        other = "r9" if event == "u1" else _absent(site_service)
        assert as_resident(other).send(f"/events/{event}/rate", stars=1).status_code == 409


def _absent(service: Service) -> str:
    query = sa.text("SELECT resident_id FROM bookings WHERE event_id = 'e11'")
    with service.database.engine().connect() as connection:
        came = set(connection.execute(query).scalars())
    return next(f"r{n}" for n in range(12) if f"r{n}" not in came)


def test_nobody_books_without_signing_in(site: httpx.Client, as_resident) -> None:
    assert "/sign-in?next=/events/u1" in site.get("/events/u1").text
    for path in ("/bookings", "/for-me", "/settings", "/requests"):
        answer = site.get(path)
        assert answer.headers["location"] == f"/sign-in?next={path}"
    # A form of nobody's, and one with another browser's token.
    assert site.post("/events/u1/book", data={"seats": 1}).status_code == 403
    mixed = as_resident("r10").client.post(
        "/events/u1/book", data={"seats": 1, "form_token": "0" * 64}
    )
    assert mixed.status_code == 403


def test_a_booking_remembers_the_list_it_came_from(as_resident, site_service: Service) -> None:
    browser = as_resident("r1")
    shown = browser.get("/for-me").text
    link = next(part for part in shown.split('href="') if "suggestion=" in part).split('"')[0]
    path = link.replace("&amp;", "&")
    suggestion = path.split("suggestion=")[1].split("&")[0]
    event = path.split("/events/")[1].split("?")[0]
    assert f'name="suggestion" value="{suggestion}"' in browser.get(path).text
    browser.send(f"/events/{event}/book", path, seats=1, suggestion=suggestion)
    browser.send(f"/events/{event}/cancel")
    query = sa.text(
        "SELECT status, suggestion_id FROM bookings WHERE resident_id = 'r1' AND event_id = :event"
        " AND suggestion_id IS NOT NULL"
    )
    with site_service.database.engine().connect() as connection:
        kept = connection.execute(query, {"event": event}).all()
    assert [tuple(row) for row in kept] == [("cancelled", suggestion)]


def test_a_run_has_the_room_of_its_days_and_is_open_until_its_end(
    as_resident, site_service: Service
) -> None:
    run(
        site_service,
        "UPDATE events SET seats = 2, booking_closes_at = NULL, ends_at = starts_at + "
        "interval '9 days 8 hours' WHERE event_id = 'u7'",
    )
    browser = as_resident("r2")
    assert browser.send("/events/u7/book", "/events/u7", seats=6).status_code == 303
    assert held(site_service, "r2")[-1] == ("u7", "booked", 6)
    assert "共20座" in browser.get("/events/u7").text
