"""The first page over HTTP: lists, filters, display settings; and the programme behind it."""

import re
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest


def titles(html: str) -> list[str]:
    return re.findall(r'class="title"><a href="/events/(\w+)', html)


def test_the_first_page_lists_what_is_on_and_weighs_little(site: httpx.Client) -> None:
    answer = site.get("/")
    assert answer.status_code == 200
    assert titles(answer.text) == [f"u{n}" for n in range(9)]
    assert "明天" in answer.text or "后天" in answer.text
    assert "余40座" in answer.text
    assert "¥20.50" in answer.text
    style = site.get(re.search(r'href="(/static/site.css[^"]*)"', answer.text)[1])
    assert len(answer.content) + len(style.content) < 100_000


def test_filters_narrow_the_list(site: httpx.Client) -> None:
    assert titles(site.get("/?kind=lecture").text) == ["u1", "u4", "u7"]
    assert titles(site.get("/?kind=nothing").text) == []
    assert titles(site.get("/?free=1").text) == [f"u{n}" for n in range(9) if n != 4]
    assert titles(site.get("/?step_free=1").text) == []
    assert "没有符合条件的活动" in site.get("/?children=1").text
    day = (datetime.now(tz=UTC) + timedelta(days=400)).date()
    assert titles(site.get(f"/?on={day}").text) == []
    shown = [
        titles(site.get(f"/?hours={part}").text) for part in ("morning", "afternoon", "evening")
    ]
    assert sorted(title for part in shown for title in part) == [f"u{n}" for n in range(9)]


def test_a_place_gets_a_list_with_reasons_and_distances(site: httpx.Client) -> None:
    html = site.get("/?place=310105001").text
    assert "为华阳路街道推荐" in html
    assert re.search(r"\d\.\d公里", html)
    assert 'class="why"' in html
    assert len(titles(html)) == 9 + 6
    assert "为华阳路街道推荐" not in site.get("/?place=nowhere").text


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "when=never", "place=" + "x" * 300, "within=12345"]
)
def test_what_is_no_filter_gets_a_page_that_says_so(site: httpx.Client, query: str) -> None:
    answer = site.get(f"/?{query}")
    assert answer.status_code == 422
    assert "填写有误" in answer.text


@pytest.mark.parametrize("query", ["on=yesterday", "within=-1", "hours=99", "kind=%3Cb%3E&page=2"])
def test_odd_filters_are_harmless(site: httpx.Client, query: str) -> None:
    answer = site.get(f"/?{query}")
    assert answer.status_code == 200
    assert "<b>" not in answer.text


def test_language_and_display_are_kept_in_a_cookie(site: httpx.Client) -> None:
    answer = site.get("/display?lang=en&next=/%3Fwhen%3Dall")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?when=all")
    assert answer.cookies["gongxu_display"] == "en"
    for setting, kept in (("large=on", "en.large"), ("contrast=on", "en.large.contrast")):
        site.get(f"/display?{setting}")
        assert site.cookies["gongxu_display"] == kept
    html = site.get("/").text
    assert '<html lang="en" class="large contrast">' in html
    assert "What’s on near you" in html
    assert "¥20.50" in html
    site.cookies.clear()


def test_a_day_has_only_its_own_events(site: httpx.Client) -> None:
    html = site.get("/?when=all").text
    all_days = re.findall(r"(\d+)月(\d+)日", html)
    month, day = map(int, all_days[0])
    today = datetime.now(tz=UTC) + timedelta(hours=8)
    year = today.year + (month < today.month)
    html = site.get(f"/?on={date(year, month, day)}").text
    listed = re.findall(r'class="when">[^<]*?(\d+)月(\d+)日', html)
    assert listed
    assert set(listed) == {all_days[0]}


def test_how_ranking_works_is_told_in_both_languages(site: httpx.Client) -> None:
    zh = site.get("/how-ranking-works").text
    en = site.get("/how-ranking-works", headers={"cookie": "gongxu_display=en"}).text
    assert "关闭个性化" in zh
    assert "Switch personalisation off" in en


def test_a_screen_comes_again_by_itself_and_knows_nobody(site: httpx.Client) -> None:
    answer = site.get("/screens/310105001")
    assert answer.headers["refresh"] == "300"
    assert "华阳路街道" in answer.text
    assert len(titles(answer.text)) == 6
    assert "set-cookie" not in answer.headers
    assert "form_token" not in answer.text
    assert site.get("/screens/nowhere").status_code == 404
    assert "文化中心1" in site.get("/screens/v1").text.partition("<h1>")[2].partition("</h1>")[0]
