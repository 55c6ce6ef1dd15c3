"""The page of one event."""

import json
import re

import httpx
import sqlalchemy as sa

from serving.api.service import Service


def test_an_event_says_when_where_and_how_many_seats(site: httpx.Client) -> None:
    html = site.get("/events/u1?place=310105001").text
    assert "<h1>第u1场</h1>" in html
    assert "文化中心2" in html
    assert "共40座，余40座" in html
    assert "为什么推荐" in html
    assert "相近的活动" in html
    assert 'role="img"' in html


def test_its_data_for_search_engines_is_valid(site: httpx.Client) -> None:
    html = site.get("/events/u1").text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)
    assert block is not None
    document = json.loads(block[1])
    assert document["identifier"] == "u1"
    assert document["startDate"].endswith("+08:00")


def test_its_calendar_file_holds_it_alone(site: httpx.Client) -> None:
    answer = site.get("/events/u1/calendar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.text.count("BEGIN:VEVENT") == 1
    assert "第u1场" in answer.text


def test_unknown_events_are_told_as_such(site: httpx.Client) -> None:
    for path in ("/events/none", "/events/none/calendar.ics"):
        answer = site.get(path)
        assert answer.status_code == 404
        assert "没有找到" in answer.text


def test_markup_in_a_title_stays_text(site: httpx.Client, site_service: Service) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    set_title = sa.text("UPDATE events SET title = :title WHERE event_id = 'u2'")
    with site_service.database.engine().begin() as connection:
        connection.execute(set_title, {"title": evil})
    html = site.get("/events/u2").text
    assert "<img src=x" not in html
    assert "<script>alert" not in html
    assert html.count("<script") == 1
    assert "&lt;script&gt;alert(1)" in html
