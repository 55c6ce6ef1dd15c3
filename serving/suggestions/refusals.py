"""Why no event may be shown, in words."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from recommender.errors import GongxuError
from recommender.publication import ASSUMED_LEAD_DAYS
from recommender.ranking.lists.eligibility import refusals
from recommender.ranking.lists.facts import ResidentFacts
from recommender.types import Reason
from serving.messages.catalogue import reason_text
from serving.suggestions.list_tables import ListTables

ADVICE = "Import newer events, or ask for another moment with --at."


class NothingEligibleError(GongxuError):
    """There is no event that may be shown."""


class NoEventsError(NothingEligibleError):
    """The tables hold no event that anybody could be shown at the moment of asking."""

    exit_code = 3


def require_events(list_tables: ListTables) -> None:
    """Make sure that there is an event that somebody could be shown.

    Raises
    ------
    NoEventsError
        If there is none, saying whether no event lies ahead, or none that is published and
        open for booking.
    """
    if len(list_tables.candidates):
        return
    upcoming = list_tables.upcoming
    moment = f"{list_tables.at:%Y-%m-%d %H:%M}"
    n_ahead = len(upcoming.positions)
    if n_ahead == 0:
        raise NoEventsError(
            f"no event lies ahead of {moment}: none starts later of those known then "
            f"(published; without published_at, {ASSUMED_LEAD_DAYS} days before the start).",
            ADVICE,
        )
    counts = _counts(refusals(ResidentFacts.anonymous(n_ahead), upcoming.context))
    found = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
    raise NoEventsError(
        f"{n_ahead} event(s) lie ahead of {moment}, and none is published and open for "
        f"booking: {found}.",
        ADVICE,
    )


def nothing_eligible(list_tables: ListTables, facts: ResidentFacts) -> NothingEligibleError:
    """The error for a resident to whom no candidate may be shown.

    Parameters
    ----------
    list_tables
        The tables at the moment.
    facts
        Facts of exactly one resident before the candidates.

    Returns
    -------
    The error, naming the three rules that refused most events.
    """
    upcoming = list_tables.upcoming
    nobody = ResidentFacts.anonymous(len(upcoming.positions))
    whole = replace(facts, booked=nobody.booked, muted=nobody.muted)
    counts = _counts(
        refusals(whole, upcoming.context) + refusals(facts, list_tables.eligibility_context)
    )
    worst = ", ".join(f"{name} ({count})" for name, count in counts.most_common(3))
    return NothingEligibleError(f"no event may be shown: {worst}.", ADVICE)


def _counts(refused: Iterable[tuple[Reason, ...]]) -> Counter[str]:
    """How many events each rule refused, by its English sentence."""
    return Counter(
        name for reasons in refused for name in {reason_text(reason, "en") for reason in reasons}
    )
