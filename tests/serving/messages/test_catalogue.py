"""Both languages of every sentence, and a sentence for every code of the core."""

from string import Formatter

import pytest

from recommender.ranking.lists.eligibility import EVENT_RULES, RESIDENT_RULES
from recommender.ranking.lists.explanations import FINDERS, Evidence, reasons_for
from recommender.ranking.snapshot import LEVELS
from recommender.types import Reason
from serving.messages import console, pages
from serving.messages.catalogue import TOPICS, reason_text, reasons_text, text, text_or


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


EVERY = {**TOPICS, "console": console.MESSAGES, "page": pages.MESSAGES}


@pytest.mark.parametrize("topic", EVERY)
def test_both_languages_are_complete_and_name_the_same_values(topic: str) -> None:
    for key, sentences in EVERY[topic].items():
        assert len(sentences) == 2, key
        zh, en = sentences
        assert zh.strip(), key
        assert en.strip(), key
        assert placeholders(zh) == placeholders(en), key
        assert "" not in placeholders(zh), f"{key}: values have names"


def test_every_reason_of_the_core_has_its_sentence_and_values() -> None:
    for attended in ({}, *({"any": "春江", level: "春江"} for level in LEVELS)):
        for kind in ("category", "tag"):
            for metres in (600.0, 9000.0):
                evidence = Evidence(
                    attended=attended,
                    followed={kind: "film"},
                    street="新桥街道",
                    distance_m=metres,
                    new=not attended,
                )
                for family in FINDERS:
                    for reason in reasons_for({family: 1.0}, evidence):
                        for lang in ("zh", "en"):
                            assert "{" not in reason_text(reason, lang)


def test_every_refusal_of_the_core_has_its_sentence() -> None:
    for rule in (*EVENT_RULES, *RESIDENT_RULES):
        assert reason_text(rule.reason, "zh") != reason_text(rule.reason, "en")


def test_values_are_filled_in() -> None:
    walk = Reason("walking_distance", {"minutes": 10}, 0.5)
    assert reason_text(walk, "zh") == "步行约10分钟"
    assert reason_text(walk, "en") == "about 10 min on foot"
    came = Reason("attended_series", {"title": "春江"}, 0.5)
    assert reasons_text([came, walk], "zh") == "你参加过《春江》;步行约10分钟"


def test_a_category_that_is_followed_is_named_in_the_readers_language() -> None:
    followed = Reason("followed_category", {"category": "film"})
    assert reason_text(followed, "zh") == "你关注了“电影”"
    assert reason_text(followed, "en") == "you follow “film”"


def test_what_the_catalogue_lacks_is_said() -> None:
    assert text_or("category.puppetry", "zh", "puppetry") == "puppetry"
    with pytest.raises(KeyError):
        text("reason.unheard_of", "en")
    with pytest.raises(KeyError):
        text("reason.walking_distance", "en")
