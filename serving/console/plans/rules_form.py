"""The rules that officers set by form; what is left as it is stays a default, which may yield."""

from collections.abc import Mapping

from serving.planning.rules import PlanRules
from serving.planning.rules_file import parse_rules

FIELDS: tuple[tuple[str, float], ...] = tuple(
    (name, float(default))
    for name, default in (
        ("plan.caution", PlanRules().plan.caution),
        ("plan.sessions_per_product", PlanRules().plan.sessions_per_product),
        ("floor.sessions_per_street", PlanRules().floor.sessions_per_street),
        ("evenness.gini_max", PlanRules().evenness.gini_max or 0.0),
        ("new.products_min_share", PlanRules().new.products_min_share),
    )
)
"""Name of each rule in the rules file, and its default."""

_WHOLE = ("plan.sessions_per_product", "floor.sessions_per_street")


def rules_text(form: Mapping[str, str]) -> str:
    """The rules file that a form amounts to.

    Parameters
    ----------
    form
        Values by the names of :data:`FIELDS`, as typed.

    Returns
    -------
    TOML with the values that differ from the defaults; empty when none does.

    Raises
    ------
    UsageError
        If a value is out of its bounds.
    ValueError
        If a value is no number.
    """
    sections: dict[str, list[str]] = {}
    for name, default in FIELDS:
        typed = form.get(name, "")
        if typed == "" or float(typed) == default:
            continue
        section, _, key = name.partition(".")
        value = str(int(typed)) if name in _WHOLE else repr(float(typed))
        sections.setdefault(section, []).append(f"{key} = {value}")
    text = "\n".join(f"[{name}]\n" + "\n".join(rows) for name, rows in sections.items())
    if text:
        parse_rules(text)
    return text
