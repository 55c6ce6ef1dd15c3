from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from recommender.ranking.lists.explanations import FINDERS, MOST, Evidence, reasons_for

NOBODY = Evidence(attended={}, followed={}, street=None, distance_m=None, new=False)
REGULAR = replace(NOBODY, attended={"any": "春江", "series": "春江"}, distance_m=600.0)


def codes(contributions: dict[str, float], evidence: Evidence) -> list[str]:
    return [reason.code for reason in reasons_for(contributions, evidence)]


def test_what_moved_the_score_most_is_told_first() -> None:
    told = reasons_for({"distance": 1.0, "affinity": 3.0}, REGULAR)
    assert [reason.code for reason in told] == ["attended_series", "walking_distance"]
    assert told[0].values == {"title": "春江"}
    assert told[1].values == {"minutes": 10}
    assert [reason.weight for reason in told] == [0.75, 0.25]


def test_who_never_came_is_told_nothing_of_a_taste() -> None:
    spoke = {"collaborative": 2.0, "content": 2.0, "affinity": 2.0, "schedule": 1.0}
    assert codes(spoke, NOBODY) == ["time"]
    assert "collaborative" in codes({"collaborative": 1.0}, REGULAR)


def test_what_spoke_against_is_no_reason() -> None:
    assert codes({"distance": -1.0, "affinity": 1.0}, REGULAR) == ["attended_series"]


@given(
    st.dictionaries(st.sampled_from([*FINDERS, "unheard"]), st.floats(-5, 5)),
    st.sampled_from([NOBODY, REGULAR]),
)
def test_reasons_are_few_distinct_and_shares_of_a_whole(
    spoke: dict[str, float], evidence: Evidence
) -> None:
    told = reasons_for(spoke, evidence)
    assert len(told) <= MOST
    assert len({reason.code for reason in told}) == len(told)
    assert sum(reason.weight for reason in told) <= 1 + 1e-9
