"""A small district served to a real browser; skipped, saying so, where there is no Chromium."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from benchmarks.pages.browser import chromium, chromium_path
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth.roles import Role
from serving.auth.users import add_user
from serving.console.demand import offered_periods
from serving.settings import Settings

# The small world, and a real server in front of it: the fixtures of the tests of serving.
_spec = spec_from_file_location(
    "serving_fixtures", Path(__file__).parents[1] / "serving" / "conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_fixtures = module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
api_home, running, fill_home = _fixtures.api_home, _fixtures.running, _fixtures.fill_home

PASSWORD = "a long password"
STREET = "310105001"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures() -> Path:
    return Path(__file__).parents[2] / "var" / "pictures" / "tests"


@pytest.fixture(scope="module")
def service(browser: Browser, api_home: Path, fill_home) -> Iterator[Service]:
    fill_home(api_home, people=150)  # so many that demand may be shown
    made = Service(
        Settings(home=api_home),
        ServiceSettings(rate_per_minute=0, demo_residents=["r1", "r2"]),
    )
    now = datetime.now(tz=UTC)
    budget = "INSERT INTO budgets (buyer_code, period, amount_fen) VALUES (:who, :period, 6000000)"
    with made.database.engine().begin() as connection:
        for period in offered_periods(now):
            connection.execute(sa.text(budget), {"who": STREET, "period": period})
    for role, areas in ((Role.OFFICER, [STREET]), (Role.DISTRICT, []), (Role.COUNTER, []),
                        (Role.OPERATOR, [])):  # fmt: skip
        add_user(made.database.engine(), role.value, PASSWORD, role=role, areas=areas, now=now)
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(service: Service, running) -> Iterator[str]:
    with running(create_app(service=service)) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def kept_plan(service: Service) -> str:
    """A plan with its problem: that of the tests of drafts."""
    where = Path(__file__).parents[1] / "serving" / "console" / "test_plan_drafts.py"
    spec = spec_from_file_location("drafts", where)
    assert spec is not None
    assert spec.loader is not None
    drafts = module_from_spec(spec)
    spec.loader.exec_module(drafts)
    with service.database.engine().begin() as connection:
        return str(drafts.keep(connection))
