"""Reasons as codes and values, made only from what raised the score.

``serving.messages`` turns them into sentences.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recommender.types import Reason

MOST = 3
"""Reasons shown with one suggestion."""

LEAST_SHARE = 0.05
"""A reason with less than this share of all positive contributions is left out."""

WALK_M_PER_MIN = 75.0
"""Walking pace; straight lines are lengthened by :data:`DETOUR`."""

DETOUR = 1.3
WALKABLE_MIN = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reason may name about one suggestion; ``None`` where there is nothing to name.

    Attributes
    ----------
    attended
        Title of the latest own booking by what it shares with the event: a level name of
        ``recommender.ranking.snapshot.LEVELS``.
    followed
        What is followed, by the same levels and ``tag``: a name, or the code of a category.
    street
        Name of the resident's street.
    distance_m
        From home to the venue.
    new
        Whether the product is new in the catalogue.
    """

    attended: Mapping[str, str]
    followed: Mapping[str, str]
    street: str | None
    distance_m: float | None
    new: bool


Fact = tuple[str, dict[str, str | float]]
"""A reason's code and the values that its sentence names."""

FactFinder = Callable[[Evidence], Fact | None]


def _attended(level: str) -> FactFinder:
    def find(evidence: Evidence) -> Fact | None:
        title = evidence.attended.get(level)
        return (f"attended_{level}", {"title": title}) if title is not None else None

    return find


def _followed(evidence: Evidence) -> Fact | None:
    for kind, name in evidence.followed.items():
        if kind == "category":
            return "followed_category", {"category": name}
        return "followed", {"name": name}
    return None


def _distance(evidence: Evidence) -> Fact | None:
    metres = evidence.distance_m
    if metres is None:
        return None
    minutes = max(1, round(metres * DETOUR / WALK_M_PER_MIN))
    if minutes <= WALKABLE_MIN:
        return "walking_distance", {"minutes": minutes}
    return "distance", {"km": metres / 1000}


def _popular_in_street(evidence: Evidence) -> Fact | None:
    return ("popular_street", {"street": evidence.street}) if evidence.street is not None else None


def _collaborative(evidence: Evidence) -> Fact | None:
    # Without a visit of one's own there is no interest that others could share.
    return ("collaborative", {}) if evidence.attended else None


def _content(evidence: Evidence) -> Fact | None:
    title = evidence.attended.get("any")
    return ("content", {"title": title}) if title is not None else None


def _new(evidence: Evidence) -> Fact | None:
    return ("new", {}) if evidence.new else None


def _always(code: str) -> FactFinder:
    return lambda _: (code, {})


FINDERS: dict[str, tuple[FactFinder, ...]] = {
    "affinity": (
        _attended("series"),
        _attended("supplier"),
        _attended("venue"),
        _followed,
    ),
    "collaborative": (_attended("category"), _collaborative),
    "content": (_content,),
    "distance": (_distance,),
    "nearby": (_popular_in_street,),
    "popularity_trend": (_new, _always("popular")),
    "schedule": (_always("time"),),
    "quality": (_always("quality"),),
    "price": (_always("price"),),
    "boost": (_always("policy"),),
}
"""The reasons that each family of signals (``recommender.ranking.features.registry.FAMILIES``) can
give: the first whose evidence is there. A family that is not listed gives none."""


def reasons_for(contributions: Mapping[str, float], evidence: Evidence) -> tuple[Reason, ...]:
    """The reasons for one suggestion, strongest first.

    Parameters
    ----------
    contributions
        Family of signals to what it added to the score; only positive ones give reasons.
    evidence
        What the sentences may name. A family whose evidence is missing gives no reason.

    Returns
    -------
    At most :data:`MOST` reasons, each with its share of all positive contributions.
    """
    positive = {name: added for name, added in contributions.items() if added > 0}
    total = sum(positive.values())
    found: dict[str, tuple[dict[str, str | float], float]] = {}
    for name, added in positive.items():
        fact = _first_fact(name, evidence)
        if fact is None:
            continue
        code, values = fact
        found[code] = (values, found[code][1] + added if code in found else added)
    strongest = sorted(found.items(), key=lambda item: -item[1][1])[:MOST]
    return tuple(
        Reason(code, values, added / total)
        for code, (values, added) in strongest
        if added >= LEAST_SHARE * total
    )


def _first_fact(family: str, evidence: Evidence) -> Fact | None:
    facts = (find(evidence) for find in FINDERS.get(family, ()))
    return next((fact for fact in facts if fact is not None), None)
