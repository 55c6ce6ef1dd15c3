"""Reading the officer's rules: a TOML file, refused with line and reason when it is wrong."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recommender.errors import UsageError
from serving.planning.rule_names import YuanError, standard_name, standard_names
from serving.planning.rules import PlanRules, QuotaBounds


class RulesError(UsageError):
    """The rules file is wrong; the message names the line and the reason."""


def read_rules(path: Path) -> PlanRules:
    """Read a rules file.

    Raises
    ------
    RulesError
        For anything that is wrong in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"cannot read rules {path}: {error}.") from error
    return parse_rules(text, name=path.name)


def parse_rules(text: str, *, name: str = "rules") -> PlanRules:
    """Rules from TOML text; what it does not say keeps its default.

    Parameters
    ----------
    text
        The file's content.
    name
        What messages call the file.

    Returns
    -------
    The rules, which remember the lines of what was given.

    Raises
    ------
    RulesError
        For anything that is wrong, with the line, the rule and the reason.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{name} is not TOML: {error}.") from error
    written = _line_numbers(text)
    try:
        standard, renamed = standard_names(document)
    except YuanError as error:
        where = _line(written, error.label)
        raise RulesError(f"{name}, line {where}: {error.label}: {error}.") from None
    lines = {standard_name(label, renamed): line for label, line in written.items()}
    try:
        rules = PlanRules.model_validate(standard)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        label, reason = _label(first), _reason(first)
        raise RulesError(f"{name}, line {_line(lines, label)}: {label}: {reason}.") from None
    return rules.read_from(text, lines, frozenset(_names(standard)))


def _names(document: Mapping[str, Any], prefix: str = "") -> list[str]:
    names = []
    for key, value in document.items():
        inner = _names(value, f"{prefix}{key}.") if isinstance(value, dict) else []
        names += inner or [f"{prefix}{key}"]
    return names


def _label(error: Any) -> str:
    parts = [str(part) for part in error["loc"] if part != "[key]"]
    if error["type"] == "rule" and error["ctx"]["label"]:
        parts.append(error["ctx"]["label"])
    return ".".join(parts)


def _reason(error: Any) -> str:
    """The reason in words; pydantic's own where nothing plainer is known."""
    value, context, place = error["input"], error.get("ctx", {}), error["loc"]
    match error["type"]:
        case "extra_forbidden":
            if place[0] in ("category", "audience", "brand"):
                return f"unknown; known are {', '.join(QuotaBounds.model_fields)}"
            return "no such rule"
        case "missing":
            return "is missing"
        case "string_too_short":
            return "is empty"
        case "float_type":
            return f"{value!r} is not a number"
        case "int_type" | "int_from_float":
            return f"{value!r} is not a whole number"
        case "greater_than_equal":
            return f"{value} is negative" if value < 0 else f"{value} is below {context['ge']:g}"
        case "less_than_equal":
            return f"{value} is above {context['le']:g}"
        case "dict_type" | "model_type":
            return "must be a table"
        case "list_type" | "string_type":
            return "must be a list of texts" if error["type"] == "list_type" else "must be a text"
    return str(error["msg"])


def _line(lines: Mapping[str, int], label: str) -> int:
    """Line of the rule, or of the nearest table around it."""
    while label not in lines and "." in label:
        label = label.rpartition(".")[0]
    return lines.get(label, 1)


def _line_numbers(text: str) -> dict[str, int]:
    """Line of every ``section``, ``section.key`` and, in lists of tables, ``section.0.key``."""
    lines: dict[str, int] = {}
    count: Counter[str] = Counter()
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[+)\s*([^\]]+?)\s*\]+", line)
        entry = re.match(r"\s*([^=#\[]+?)\s*=", line)
        if header:
            section = _plain(header.group(2))
            lines.setdefault(section, number)
            if header.group(1) == "[[":
                section = f"{section}.{count[section]}"
                count[section.rpartition(".")[0]] += 1
                lines.setdefault(section, number)
        elif entry:
            key = _plain(entry.group(1))
            lines.setdefault(f"{section}.{key}" if section else key, number)
    return lines


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))
