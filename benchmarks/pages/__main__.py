"""`make bench-pages`: people's journeys, accessibility, policy, open doors and speed of pages.

Journeys, accessibility and doors are walked in a small simulated district in Chromium; speed is
measured on the `district` preset (``--preset`` names another; ``speed`` does nothing else).
``--quick`` measures everything in the small district, in under five minutes. ``make screenshots``
only keeps the pictures: all under var/pictures, those of the README in docs/pictures.
"""

import argparse
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.pages.browser import (
    DESKTOP,
    PHONE,
    Window,
    axe,
    chromium,
    chromium_path,
    cookies_of,
    is_cut,
    window,
)
from benchmarks.pages.doors import open_doors
from benchmarks.pages.journeys import officer, resident
from benchmarks.pages.speed import console_ms, first_page_kb, first_page_ms
from benchmarks.pages.tour import tour
from benchmarks.pages.world import Site, site
from benchmarks.report import Bar, report
from data.store.embedded import embedded_url
from data.store.store import Store
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.settings import Settings

SMALL = 1_500
"""Residents of the small district."""

PICTURES = Path("var") / "pictures"
SHOWN = {
    "whats-on-phone": "residents",
    "console-streets-zh": "console-streets",
    "console-plan-zh": "console-plan",
}
"""Pictures of the README, and their names in docs/pictures."""

DISPLAYS = (("zh", DESKTOP), ("en", PHONE), ("en.large.dark", PHONE), ("zh.contrast", DESKTOP))


def main() -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=["all", "screenshots", "speed"], default="all")
    parser.add_argument("--quick", action="store_true", help="everything in the small district")
    parser.add_argument("--preset", default="district", help="where speed is measured")
    parser.add_argument("--residents", type=int, help="of the preset; fewer are faster")
    options = parser.parse_args()
    details: dict[str, Any] = {}
    bars: list[Bar] = []
    with tempfile.TemporaryDirectory(prefix="gongxu-pages-") as folder:
        Path(folder).chmod(0o755)
        if options.part != "speed":
            bars += small_district(Path(folder), options.quick, options.part, details)
        if options.part == "screenshots":
            publish()
            return 0
        if not options.quick:
            home = Path(folder) / "large"
            details["district"] = [options.preset, options.residents or "all residents"]
            with site(home, options.preset, options.residents, workers=2) as large:
                bars += speed(large, "", details, seconds=30)
    for name in ("axe_violations", "policy_reports", "open_doors"):
        for line in details.get(name, []):
            print(f"{name}: {line}")
    if options.part != "speed":
        print(f"pictures in {PICTURES}")
    report("pages", bars, seeds=[7], details=details)
    return 0


def small_district(folder: Path, quick: bool, part: str, details: dict[str, Any]) -> list[Bar]:
    """Journeys, pages and doors of the small district; its speed too when ``quick``.

    Parameters
    ----------
    folder
        Where it is made.
    quick
        Whether speed is measured here.
    part
        ``screenshots`` walks only.
    details
        Findings, steps and seconds are added.

    Returns
    -------
    The bars.
    """
    bars: list[Bar] = []
    begun = time.monotonic()
    with site(folder / "small", "demo", SMALL, workers=2) as small:
        print(f"served after {time.monotonic() - begun:.0f} s", flush=True)
        plan = ""
        if chromium_path() is None:
            print("skipped: no Chromium here (apt-get install chromium): 10.2, 10.3, 10.4")
        else:
            found, plan = walk(small, details)
            bars += found
        if part == "screenshots":
            return bars
        doors = open_doors(small)
        details["open_doors"] = doors
        bars.append(Bar("10.4", "open_doors", float(len(doors))))
        if quick:
            bars += speed(small, plan, details, seconds=8)
    return bars


def walk(small: Site, details: dict[str, Any]) -> tuple[list[Bar], str]:
    """The journeys and a tour of all pages in Chromium.

    Parameters
    ----------
    small
        The running service.
    details
        Findings, steps and seconds are added.

    Returns
    -------
    The bars, and the plan that the officer made.
    """
    violations: list[str] = []
    reports: list[str] = []
    steps: dict[str, int] = {}

    def looking(made: Window, tag: str) -> Callable[[str], None]:
        def look(name: str) -> None:
            made.picture(PICTURES / f"{name}-{tag}.png", whole=False)
            violations.extend(f"{name} {tag}: {each}" for each in axe(made.page))
            if is_cut(made.page):
                violations.append(f"{name} {tag}: is wider than the window")

        return look

    with chromium() as browser:
        user = small.users["officer"]
        begun = time.monotonic()
        with window(browser, small.url, size=DESKTOP) as made:
            plan = officer(made, user.name, user.password, looking(made, "zh"))
            steps["officer"] = made.steps
            reports += made.reports + made.left
        details["officer_seconds"] = round(time.monotonic() - begun, 1)
        begun = time.monotonic()
        with window(browser, small.url, size=PHONE) as made:
            event = resident(made, small.residents[0], looking(made, "phone"))
            steps["resident"] = made.steps
            reports += made.reports + made.left
        details["resident_seconds"] = round(time.monotonic() - begun, 1)
        with window(browser, small.url, size=PHONE, script=False) as made:
            resident(made, small.residents[1], lambda _: None)
            details["steps_without_script"] = made.steps
        service = Service(Settings(home=small.home), ServiceSettings())
        for who, paths in tour(service, filled(small, plan, event)).items():
            state = signed_in(browser, small, who)
            for display, size in DISPLAYS:
                with window(browser, small.url, display=display, size=size, state=state) as made:
                    look = looking(made, display)
                    for path in paths:
                        made.open(path)
                        look(f"{who}-{re.sub(r'[^0-9A-Za-z-]+', '-', path.strip('/')) or 'home'}")
                    reports += made.reports + made.left
    details |= {"axe_violations": violations, "policy_reports": reports, "steps": steps}
    return [
        Bar("10.2", "officer_steps", float(steps["officer"])),
        Bar("10.2", "resident_steps", float(steps["resident"])),
        Bar("10.3", "axe_violations", float(len(violations))),
        Bar("10.4", "policy_reports", float(len(reports))),
    ], plan


def filled(small: Site, plan: str, event: str) -> dict[str, str]:
    """What the paths of pages are filled with."""
    street = small.users["officer"].areas[0]
    product, supplier = first_product(small)
    return {
        "event_id": event,
        "place": street,
        "code": street,
        "product": product,
        "product_id": product,
        "supplier_id": supplier,
        "plan_id": plan,
    }


def signed_in(browser: Any, small: Site, who: str) -> Any:
    """Cookies of somebody who signed in."""
    with window(browser, small.url) as made:
        if who == "resident":
            made.open("/sign-in")
            made.press(f"以居民 {small.residents[0]} 登录")
        elif who != "anybody":
            user = small.users[who]
            made.open("/console/sign-in")
            made.enter("用户名", user.name)
            made.enter("密码", user.password)
            made.press("登录")
        return cookies_of(made.page.context)


def speed(where: Site, plan: str, details: dict[str, Any], *, seconds: float) -> list[Bar]:
    """Times of pages and the weight of the first one.

    Parameters
    ----------
    where, plan
        The running service, and a plan of it; plans are left out without one.
    details
        Every page's times are added.
    seconds
        How long the first page is asked for.

    Returns
    -------
    The bars of point 10.6.
    """
    product, _ = first_product(where)
    street = where.users["officer"].areas[0]
    page, empty = first_page_ms(where.url, seconds)
    times = console_ms(where, plan, street, product)
    details["console_ms"] = {path: [round(ms, 1) for ms in each] for path, each in times.items()}
    details["first_page_p95_ms"], details["empty_page_p95_ms"] = page, empty
    print(
        f"first page p95 {page:.1f} ms, {page / empty:.1f} times an empty answer's {empty:.1f} ms"
    )
    for path, each in sorted(times.items(), key=lambda item: -max(item[1]))[:5]:
        print(f"{path}: {max(each):.0f} ms")
    slowest = [ms for each in times.values() for ms in each]
    return [
        Bar("10.6", "console_p95_ms", float(np.percentile(slowest, 95))),
        Bar("10.6", "resident_p95_ms", page),
        Bar("10.6", "first_page_kb", first_page_kb(where.url)),
    ]


def first_product(where: Site) -> tuple[str, str]:
    """A product and its supplier."""
    store = Store.connect(embedded_url(where.home))
    try:
        with store.engine.connect() as connection:
            query = "SELECT product_id, supplier_id FROM products WHERE supplier_id IS NOT NULL"
            row = connection.execute(sa.text(f"{query} ORDER BY product_id DESC LIMIT 1")).one()
            return str(row[0]), str(row[1])
    finally:
        store.close()


def publish() -> None:
    """Keep the README's pictures in docs/pictures."""
    folder = Path("docs") / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, called in SHOWN.items():
        shutil.copyfile(PICTURES / f"{name}.png", folder / f"{called}.png")
        print(folder / f"{called}.png")


if __name__ == "__main__":
    raise SystemExit(main())
