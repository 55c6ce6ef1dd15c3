"""From what officers write to the code that is meant: one resolver for every kind of name.

A code is taken as it is; then a whole name, whatever its width, case and blanks; then a part of a
name that only one thing has. Anything else is refused, with the nearest that there are.
"""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from data.schema import AUDIENCE_GROUPS, CATEGORIES
from recommender.errors import UnknownIdError, UsageError
from serving.messages.catalogue import LANGUAGES, text, text_or

if TYPE_CHECKING:  # so that the command starts without it
    import pandas as pd

SHOWN = 5
"""Candidates that a refusal names."""

Names = Mapping[str, Sequence[str]]
"""Names by code; a code may have none, or several such as in two languages."""


def resolve(wanted: str, names: Names, *, what: str, hint: str = "") -> str:
    """The code of what is named.

    Parameters
    ----------
    wanted
        A code, a name, or a part of a name that only one thing has.
    names
        Everything that could be meant.
    what
        What it is, for the message: ``street``.
    hint
        What to do where nothing is near.

    Returns
    -------
    A key of ``names``.

    Raises
    ------
    UnknownIdError
        If nothing has that name; the nearest are named.
    UsageError
        If several have it.
    """
    if wanted in names:
        return wanted
    key = _folded(wanted)
    folded = {code: {_folded(code), *map(_folded, called)} for code, called in names.items()}
    whole = [code for code, called in folded.items() if key in called]
    part = [code for code in names if key and any(key in _folded(name) for name in names[code])]
    for found in (whole, part):
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"{wanted!r} may mean several: {_shown(found, names)}.",
                f"Write the {what}'s code, or more of its name.",
            )
    owner = {name: code for code, called in folded.items() for name in called}
    close = difflib.get_close_matches(key, list(owner), n=SHOWN, cutoff=0.5)
    near = list(dict.fromkeys(owner[name] for name in close))
    if near:
        hint = f"Nearest: {_shown(near, names)}."
    elif not hint and len(names) <= 2 * SHOWN:
        hint = f"Known: {_shown(names, names)}."
    raise UnknownIdError(f"no {what} has the code or name {wanted!r}.", hint)


def category_names(codes: Iterable[str] = CATEGORIES) -> dict[str, tuple[str, ...]]:
    """Names of categories in both languages, singular and plural."""
    return {
        code: tuple(
            text_or(f"{topic}{code}", lang, code)
            for topic in ("category.", "plan.group.category.")
            for lang in LANGUAGES
        )
        for code in codes
    }


def audience_names() -> dict[str, tuple[str, ...]]:
    """Names of audience groups in both languages."""
    return {
        code: tuple(text(f"plan.group.audience.{code}", lang) for lang in LANGUAGES)
        for code in AUDIENCE_GROUPS
    }


def names_of(table: "pd.DataFrame", code: str, name: str) -> dict[str, tuple[str, ...]]:
    """Names of a table's rows.

    Parameters
    ----------
    table
        The rows.
    code, name
        The columns that hold them.

    Returns
    -------
    Name by code; none where the table has none.
    """
    return {
        str(each): (str(called),) if isinstance(called, str) and called else ()
        for each, called in zip(table[code], table[name], strict=True)
    }


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _shown(codes: Iterable[str], names: Names) -> str:
    found = list(codes)
    words = [" ".join(dict.fromkeys((code, *names[code][:1]))) for code in found[:SHOWN]]
    more = ", …" if len(found) > SHOWN else ""
    return ", ".join(words) + more
