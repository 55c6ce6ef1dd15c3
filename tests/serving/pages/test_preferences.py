"""Lists, preferences, requests and rights of residents by form."""

import httpx
import sqlalchemy as sa

from serving.api.service import Service


def count(service: Service, table: str, resident: str) -> int:
    query = sa.text(f"SELECT count(*) FROM {table} WHERE resident_id = :who")
    with service.database.engine().connect() as connection:
        return int(connection.execute(query, {"who": resident}).scalar_one())


def test_a_list_says_why_and_takes_a_correction(as_resident, site_service: Service) -> None:
    browser = as_resident("r1")
    html = browser.get("/for-me").text
    assert "根据你的预约和关注" in html
    assert 'class="why"' in html
    assert "调整推荐" in html
    assert "第u2场" in html
    # The page behind the list says why as well, and where to change that.
    page = browser.get("/events/u2").text
    assert "为什么推荐" in page
    assert "为什么推荐" not in browser.client.get("/events/e1").text
    site_service.recorder.flush()
    assert count(site_service, "impressions", "r1") > 0
    answer = browser.send("/mutes", "/for-me", kind="event", target="u2")
    assert answer.headers["location"] == "/for-me?notice=muted"
    assert "第u2场" not in browser.get("/for-me").text
    settings = browser.get("/settings").text
    assert "第u2场" in settings
    browser.send("/mutes", kind="event", target="u2", remove="true", next="/settings")
    assert count(site_service, "mutes", "r1") == 0
    assert "第u2场" in browser.get("/for-me").text


def test_follows_stand_beside_each_other(as_resident, site_service: Service) -> None:
    browser = as_resident("r2")
    for kind, target in (("category", "lecture"), ("supplier", "s1")):
        browser.send("/follows", "/events/u1", kind=kind, target=target, next="/events/u1")
    html = browser.get("/settings").text
    assert "团体1" in html
    assert "讲座" in html
    assert count(site_service, "follows", "r2") == 2
    browser.send("/follows", kind="supplier", target="s1", remove="true")
    assert count(site_service, "follows", "r2") == 1
    assert browser.send("/follows", kind="event", target="u1").status_code == 422
    away = browser.send("/follows", kind="tag", target="x", next="//evil.example")
    assert away.headers["location"] == "/for-me"


def test_profiling_is_switched_off_in_one_step(as_resident, site_service: Service) -> None:
    browser = as_resident("r3")
    assert browser.send("/settings/personalisation", on="false").status_code == 303
    assert "个性化已关闭" in browser.get("/for-me").text
    assert count(site_service, "consents", "r3") == 1
    assert "现在：关闭" in browser.get("/settings").text
    set_age = sa.text("UPDATE residents SET age_band = '0-13' WHERE resident_id = 'r3'")
    with site_service.database.engine().begin() as connection:
        connection.execute(set_age)
    answer = browser.send("/settings/personalisation", on="true")
    assert (answer.status_code, "未满14岁" in answer.text) == (409, True)


def test_requests_count_once_a_subject(as_resident, site_service: Service) -> None:
    browser = as_resident("r4")
    for words in ("沪剧", "  沪剧 ", ""):
        answer = browser.send("/requests", "/requests", category="film", words=words)
        assert answer.headers["location"] == "/requests?notice=asked"
    assert count(site_service, "requests", "r4") == 2
    assert "沪剧" in browser.get("/requests").text
    assert browser.send("/requests", category="nothing").status_code == 422
    for number in range(18):
        browser.send("/requests", words=f"x{number}")
    answer = browser.send("/requests", words="one more")
    assert (answer.status_code, "20条" in answer.text) == (409, True)


def test_a_resident_takes_everything_away_and_has_it_erased(
    as_resident, site_service: Service, site: httpx.Client
) -> None:
    browser = as_resident("r5")
    browser.send("/events/u7/book", seats=1)
    held = browser.get("/settings/export.json").json()
    assert held["residents"][0]["resident_id"] == "r5"
    assert any(row["event_id"] == "u7" for row in held["bookings"])
    assert "digest" not in held["resident_sessions"][0]
    assert browser.send("/settings/erase").status_code == 422
    answer = browser.send("/settings/erase", sure="true")
    assert (answer.status_code, "已全部删除" in answer.text) == (200, True)
    for table in ("residents", "bookings", "resident_sessions", "access_log", "requests"):
        assert count(site_service, table, "r5") == 0
    assert browser.get("/settings").headers["location"].startswith("/sign-in")


def test_signing_out_ends_the_session(as_resident, site_service: Service) -> None:
    browser = as_resident("r6")
    secret = browser.client.cookies["gongxu_session"]
    assert browser.send("/sign-out").headers["location"] == "/"
    assert count(site_service, "resident_sessions", "r6") == 0
    browser.client.cookies["gongxu_session"] = secret
    assert browser.get("/settings").status_code == 303


def test_only_ready_residents_sign_in_by_a_button(as_resident) -> None:
    answer = as_resident("r7").send("/sign-in", "/sign-in", resident="r29")
    assert answer.status_code == 403


def test_a_resident_opens_no_page_of_officers(as_resident) -> None:
    browser = as_resident("r7")
    for path in ("/console", "/console/plans", "/console/streets", "/console/models"):
        assert browser.get(path).status_code == 403
