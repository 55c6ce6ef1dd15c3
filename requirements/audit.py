"""Ask the registry's vulnerability service about the pinned packages: a step of `make test`.

Findings end it with 1. Where the service does not answer, or knows none of the packages, one line
says that this was skipped.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PINS = Path(__file__).with_name("base.txt")
EXPLAINED: dict[str, str] = {}
"""Findings that do not touch us, by identifier, and why they do not."""
ASKED_S, PROBED_S = 90, 8


def main() -> int:
    """Ask; returns the exit code."""
    pins = PINS.read_text(encoding="utf-8")
    # Two packages tell whether anybody answers: all of them would wait for nobody long.
    first = "".join(re.split(r"(?m)^(?=[a-z0-9])", pins)[1:3])
    try:
        if not any("vulns" in package for package in asked(first, PROBED_S)):
            return skip("the vulnerability service does not know the packages")
        packages = asked(pins, ASKED_S)
    except (OSError, ValueError, subprocess.SubprocessError):
        return skip("the vulnerability service does not answer")
    said, code = judged(packages)
    sys.stdout.write(said)
    return code


def judged(packages: list[dict[str, Any]]) -> tuple[str, int]:
    """What is to be said of an audit, and the exit code."""
    found = [
        f"{package['name']} {package['version']}: {each['id']}, fixed in {each['fix_versions']}"
        for package in packages
        for each in package.get("vulns", [])
        if not {each["id"], *each.get("aliases", [])} & set(EXPLAINED)
    ]
    checked = sum("vulns" in package for package in packages)
    lines = [*found, f"{checked} of {len(packages)} packages audited\n"]
    return "\n".join(lines), 1 if found else 0


def asked(pins: str, limit_s: float) -> list[dict[str, Any]]:
    """What pip-audit says of every package; those that were not audited have no `vulns`.

    Raises
    ------
    ValueError, subprocess.SubprocessError
        If it says nothing, or not in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pins.txt"
        file.write_text(pins, encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
        command += ["-r", str(file), "--format", "json", "--progress-spinner", "off"]
        done = subprocess.run(  # noqa: S603  (our own pins)
            [*command, "--timeout", "4"], capture_output=True, text=True, timeout=limit_s
        )
    packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return packages


def skip(why: str) -> int:
    """Say that nothing was audited."""
    sys.stdout.write(f"skipped: {why}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
