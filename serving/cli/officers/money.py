"""Amounts of money as options: officers write yuan, programs may write fen."""

from typing import Annotated

import typer

from recommender.errors import UsageError

BudgetYuan = Annotated[
    str | None,
    typer.Option("--budget-yuan", help="Budget in yuan, instead of the table `budgets`."),
]
BudgetFen = Annotated[
    int | None, typer.Option("--budget-fen", help="The same in fen, for programs.")
]


def amount_fen(yuan: str | None, fen: int | None, *, option: str = "--budget") -> int | None:
    """One amount from two options.

    Parameters
    ----------
    yuan
        As it was typed: ``400000``, ``400,000.50`` or ``40万``.
    fen
        The same in fen.
    option
        The options' name without its unit, for messages.

    Returns
    -------
    Fen; ``None`` where neither was given.

    Raises
    ------
    UsageError
        If both were given, or the text is no amount.
    """
    if yuan is None:
        return fen
    if fen is not None:
        raise UsageError(f"{option}-yuan and {option}-fen say the same.", "Give one of them.")
    plain = yuan.replace(",", "").replace("，", "").strip().removesuffix("元")
    factor = 100
    if plain.endswith("万"):
        plain, factor = plain[:-1], 1_000_000
    try:
        amount = float(plain) * factor
        made = round(amount)
    except (ValueError, OverflowError):
        raise UsageError(f"{yuan!r} is not an amount in yuan.", "Such as 400000 or 40万.") from None
    if abs(made - amount) > 1e-3:
        raise UsageError(f"{yuan!r} is no whole number of fen.", "Such as 400000 or 40万.")
    return made
