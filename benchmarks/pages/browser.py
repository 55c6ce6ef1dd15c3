"""Debian's Chromium driven by Playwright: policy reports, requests that leave, pictures, axe."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    FloatRect,
    Page,
    Request,
    sync_playwright,
)

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE, DESKTOP = (390, 844), (1280, 900)
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""Rules of axe-core: WCAG 2.2, levels A and AA."""
PICTURE_MAX = 8_000
"""Pixels of height that a picture keeps."""

_HEARD = "document.addEventListener('securitypolicyviolation', e => console.error('policy report: '"
_HEARD += " + e.violatedDirective + ' ' + e.blockedURI))"


def chromium_path() -> str | None:
    """Where Chromium is; ``None`` where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a new, empty profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """One visitor's window, and what it complained of.

    Attributes
    ----------
    page, url
        The window, and the address of the site.
    reports
        Violations of the content security policy, and errors of scripts.
    left
        Requests to other machines.
    steps
        Clicks, entries and choices so far.
    """

    page: Page
    url: str
    reports: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    steps: int = 0

    def open(self, path: str) -> None:
        """Go to an address of the site, as by a bookmark."""
        self.page.goto(self.url + path, wait_until="load")

    def press(self, name: str, *, role: Any = "button", nth: int = 0) -> None:
        """Press a button or follow a link by the words on it."""
        self.page.get_by_role(role, name=name).nth(nth).click()
        self.page.wait_for_load_state()
        self.steps += 1

    def enter(self, label: str, value: str) -> None:
        """Fill in a field by its label."""
        self.page.get_by_label(label, exact=True).first.fill(value)
        self.steps += 1

    def choose(self, label: str, value: str) -> None:
        """Choose from a list by its label."""
        self.page.get_by_label(label, exact=True).first.select_option(value)
        self.steps += 1

    def tick(self, selector: str) -> None:
        """Tick a box."""
        self.page.locator(selector).first.check()
        self.steps += 1

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Keep a picture of the page, of a very long one only the beginning."""
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        if whole and height > PICTURE_MAX:  # Chromium fails on pictures that are too high
            clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": PICTURE_MAX}
            self.page.screenshot(path=path, full_page=True, clip=clip)
        else:
            self.page.screenshot(path=path, full_page=whole)


@contextmanager
def window(
    browser: Browser,
    url: str,
    *,
    display: str = "zh",
    size: tuple[int, int] = DESKTOP,
    script: bool = True,
    state: Any = None,
) -> Iterator[Window]:
    """A window of a visitor of its own.

    Parameters
    ----------
    browser, url
        The browser, and the site's address.
    display
        The display cookie: such as ``en.large.dark``.
    size
        Width and height in pixels.
    script
        Whether the browser runs JavaScript.
    state
        Cookies of an earlier window (:func:`cookies_of`).
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        storage_state=state,
        locale="zh-CN",
    )
    context.add_cookies([{"name": "gongxu_display", "value": display, "url": url}])
    if script:
        context.add_init_script(_HEARD)
    made = Window(context.new_page(), url)
    own = urlsplit(url).netloc

    def asked(request: Request) -> None:
        if urlsplit(request.url).netloc not in (own, ""):
            made.left.append(request.url)

    made.page.on("request", asked)
    made.page.on("console", lambda told: _note(made, told.text))
    made.page.on("pageerror", lambda error: made.reports.append(str(error)))
    try:
        yield made
    finally:
        context.close()


def cookies_of(context: BrowserContext) -> Any:
    """What another window of the same visitor starts with."""
    return context.storage_state()


def signed_in(browser: Browser, url: str, who: str, password: str) -> Any:
    """Sign somebody in.

    Parameters
    ----------
    browser, url
        The browser, and the site's address.
    who
        A user's name, a ready resident (``r1``), or empty: nobody.
    password
        A user's.

    Returns
    -------
    Cookies that a window can start with.
    """
    with window(browser, url) as made:
        if who.startswith("r"):
            made.open("/sign-in")
            made.press(f"以居民 {who} 登录")
        elif who:
            made.open("/console/sign-in")
            made.enter("用户名", who)
            made.enter("密码", password)
            made.press("登录")
        return cookies_of(made.page.context)


def axe(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds on a page: one entry a violated rule, with its elements."""
    page.evaluate(_axe_script())
    run = f"axe.run(document, {{runOnly: {list(TAGS)}, resultTypes: ['violations']}})"
    found = page.evaluate(run)
    return [
        {
            "rule": each["id"],
            "help": each["help"],
            "elements": [node["html"][:160] for node in each["nodes"]],
        }
        for each in found["violations"]
    ]


def is_cut(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"))


def _note(made: Window, text: str) -> None:
    if "policy report:" in text or "Content Security Policy" in text:
        made.reports.append(text)


@lru_cache(maxsize=1)
def _axe_script() -> str:
    package = resources.files("axe_playwright_python")
    return (package / "axe.min.js").read_text(encoding="utf-8")
