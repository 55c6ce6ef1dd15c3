"""Names and yuan in the officer's rules, turned into the codes and fen that planning reads."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from data.dataset import Dataset
from recommender.errors import UsageError
from serving.names import Names, audience_names, category_names, names_of, resolve
from serving.planning.rules import Item, PlanRules, Recusal

BUYER_LEVELS = ("city", "district", "street")
"""Areas whose names stand for buyers; a committee is meant by its code."""

_GROUPS: Mapping[str, Callable[[], Names]] = {
    "category": category_names,
    "audience": audience_names,
}


class YuanError(ValueError):
    """An amount in yuan that is none; holds the rule's name."""

    def __init__(self, label: str, reason: str) -> None:
        super().__init__(reason)
        self.label = label


def standard_names(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A rules document with codes of categories and audiences, and every amount in fen.

    Parameters
    ----------
    document
        The parsed file.

    Returns
    -------
    The document, and by every name (``section.key``) that was changed the standard one.

    Raises
    ------
    YuanError
        For an amount that is no sum of money, or a rule that is given twice.
    """
    renamed: dict[str, str] = {}
    made: dict[str, Any] = {}
    for section, content in document.items():
        if section == "budget_yuan" and isinstance(content, dict):
            renamed[section] = "budget"
            amounts = made.setdefault("budget", dict(document.get("budget", {})))
            for buyer, yuan in content.items():
                label = f"{section}.{buyer}"
                _put(amounts, buyer, fen_of(yuan, label), label)
                renamed[label] = f"budget.{buyer}"
        elif isinstance(content, dict):
            own = made.setdefault(section, {})
            for key, value in content.items():
                label, name = f"{section}.{key}", key
                if section in _GROUPS:
                    name = _code(key, _GROUPS[section]())
                elif key.endswith("_yuan"):
                    name, value = key.removesuffix("yuan") + "fen", fen_of(value, label)
                if section != "budget" or key not in own:
                    _put(own, name, value, label)
                if name != key:
                    renamed[label] = f"{section}.{name}"
        else:
            made[section] = content
    return made, renamed


def standard_name(label: str, renamed: Mapping[str, str]) -> str:
    """The standard name of a rule that the file may call otherwise.

    Parameters
    ----------
    label
        Such as ``category.演出.max_share``.
    renamed
        From :func:`standard_names`.

    Returns
    -------
    Such as ``category.performance.max_share``.
    """
    head, rest = label, ""
    while head:
        if head in renamed:
            return renamed[head] + rest
        head, dot, last = head.rpartition(".")
        rest = f"{dot}{last}{rest}"
    return label


def fen_of(yuan: Any, label: str) -> int:
    """Whole fen of an amount in yuan.

    Parameters
    ----------
    yuan
        As it is in the file.
    label
        The rule's name, for the error.

    Returns
    -------
    At least 0.

    Raises
    ------
    YuanError
        For what is no amount of money.
    """
    if isinstance(yuan, bool) or not isinstance(yuan, int | float) or not math.isfinite(yuan):
        raise YuanError(label, f"{yuan!r} is not an amount in yuan")
    if yuan < 0:
        raise YuanError(label, f"{yuan} is negative")
    fen = round(yuan * 100)
    if abs(fen - yuan * 100) > 1e-6 * max(1.0, abs(fen)):
        raise YuanError(label, f"{yuan} yuan is no whole number of fen")
    return fen


def area_names(dataset: Dataset, levels: Iterable[str] = BUYER_LEVELS) -> Names:
    """Areas with their names; those of other levels by their codes alone.

    Parameters
    ----------
    dataset
        The tables.
    levels
        Levels whose names count.

    Returns
    -------
    Names by code.
    """
    areas = dataset["areas"].drop_duplicates("area_code")
    named = areas["level"].astype(str).isin(list(levels))
    return names_of(areas.assign(name=areas["name"].where(named)), "area_code", "name")


def with_codes(rules: PlanRules, dataset: Dataset) -> PlanRules:
    """The rules with codes where the officer wrote names of streets, products and suppliers.

    Parameters
    ----------
    rules
        As they were read.
    dataset
        The tables that know the names.

    Returns
    -------
    The same rules, in codes.

    Raises
    ------
    UsageError
        For a name that nothing or more than one thing has, with its line.
    """
    if not (rules.street or rules.budget or rules.exclude or rules.require or rules.recuse):
        return rules
    streets, buyers = area_names(dataset, ("street",)), area_names(dataset)
    products = names_of(dataset["products"], "product_id", "title")
    suppliers = names_of(dataset["suppliers"].drop_duplicates("supplier_id"), "supplier_id", "name")
    renamed: dict[str, str] = {}

    def code(wanted: str, names: Names, what: str, *, rule: str) -> str:
        try:
            return resolve(wanted, names, what=what)
        except UsageError as error:
            raise UsageError(f"rules, {rules.where(rule)}: {error}") from None

    def keyed(section: str, table: Mapping[str, Any], names: Names, what: str) -> dict[str, Any]:
        made = {}
        for wanted, value in table.items():
            found = code(wanted, names, what, rule=f"{section}.{wanted}")
            if found in made:
                where = rules.where(f"{section}.{wanted}")
                raise UsageError(f"rules, {where}: {section}: {found} is given twice.")
            made[found] = value
            renamed[f"{section}.{wanted}"] = f"{section}.{found}"
        return made

    def items(section: str, given: Iterable[Item]) -> list[Item]:
        return [
            item.model_copy(
                update={
                    "product": code(item.product, products, "product", rule=section),
                    "street": item.street and code(item.street, streets, "street", rule=section),
                }
            )
            for item in given
        ]

    recusals: list[Recusal] = [
        each.model_copy(
            update={"supplier": code(each.supplier, suppliers, "supplier", rule="recuse")}
        )
        for each in rules.recuse
    ]
    changed = {
        "street": keyed("street", rules.street, streets, "street"),
        "budget": keyed("budget", rules.budget, buyers, "buyer"),
        "exclude": items("exclude", rules.exclude),
        "require": items("require", rules.require),
        "recuse": recusals,
    }
    lines = {standard_name(name, renamed): line for name, line in rules.lines.items()}
    given = frozenset(standard_name(name, renamed) for name in rules.given)
    return rules.model_copy(update=changed).read_from(rules.text, lines, given)


def _code(name: str, names: Names) -> str:
    """The code of a name; what has none stays, to be refused with its line."""
    try:
        return resolve(name, names, what="group")
    except UsageError:
        return name


def _put(table: dict[str, Any], name: str, value: Any, label: str) -> None:
    if name in table:
        raise YuanError(label, "is given twice")
    table[name] = value
