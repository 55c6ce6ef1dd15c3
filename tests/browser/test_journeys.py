"""What people do, in Chromium: steps, what the database holds afterwards, axe, pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from benchmarks.pages.browser import DESKTOP, PHONE, Window, axe, is_cut, signed_in, window
from benchmarks.pages.journeys import officer, resident
from benchmarks.pages.tour import tour
from serving.api.service import Service

PASSWORD = "a long password"


def rows(service: Service, query: str) -> list[tuple[Any, ...]]:
    with service.database.engine().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def looking(made: Window, pictures: Path, found: list[Any], tag: str) -> Callable[[str], None]:
    """Keep a picture of each page, and what axe finds on it."""

    def look(name: str) -> None:
        made.picture(pictures / f"{name}-{tag}.png")
        found.extend((name, each) for each in axe(made.page))
        if is_cut(made.page):
            found.append((name, "is wider than the window"))

    return look


def test_an_officer_gets_from_a_wish_to_a_decided_plan(
    browser: Browser, url: str, service: Service, pictures: Path
) -> None:
    found: list[Any] = []
    with window(browser, url, size=DESKTOP) as made:
        plan = officer(made, "officer", PASSWORD, looking(made, pictures, found, "zh"))
        assert (made.reports, made.left) == ([], [])
        assert made.steps <= 20
    assert found == []
    changes = rows(service, "SELECT kind, officer FROM plan_edits ORDER BY at, version LIMIT 2")
    assert changes == [("lock", "officer"), ("remove", "officer")]
    ((parent, lines),) = rows(
        service,
        f"SELECT document->>'parent', document->'lines' FROM plans WHERE plan_id = '{plan}'",
    )
    ((before,),) = rows(service, f"SELECT document->'lines' FROM plans WHERE plan_id = '{parent}'")
    bought = [{(each["street_code"], each["product_id"]) for each in plan_lines}
              for plan_lines in (before, lines)]  # fmt: skip
    removed = rows(service, "SELECT line_id FROM plan_edits WHERE kind = 'remove'")[0][0]
    (gone,) = [(each["street_code"], each["product_id"]) for each in before
               if each["line_id"] == removed]  # fmt: skip
    assert gone in bought[0]
    assert gone not in bought[1]
    orders = rows(service, "SELECT status, decided_by, plan_id FROM orders")
    assert orders
    assert set(orders) == {("approved", "officer", plan)}
    # The same plan on a phone, and what another budget would buy.
    with window(
        browser, url, size=PHONE, state=signed_in(browser, url, "officer", PASSWORD)
    ) as made:
        look = looking(made, pictures, found, "phone")
        made.open(f"/console/plans/{plan}")
        look("console-plan")
        made.open(f"/console/plans/{plan}/what-if?budget_yuan=12000")
        assert made.page.get_by_text("改后").count() == 1
        look("console-what-if")
    assert found == []
    (decisions,) = rows(service, "SELECT count(*) FROM audit WHERE action = 'decision.accept'")
    assert decisions == (len(orders),)


@pytest.mark.parametrize(("who", "script"), [("r1", True), ("r2", False)])
def test_a_resident_finds_and_books_something(
    browser: Browser, url: str, service: Service, pictures: Path, who: str, script: bool
) -> None:
    found: list[Any] = []
    with window(browser, url, size=PHONE, script=script) as made:
        look = looking(made, pictures, found, "phone") if script else lambda _: None
        event = resident(made, who, look)
        assert (made.reports, made.left) == ([], [])
        assert made.steps <= 7
    assert found == []
    query = f"SELECT event_id, status FROM bookings WHERE resident_id = '{who}'"
    assert (event, "booked") in rows(service, query)


@pytest.mark.timeout(900)  # some eighty pages, each judged by axe
def test_every_page_is_accessible_in_both_languages_large_and_dark(
    browser: Browser, url: str, service: Service, kept_plan: str
) -> None:
    found: list[Any] = []
    ids = {"event_id": "u1", "place": "310105001", "code": "310105001", "product": "p1",
           "product_id": "p1", "supplier_id": "s0", "plan_id": kept_plan}  # fmt: skip
    visits = tour(service, ids)
    assert sum(map(len, visits.values())) >= 35
    for who, paths in visits.items():
        state = signed_in(browser, url, {"resident": "r1", "anybody": ""}.get(who, who), PASSWORD)
        for display in ("zh", "en.large.dark"):
            size = PHONE if "large" in display else DESKTOP
            with window(browser, url, display=display, size=size, state=state) as made:
                for path in paths:
                    made.open(path)
                    found.extend((path, display, each) for each in axe(made.page))
                    if is_cut(made.page):
                        found.append((path, display, "is wider than the window"))
                assert (made.reports, made.left) == ([], [])
    assert found == []


def test_a_draft_is_changed_without_script_and_by_keyboard_alone(
    browser: Browser, url: str, service: Service, kept_plan: str
) -> None:
    state = signed_in(browser, url, "officer", PASSWORD)
    path = f"/console/plans/{kept_plan}/draft"
    with window(browser, url, state=state, script=False) as made:
        made.open(path)
        made.press("锁定")
        assert made.page.get_by_text("已锁定").count() == 1
    with window(browser, url, state=state) as made:
        made.open(path)
        made.page.get_by_label("评弹的场次").focus()
        made.page.keyboard.press("ArrowUp")
        made.page.keyboard.press("Enter")  # sends the line's own form, in place
        made.page.get_by_text("原为1场").wait_for()
        assert made.page.evaluate("document.activeElement.name") == "sessions"
        assert (made.reports, made.left) == ([], [])
    kinds = rows(service, f"SELECT kind FROM plan_edits WHERE plan_id = '{kept_plan}'")
    assert ("lock",) in kinds


def test_a_keyboard_alone_books(browser: Browser, url: str, service: Service) -> None:
    state = signed_in(browser, url, "r2", PASSWORD)
    with window(browser, url, state=state) as made:
        made.open("/events/u5")
        for _ in range(40):
            made.page.keyboard.press("Tab")
            if made.page.evaluate("document.activeElement.closest('#booking button') !== null"):
                break
        made.page.keyboard.press("Enter")
        made.page.wait_for_url("**notice=booked**")
    assert ("u5", "booked") in rows(
        service, "SELECT event_id, status FROM bookings WHERE resident_id = 'r2'"
    )
