"""What a draft breaks, and what officers changed, in sentences."""

from recommender.procurement.rules.values import Violation
from serving.messages.catalogue import Lang, text, text_or
from serving.messages.drafts import MESSAGES
from serving.planning.drafts.draft import DraftLine
from serving.planning.drafts.edits import Edit
from serving.planning.drafts.posed import PosedPlan

_MONEY = ("budget", "supplier_share", "quota.min_share", "quota.max_share")
_EXACT = ("evenness",)


def violation_text(posed: PosedPlan, broken: Violation, lang: Lang) -> str:
    """Which rule is broken, where, and by how much.

    Parameters
    ----------
    posed
        The plan's problem, for names.
    broken
        The violation.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    One sentence, without a full stop.
    """
    scale, digits = (0.01, 0) if broken.rule in _MONEY else (1.0, 3 if broken.rule in _EXACT else 0)
    key = f"broken_{broken.rule}"
    return text(
        f"draft.{key}" if key in MESSAGES else "draft.broken",
        lang,
        rule=text_or(f"plan.rule.{broken.rule}", lang, broken.rule),
        place=place_name(posed, broken.place),
        subject=subject_name(posed, broken.subject, lang),
        found=f"{broken.found * scale:,.{digits}f}",
        bound=f"{broken.bound * scale:,.{digits}f}",
    )


def place_name(posed: PosedPlan, code: str) -> str:
    """A street's or buyer's name.

    Parameters
    ----------
    posed
        The plan's problem.
    code
        Its code.

    Returns
    -------
    The code itself where it has no name.
    """
    problem = posed.problem
    if code in problem.streets:
        return posed.street_names[problem.streets.position(code)]
    if code in problem.buyers:
        return posed.buyer_names[problem.buyers.position(code)]
    return code


def subject_name(posed: PosedPlan, code: str, lang: Lang) -> str:
    """Name of a product, supplier, buyer or group of products.

    Parameters
    ----------
    posed
        The plan's problem.
    code
        Identifier, or the name of a group such as ``category.film``.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    The code itself where it has no name.
    """
    problem = posed.problem
    if code in problem.products:
        return posed.titles[problem.products.position(code)]
    if code in problem.suppliers:
        return posed.supplier_names[problem.suppliers.position(code)]
    return text_or(f"plan.group.{code}", lang, place_name(posed, code))


def misplaced_text(line: DraftLine, code: str, posed: PosedPlan, lang: Lang) -> str:
    """Why a line's hall or month does not fit.

    Parameters
    ----------
    line
        The line.
    code
        What is wrong with it.
    posed
        The plan's problem, for names.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    One sentence, without a full stop.
    """
    return text(
        f"draft.misplaced_{code}",
        lang,
        title=subject_name(posed, line.product, lang),
        street=place_name(posed, line.street),
        venue=venue_name(posed, line.venue_id),
        month=line.months,
    )


def venue_name(posed: PosedPlan, venue_id: str | None) -> str:
    """A hall's name; a dash for none.

    Parameters
    ----------
    posed
        The plan's problem.
    venue_id
        Its identifier.

    Returns
    -------
    The identifier itself where it is not known.
    """
    if venue_id in posed.venue_ids:
        return posed.venue_names[posed.venue_ids.index(venue_id)]
    return venue_id or "—"


def edit_text(posed: PosedPlan, edit: Edit, line: DraftLine | None, lang: Lang) -> str:
    """What an officer changed.

    Parameters
    ----------
    posed
        The plan's problem, for names.
    edit
        The change.
    line
        The line it is about, if the draft still has it.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    One sentence, without a full stop.
    """
    product = edit.change.get("product") or (line.product if line is not None else edit.line_id)
    street = edit.change.get("street") or (line.street if line is not None else "")
    return text(
        f"draft.did_{edit.kind}",
        lang,
        title=subject_name(posed, str(product), lang),
        street=place_name(posed, str(street)),
        sessions=edit.change.get("sessions", ""),
        venue=venue_name(posed, edit.change.get("venue_id")),
        when=edit.change.get("when") or "—",
    )
