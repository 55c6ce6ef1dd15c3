"""A table filled in with the words that pages show is read as it is meant."""

import pytest

from data.files.formats.chinese_values import CODES
from data.schema import AUDIENCE_GROUPS, CATEGORIES
from serving.messages.catalogue import text


@pytest.mark.parametrize(
    ("key", "codes"), [("category.", CATEGORIES), ("console.audience_", AUDIENCE_GROUPS)]
)
def test_what_pages_call_a_code_is_read_as_that_code(key: str, codes: tuple[str, ...]) -> None:
    assert [CODES.get(text(key + code, "zh")) for code in codes] == list(codes)
