"""Booking at a counter: with a number, and for somebody who gets one."""

import re

import sqlalchemy as sa

from serving.api.service import Service


def bookings(service: Service, event: str) -> dict[str, tuple[str, int]]:
    query = sa.text("SELECT resident_id, status, seats FROM bookings WHERE event_id = :event")
    with service.database.engine().connect() as connection:
        found = connection.execute(query, {"event": event})
        return {row.resident_id: (row.status, row.seats) for row in found}


def test_a_counter_books_and_cancels_for_others(as_user, form_token, site_service: Service) -> None:
    browser = as_user("counter")
    assert browser.get("/console").headers["location"] == "/console/counter"
    assert "第u1场" in browser.get("/console/counter?q=U1").text
    assert "第u2场" not in browser.get("/console/counter?q=U1").text
    token = form_token(browser.get("/console/counter/u1").text)

    def send(act: str, **fields: object) -> str:
        path = f"/console/counter/u1/{act}"
        return browser.post(path, data={"form_token": token, **fields}).text

    assert "居民编号：r1，2人" in send("book", resident="r1", seats=2)
    assert "你已预约过" in send("book", resident="r1", seats=1)
    assert "没有这位居民" in send("book", resident="nobody", seats=1)
    made = re.search(r"居民编号：(counter-[0-9a-f]+)，3人", send("book", seats=3))
    assert made is not None
    assert bookings(site_service, "u1") == {"r1": ("booked", 2), made[1]: ("booked", 3)}
    query = sa.text("SELECT personalised FROM residents WHERE resident_id = :who")
    with site_service.database.engine().connect() as connection:
        assert connection.execute(query, {"who": made[1]}).scalar_one() is False
    assert "已取消" in send("cancel", resident=made[1])
    assert "没有找到预约" in send("cancel", resident="r2")
    assert bookings(site_service, "u1")[made[1]] == ("cancelled", 3)
