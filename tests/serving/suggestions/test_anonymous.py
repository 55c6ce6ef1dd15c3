"""Lists without a profile, and the same question asked twice."""

from collections.abc import Callable

from data.dataset import Dataset
from recommender.ranking.model.suggestion_model import SuggestionModel
from serving.suggestions.suggester import Suggester

Worlds = Callable[..., Dataset]
Makes = Callable[..., Suggester]


def line_up(made: Suggester, resident: str, n: int = 10) -> list[tuple[str, float]]:
    return [(line.event_id, line.score) for line in made.for_resident(resident, n)]


def test_whoever_switched_personalisation_off_gets_the_list_of_the_place(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    made = suggester(model, plain_world())
    place = [(line.event_id, line.score) for line in made.for_place("310105101", 10)]
    assert len(place) == 10
    for resident in ("r00", "r01", "r02", "r03"):
        assert line_up(made, resident) == place


def test_the_same_question_gets_the_same_answer(
    model: SuggestionModel, plain_world: Worlds, suggester: Makes
) -> None:
    first, second = (suggester(model, plain_world()) for _ in range(2))
    for resident in ("r00", "r05"):
        assert first.for_resident(resident) == second.for_resident(resident)
