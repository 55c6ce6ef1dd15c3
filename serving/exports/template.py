"""Files to fill in: an empty workbook of contract tables, and an officer's rules."""

from io import BytesIO

import xlsxwriter

from data.schema import TABLES, Column, Kind
from serving.exports.tables import PLAIN_TEXT
from serving.messages.catalogue import Lang, text
from serving.planning.explanations import rule_label
from serving.planning.rules import PlanRules, QuotaBounds, describe

CATALOGUE = ("suppliers", "products", "venues", "events")
"""Tables of the template."""


def catalogue_template(lang: Lang) -> bytes:
    """The workbook: a sheet a table with its headings, each explained by a note at its cell.

    Parameters
    ----------
    lang
        Of the notes.

    Returns
    -------
    An ``.xlsx`` file that the import takes as it is.
    """
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, **PLAIN_TEXT})
    needed = book.add_format({"bold": True, "bg_color": "#f4ece3", "bottom": 1})
    other = book.add_format({"bg_color": "#faf8f5", "bottom": 1})
    for name in CATALOGUE:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(TABLES[name].columns):
            sheet.write_string(0, place, column.name, needed if column.required else other)
            sheet.set_column(place, place, max(14, len(column.name) + 3))
            sheet.write_comment(0, place, _note(column, lang), {"x_scale": 1.6})
    book.close()
    return made.getvalue()


def _note(column: Column, lang: Lang) -> str:
    parts = [text("admin.template_needed" if column.required else "admin.template_free", lang)]
    if column.choices:
        parts.append(text("admin.template_choices", lang, choices=", ".join(column.choices)))
    if column.kind in (Kind.TIME, Kind.DATE, Kind.LIST, Kind.BOOL):
        parts.append(text(f"admin.template_{column.kind.value}", lang))
    return "\n".join(parts)


def rules_template() -> str:
    """A rules file in Chinese whose rules are all commented out: each may be switched on.

    As it is, it changes nothing; with every mark of a comment before a rule taken away, it gives
    the defaults.
    """
    lines = [f"# {text('document.rules_head', 'zh')}", f"# {text('document.rules_how', 'zh')}"]
    section = ""
    for rule, value, _ in describe(PlanRules()):
        table, _, key = rule.rpartition(".")
        if table != section:
            section = table
            quota = table.partition(".")[0] in ("category", "audience")
            # An empty table of a quota would take its default away.
            lines += ["", f"{'#' if quota else ''}[{table}]"]
        lines += [f"# {rule_label(rule)}", f"#{key} = {_toml(value)}"]
    bounds = "、".join(
        f"{name}（{text(f'plan.bound.{name}', 'zh')}）" for name in QuotaBounds.model_fields
    )
    lines += ["", f"# {text('document.rules_groups', 'zh', bounds=bounds)}"]
    lines += [f"# {line}" for line in text("document.rules_items", "zh").split("\n")]
    return "\n".join(lines) + "\n"


def _toml(value: str) -> str:
    """A described value as it is written in the file."""
    if value in ("True", "False"):
        return value.lower()
    try:
        float(value)
    except ValueError:
        return f'"{value}"' if not value.startswith("[") else value.replace("'", '"')
    return value
