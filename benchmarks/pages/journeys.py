"""The officer's ten minutes and the resident's Saturday, as people walk them."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page

from benchmarks.pages.browser import Window

Look = Callable[[str], None]
"""Called at every page of a journey with a name for it."""

PATIENCE_S = 120


def officer(window: Window, name: str, password: str, look: Look) -> str:
    """From "what does my street want" to a plan changed, solved again and decided; returns it.

    Parameters
    ----------
    window
        Of somebody who is not signed in; its pages in Chinese.
    name, password
        Of an officer of one street.
    look
        See :data:`Look`.
    """
    page = window.page
    window.open("/console")
    look("console-sign-in")
    window.enter("用户名", name)
    window.enter("密码", password)
    window.press("登录")
    _settle(window)
    look("console-today")
    window.press("街镇需求", role="link")
    look("console-streets")
    page.locator("tbody th a").first.click()
    window.steps += 1
    look("console-street")
    page.locator("#ranked ~ div tbody th a").first.click()
    window.steps += 1
    look("console-why")
    window.press("采购方案", role="link")
    look("console-plans")
    window.press("生成方案")
    _solved(page)
    look("console-plan")
    window.press("编辑草稿", role="link")
    look("console-draft")
    window.press("锁定")
    page.locator(".tag", has_text="已锁定").first.wait_for()
    window.press("删除", nth=1)
    page.locator(".tag", has_text="已删除").first.wait_for()
    look("console-draft-changed")
    window.press("按我的修改重新求解")
    _solved(page)
    look("console-plan-again")
    for box in page.locator("input[name=line]").all():
        box.check()
    window.steps += 1  # as one: choosing the lines
    window.tick("input[name=decision][value=accept]")
    window.enter("理由（必填，计入审计记录）", "需求排名靠前")
    window.tick("input[name=no_conflict]")
    window.press("提交决定")
    look("console-plan-decided")
    found = re.search(r"PLAN-[A-Za-z0-9-]+", page.url)
    assert found is not None, page.url
    window.press("订单与成效", role="link")
    look("console-orders")
    return found[0]


def resident(window: Window, who: str, look: Look) -> str:
    """Something for the weekend, found, booked and kept; returns the event.

    Parameters
    ----------
    window
        Of somebody who is not signed in; its pages in Chinese.
    who
        A ready resident of the demonstration.
    look
        See :data:`Look`.
    """
    page = window.page
    window.open("/")
    look("whats-on")
    window.press("这个周末", role="link")
    if page.locator(".card").count() == 0:
        window.press("查看全部活动", role="link")
    look("weekend")
    page.locator(".card .title a").first.click()
    window.steps += 1
    look("event")
    window.press("登录后预约", role="link")
    look("sign-in")
    window.press(f"以居民 {who} 登录")
    page.locator("#booking button").click()
    window.steps += 1
    look("event-booked")
    found = re.search(r"/events/([^?]+)", page.url)
    assert found is not None, page.url
    assert page.get_by_role("status").count() == 1, page.locator("main").inner_text()
    return found[1]


def _solved(page: Page) -> None:
    """Wait for a plan: its page comes by itself, in place or as a whole."""
    until = time.monotonic() + PATIENCE_S
    while page.locator("#lines").count() == 0:
        failed = page.get_by_text("未能得出方案")
        if failed.count() or time.monotonic() > until:
            raise RuntimeError(page.locator("main").inner_text())
        page.wait_for_timeout(300)


def _settle(window: Window) -> None:
    """Wait for the indices, which are computed beside the page."""
    until = time.monotonic() + PATIENCE_S
    while window.page.get_by_text("正在计算").count() and time.monotonic() < until:
        window.page.wait_for_timeout(300)
        window.page.reload()
