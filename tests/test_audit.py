"""The audit of pinned packages: findings end it, a service that is away does not."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "requirements" / "audit.py"


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_of_pins", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_finding_fails_unless_it_is_explained(audit: ModuleType) -> None:
    finding = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}
    packages = [
        {"name": "one", "version": "2.0", "vulns": [finding]},
        {"name": "two", "version": "1.0", "vulns": []},
        {"name": "three", "skip_reason": "not there"},
    ]
    said, code = audit.judged(packages)
    assert code == 1
    assert said.splitlines() == [
        "one 2.0: PYSEC-1, fixed in ['2.1']",
        "2 of 3 packages audited",
    ]
    audit.EXPLAINED["CVE-1"] = "the function is not called"
    assert audit.judged(packages)[1] == 0


def test_a_service_that_is_away_is_said_and_fails_nothing() -> None:
    # Nobody listens at port 9.
    away = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=away, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "skipped: the vulnerability service does not answer\n"
