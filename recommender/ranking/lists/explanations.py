"""Reasons in Chinese and English, made only from what moved the score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recommender.types import Reason

MOST = 3
"""Reasons shown with one suggestion."""

LEAST_SHARE = 0.05
"""What explains less than this share of everything that spoke for an event is not told."""

WALK_M_PER_MIN = 75.0
"""Walking pace; straight lines are lengthened by :data:`DETOUR`."""

DETOUR = 1.3
WALKABLE_MIN = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sentence may name about one suggestion; ``None`` where there is nothing to name.

    Attributes
    ----------
    attended
        Title of the latest own booking by what it shares with the event: a level name of
        ``recommender.ranking.snapshot.LEVELS``.
    followed
        The name followed, by the same levels and ``tag``.
    street, category, venue
        Names of the resident's street, the event's category and its venue.
    distance_m
        From home to the venue.
    new
        Whether the product is new in the catalogue.
    """

    attended: Mapping[str, str]
    followed: Mapping[str, str]
    street: str | None
    category: str | None
    venue: str | None
    distance_m: float | None
    new: bool


Sentence = tuple[str, str, str]
"""Code, Chinese, English."""

EvidenceBuilder = Callable[[Evidence], Sentence | None]


def _attended(level: str, zh: str, en: str) -> EvidenceBuilder:
    def tell(evidence: Evidence) -> Sentence | None:
        title = evidence.attended.get(level)
        if title is None:
            return None
        return f"attended_{level}", zh.format(title), en.format(title)

    return tell


def _followed(evidence: Evidence) -> Sentence | None:
    for name in evidence.followed.values():
        return "followed", f"你关注了“{name}”", f"you follow “{name}”"
    return None


def _near(evidence: Evidence) -> Sentence | None:
    metres = evidence.distance_m
    if metres is None:
        return None
    minutes = max(1, round(metres * DETOUR / WALK_M_PER_MIN))
    if minutes <= WALKABLE_MIN:
        return "walking_distance", f"步行约{minutes}分钟", f"about {minutes} minutes on foot"
    km = metres / 1000
    return "distance", f"距你约{km:.1f}公里", f"about {km:.1f} km away"


def _nearby(evidence: Evidence) -> Sentence | None:
    if evidence.street is None:
        return None
    return (
        "popular_street",
        f"{evidence.street}居民最近常约",
        f"residents of {evidence.street} book this kind lately",
    )


def _popular(_: Evidence) -> Sentence:
    return "popular", "近期预约热门", "booked a lot lately"


def _taste(evidence: Evidence) -> Sentence | None:
    # Without a visit of one's own there is no taste that others could share.
    if not evidence.attended:
        return None
    return "collaborative", "与你口味相近的居民也会选", "people with a taste like yours choose it"


def _content(evidence: Evidence) -> Sentence | None:
    title = evidence.attended.get("any")
    if title is None:
        return None
    return "content", f"内容与你参加过的《{title}》相近", f"close in content to “{title}”"


def _new(evidence: Evidence) -> Sentence | None:
    return ("new", "新上架", "new in the catalogue") if evidence.new else None


def _time(_: Evidence) -> Sentence:
    return "time", "时间合适", "at a time that suits"


def _quality(_: Evidence) -> Sentence:
    return "quality", "参加过的人评价高", "rated well by those who came"


def _price(_: Evidence) -> Sentence:
    return "price", "票价合适", "the price suits"


def _policy(_: Evidence) -> Sentence:
    return "policy", "本区重点推广", "promoted by the district"


_SERIES = _attended("series", "你参加过《{}》", "you came to “{}”")
_SUPPLIER = _attended("supplier", "你参加过同一团队的《{}》", "you came to “{}” by the same group")
_VENUE = _attended("venue", "你来过这个场馆看《{}》", "you were at this venue for “{}”")
_CATEGORY = _attended("category", "你参加过同类活动《{}》", "you came to the like of it: “{}”")

TELLERS: dict[str, tuple[EvidenceBuilder, ...]] = {
    "affinity": (_SERIES, _SUPPLIER, _VENUE, _followed),
    "collaborative": (_CATEGORY, _taste),
    "content": (_content,),
    "distance": (_near,),
    "nearby": (_nearby,),
    "popularity_trend": (_new, _popular),
    "schedule": (_time,),
    "quality": (_quality,),
    "price": (_price,),
    "boost": (_policy,),
}
"""What each family of signals may say (``recommender.ranking.features.registry.FAMILIES``): the
first sentence that has everything it names. A family that is not here stays silent."""


def reasons_for(contributions: Mapping[str, float], evidence: Evidence) -> tuple[Reason, ...]:
    """The sentences behind one suggestion, strongest first.

    Parameters
    ----------
    contributions
        How much each signal moved the score; only positive ones are told.
    evidence
        What the sentences may name. A signal whose sentence would lack its name stays silent.

    Returns
    -------
    At most :data:`MOST` reasons, each with its share of all that spoke for the event.
    """
    speaking = {name: moved for name, moved in contributions.items() if moved > 0}
    total = sum(speaking.values())
    told: dict[str, tuple[str, str, float]] = {}
    for name, moved in speaking.items():
        sentence = _sentence(name, evidence)
        if sentence is None:
            continue
        code, zh, en = sentence
        told[code] = (zh, en, told[code][2] + moved if code in told else moved)
    strongest = sorted(told.items(), key=lambda item: -item[1][2])[:MOST]
    return tuple(
        Reason(code, zh, en, moved / total)
        for code, (zh, en, moved) in strongest
        if moved >= LEAST_SHARE * total
    )


def _sentence(family: str, evidence: Evidence) -> Sentence | None:
    tellers = TELLERS.get(family, ())
    return next((told for teller in tellers if (told := teller(evidence))), None)
