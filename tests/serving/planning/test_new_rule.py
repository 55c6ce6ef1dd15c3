"""A new rule of plans touches two files: a module of rules, and the sentences of plans."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("recommender", "features", "training", "serving", "data")

RULE = """

TOTAL_MAX = Setting("plan.sessions_total_max", default=500.0, low=0.0, high=1e6, neutral=1e6)


class _SessionsTotal(RuleDefaults):
    name = "sessions_total"
    settings = (TOTAL_MAX,)

    def rows(self, problem, columns):
        if len(columns.product) > TOTAL_MAX.of(problem):
            yield Row(RuleKey(self.name), columns.all, high=TOTAL_MAX.of(problem))

    def verify(self, problem, counts):
        found = int(counts.cells.sum())
        if found > TOTAL_MAX.of(problem):
            yield Violation(self.name, found=found, bound=TOTAL_MAX.of(problem))

    def amounts(self, problem, key):
        return {"sessions": TOTAL_MAX.of(problem)}


RULES = (*RULES, _SessionsTotal())
"""

MESSAGES = """

MESSAGES["rule.plan.sessions_total_max"] = ("全案最多场次", "most sessions of the whole plan")
MESSAGES["conflict.sessions_total"] = (
    "全案：最多 {sessions:.0f} 场", "whole plan: at most {sessions:.0f} sessions",
)
"""

USE = """
import json, sys
from dataclasses import replace
import numpy as np
from conftest import make_problem
from recommender.procurement import plan_procurement
from recommender.procurement.rules.registry import SETTINGS
from recommender.procurement.verify import verify_sessions
from serving.planning.explanations import conflict_text, rule_label, with_lines
from serving.planning.rules import describe
from serving.planning.rules_file import parse_rules

rules = parse_rules("[plan]\\nsessions_total_max = 3.0\\n")
settings = {each.name: rules.setting(each) for each in SETTINGS if each.name.startswith("plan.")}
problem = make_problem([[9.0, 8.0, 7.0], [6.0, 5.0, 4.0]], [1, 1, 1], [99, 99], settings=settings)
plan = plan_procurement(problem, mip_gap=0.0)
torn = plan_procurement(replace(problem, floor_sessions=np.array([2, 2])), mip_gap=0.0)
everything = np.where(problem.serves[:, :, None], 1, 0) * np.ones((1, 1, 3), dtype=np.int64)
print(json.dumps({
    "default": dict(parse_rules("").plan)["sessions_total_max"],
    "described": [row for row in describe(rules) if "total" in row[0]],
    "label": rule_label("plan.sessions_total_max"),
    "sessions": int(plan.sessions.sum()),
    "violations": [str(each) for each in verify_sessions(problem, everything)],
    "conflicts": sorted(conflict_text(each, "zh") for each in torn.conflicts),
    "lines": [each for each in with_lines(rules, torn.conflicts) if "line" in each],
}))
"""


def test_a_rule_of_one_module_is_solved_verified_explained_and_read_from_the_file(
    tmp_path: Path,
) -> None:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("*.pyc"))
    rules = tmp_path / "recommender/procurement/rules/catalogue.py"
    names = "    RuleDefaults,\n"
    text = rules.read_text(encoding="utf-8").replace(names, names + "    Setting,\n", 1)
    rules.write_text(text + RULE, encoding="utf-8")
    with (tmp_path / "serving/messages/plans.py").open("a", encoding="utf-8") as sentences:
        sentences.write(MESSAGES)
    paths = (tmp_path, ROOT / "tests/recommender/procurement")
    done = subprocess.run(
        [sys.executable, "-c", USE],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["default"] == 500.0
    assert seen["described"] == [["plan.sessions_total_max", "3.0", "line 2"]]
    assert seen["label"] == "全案最多场次"
    assert seen["sessions"] == 3
    assert "sessions_total: 6 against 3" in seen["violations"]
    assert "全案：最多 3 场" in seen["conflicts"]
    assert seen["lines"] == ["whole plan: at most 3 sessions (rules, line 2)"]
