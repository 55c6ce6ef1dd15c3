"""Text at 200 %: no page scrolls sideways, cuts text off, or hides it in what no key reaches."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.pages.browser import is_cut, signed_in, window
from benchmarks.pages.tour import tour
from serving.api.service import Service

PASSWORD = "a long password"
WIDE, NARROW = (1280, 900), (640, 900)
"""A desktop's window, and one as narrow as a phone's beside such letters."""
SHOWN = {"zh": (NARROW,), "en": (WIDE, NARROW)}
"""English words are the longer ones."""

DOUBLED = "document.documentElement.style.fontSize ="
DOUBLED += " 2 * parseFloat(getComputedStyle(document.documentElement).fontSize) + 'px'"

LOST = """() => {
  const lost = [];
  const name = e => e.tagName.toLowerCase() + '.' + e.getAttribute('class') + ': '
    + e.textContent.trim().slice(0, 40);
  for (const e of document.body.querySelectorAll('*')) {
    if (e.namespaceURI.endsWith('svg') || !e.clientWidth || !e.textContent.trim()) continue;
    const style = getComputedStyle(e);
    const hides = value => value === 'hidden' || value === 'clip';
    const wide = e.scrollWidth > e.clientWidth + 1, high = e.scrollHeight > e.clientHeight + 1;
    if ((hides(style.overflowX) && wide) || (hides(style.overflowY) && high))
      lost.push('cuts off ' + name(e));
    else if (e.matches('button, .button, .tag') && wide) lost.push('spills ' + name(e));
    else if (style.overflowX === 'auto' && wide && e.tabIndex < 0)
      lost.push('no key scrolls ' + name(e));
  }
  return lost;
}"""


def losses(page: Page) -> list[str]:
    """What a page loses in its window as it is."""
    found: list[str] = page.evaluate(LOST)
    return [*found, *(["is wider than the window"] if is_cut(page) else [])]


@pytest.mark.timeout(300)
def test_no_page_loses_text_at_twice_the_size(
    browser: Browser, url: str, service: Service, kept_plan: str
) -> None:
    found: list[Any] = []
    ids = {"event_id": "u1", "place": "310105001", "code": "310105001", "product": "p1",
           "product_id": "p1", "supplier_id": "s0", "plan_id": kept_plan}  # fmt: skip
    for who, paths in tour(service, ids).items():
        state = signed_in(browser, url, {"resident": "r1", "anybody": ""}.get(who, who), PASSWORD)
        for display, sizes in SHOWN.items():
            with window(browser, url, display=display, state=state) as made:
                for path in paths:
                    made.open(path)
                    made.page.evaluate(DOUBLED)
                    for width, height in sizes:
                        made.page.set_viewport_size({"width": width, "height": height})
                        found.extend((path, display, width, each) for each in losses(made.page))
    assert found == []


def test_what_is_lost_is_found(browser: Browser, url: str) -> None:
    with window(browser, url, size=(640, 900)) as made:
        made.open("/")
        assert losses(made.page) == []
        shape = "(([tag, overflow]) => { const e = document.querySelector('main ' + tag);"
        shape += " e.textContent = '很长'.repeat(50); e.style.whiteSpace = 'nowrap';"
        shape += " e.style.width = '9rem'; e.style.overflow = overflow; })"
        for tag, overflow, told in (
            ("h1", "hidden", "cuts off"),
            ("h1", "auto", "no key"),
            ("button", "visible", "spills"),
        ):
            made.page.evaluate(shape, [tag, overflow])
            assert any(each.startswith(told) for each in losses(made.page))
        made.page.evaluate("document.querySelector('h1').style.overflow = 'visible'")
        assert "is wider than the window" in losses(made.page)
