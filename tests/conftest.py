"""Fixtures that every room's tests share."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

# `make test` gives the same verdict twice; `make fuzz` (--hypothesis-profile=random) searches on.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None, print_blob=True)
settings.load_profile("deterministic")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data sets beside the repository; skips, saying so, where they are not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"public data sets are not at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_district() -> dict[str, list[dict[str, object]]]:
    """Rows of every table of a district: two streets of 24 residents, two of 5 and 4.

    Figures of the small streets are suppressed. Clock: 2026-11-20; plans are for 2027Q1.
    """
    return tiny_district_rows()


def tiny_district_rows() -> dict[str, list[dict[str, object]]]:
    """See :func:`tiny_district`."""
    now, hour, day = datetime(2026, 11, 20, 4, tzinfo=UTC), timedelta(hours=1), timedelta(days=1)
    streets = {"310105001": 24, "310105002": 24, "310105003": 5, "310105004": 4}
    home = [code for code, people in streets.items() for _ in range(people)]
    categories = ("performance", "lecture", "reading")
    rows: dict[str, list[dict[str, object]]] = {
        "areas": [{"area_code": "310105", "name": "区", "level": "district", "population": 9_000}]
        + [
            {"area_code": code, "name": f"街道{code[-1]}", "level": "street",
             "parent_code": "310105", "population": 100 * people, "workers": 900,
             "lat": 31.2 + k / 100, "lon": 121.4}
            for k, (code, people) in enumerate(streets.items())
        ],
        "population": [
            {"area_code": code, "age_band": band, "sex": "f", "people": 50 * people}
            for code, people in streets.items() for band in ("35-59", "60-69")
        ],
        "venues": [
            {"venue_id": f"v{code[-1]}", "name": f"文化中心{code[-1]}", "area_code": code,
             "level": "street", "kind": "centre", "lat": 31.2, "lon": 121.4, "seats": 60,
             "step_free": True, "open_hours_per_week": 40.0}
            for code in streets
        ],
        "suppliers": [
            {"supplier_id": f"s{k}", "name": f"团体{k}", "kind": "company",
             "licences": "performance", "licence_valid_until": "2028-12-31",
             "active_since": "2020-01-01"}
            for k in range(6)
        ],
        "products": [
            {"product_id": f"p{k}", "supplier_id": f"s{k}", "title": f"[{k}] =节目{k}",
             "description": "介绍", "category": categories[k % 3], "tags": f"标签{k}",
             "price_fen": 100_000 + 10_000 * k, "duration_min": 90, "audience_max": 80,
             "min_seats": 10, "audience_groups": "all", "min_age": 0,
             "licence_required": "performance" if k == 0 else None,
             "listed_from": "2025-01-01", "listed_until": "2027-12-31", "sessions_max": 6}
            for k in range(6)
        ],
        "residents": [
            {"resident_id": f"r{n}", "area_code": code, "age_band": ("35-59", "60-69")[n % 2],
             "sex": ("f", "m")[n % 2], "joined_at": now - 300 * day, "personalised": True,
             "guardian_consent": None}
            for n, code in enumerate(home)
        ],
        "events": [], "bookings": [],
        "ratings": [
            {"resident_id": f"r{n}", "event_id": "e0", "stars": 3 + n % 3,
             "rated_at": now - 5 * day, "comment": "好"} for n in range(6)
        ],
        "impressions": [
            {"impression_id": f"i{n}", "resident_id": f"r{n % 48}", "event_id": f"e{n % 40}",
             "shown_at": now - 90 * day + n * hour, "surface": "app", "position": 1 + n % 5,
             "propensity": 0.5, "suggestion_id": f"l{n // 5}", "model_version": "m"}
            for n in range(100)
        ],
        "follows": [
            {"resident_id": "r1", "target_kind": "category", "target": "lecture",
             "since": now - 9 * day}
        ],
        "surveys": [
            {"survey_id": f"q{n}", "area_code": code, "age_band": "35-59",
             "target_kind": "category", "target": "lecture", "votes": 5 + n, "respondents": 20 + n,
             "channel": "paper", "collected_at": "2026-10-01"}
            for n, code in enumerate(streets)
        ],
        "budgets": [
            {"buyer_code": code, "period": "2027Q1", "amount_fen": 1_500_000} for code in streets
        ],
        "orders": [
            {"order_id": "o1", "plan_id": "PLAN-2026Q3-0123456789ab",
             "line_id": "PLAN-2026Q3-0123456789ab-0001", "buyer_code": "310105001",
             "product_id": "p1", "venue_id": "v1", "scheduled_on": "2026-09-01", "sessions": 2,
             "amount_fen": 220_000, "status": "accepted", "decided_by": "li",
             "decided_at": now - 90 * day, "reason": "合适", "satisfaction": 4}
        ],
    }  # fmt: skip
    for k in range(46):
        # Forty sessions so far, six to come.
        starts = now - 3 * day * (40 - k) if k < 40 else now + 3 * day * (k - 39)
        rows["events"].append(
            {"event_id": f"e{k}", "product_id": f"p{k % 6}", "venue_id": f"v{1 + k % 4}",
             "title": f"第{k}场", "starts_at": starts, "ends_at": starts + 2 * hour, "seats": 18,
             "ticket_fen": 0, "published_at": starts - 30 * day,
             "booking_closes_at": starts - hour, "status": "done" if k < 40 else "open"}
        )  # fmt: skip
        rows["bookings"] += [
            {"booking_id": f"b{k}-{n}", "resident_id": f"r{n}", "event_id": f"e{k}",
             "booked_at": starts - (20 - n % 7) * day, "seats": 1,
             "status": "no_show" if n % 8 == 0 else "attended", "updated_at": starts + 2 * hour}
            for n in range(len(home)) if k < 40 and (n + k // 3) % 3 == k % 3
        ]  # fmt: skip
    return rows


@pytest.fixture(scope="session")
def embedded_home() -> Iterator[Path]:
    """A ``GONGXU_HOME`` with a running embedded PostgreSQL, for the whole session."""
    from data.store.embedded import embedded_url, release

    # Not under pytest's own folder, which the server's account may not enter as root.
    home = Path(tempfile.mkdtemp(prefix="gongxu-"))
    # A power cut would cost nothing but a test run; waiting for the disk costs most of its time.
    with psycopg.connect(embedded_url(home), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield home
    release(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template_url(embedded_home: Path) -> str:
    """The embedded server's own database, migrated; read-only for tests."""
    from data.store.embedded import embedded_url
    from data.store.store import Store

    url = embedded_url(embedded_home)
    store = Store.connect(url)
    store.migrate()
    store.close()
    return url


@pytest.fixture
def database_url(template_url: str) -> Iterator[str]:
    """A fresh, migrated, empty database of a real PostgreSQL: ``Store.connect(database_url)``.

    Each test gets its own (a copy of a template, some 50 ms), gone afterwards. Close what you
    open: ``store.close()``.
    """
    name = f"test_{secrets.token_hex(6)}"
    maintenance = template_url.replace("@/gongxu?", "@/postgres?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE gongxu STRATEGY file_copy").format(
                sql.Identifier(name)
            )
        )
    yield template_url.replace("@/gongxu?", f"@/{name}?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
