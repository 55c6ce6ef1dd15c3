"""The rules file to fill in says every rule, and is a rules file before and after."""

import re
from pathlib import Path

from typer.testing import CliRunner

from serving.cli.app import app
from serving.exports.template import rules_template
from serving.planning.rules import PlanRules, describe
from serving.planning.rules_file import parse_rules


def test_as_it_is_it_changes_nothing() -> None:
    rules = parse_rules(rules_template())
    assert [row[:2] for row in describe(rules)] == [row[:2] for row in describe(PlanRules())]


def test_switched_on_it_gives_the_defaults_in_yuan() -> None:
    switched = re.sub(r"(?m)^#(\w+ = |\[)", r"\1", rules_template())
    rules = parse_rules(switched)
    assert [row[:2] for row in describe(rules)] == [row[:2] for row in describe(PlanRules())]
    assert all(where.startswith("line") for _, _, where in describe(rules))
    assert "threshold_yuan = 1000000" in switched
    assert "_fen" not in switched


def test_it_is_in_chinese_and_overwrites_nothing(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "规则.toml"
    assert CliRunner().invoke(app, ["rules", "--out", str(out)]).exit_code == 0
    assert "# 谨慎程度（1 按需求下限）\n#caution = 0.0" in out.read_text(encoding="utf-8")
    again = CliRunner().invoke(app, ["rules", "--out", str(out)])
    assert "may be filled in" in str(again.exception)
    shown = CliRunner().invoke(app, ["rules"])
    assert shown.stdout == out.read_text(encoding="utf-8")
