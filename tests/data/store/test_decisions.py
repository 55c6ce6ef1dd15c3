"""Recusals are found by officer and supplier, however a name is written."""

from typing import Any

import pytest

from data.store.decisions import recusal_reason

NOW: dict[str, Any] = {
    "recusals": [{"officer": "Zhang San", "supplier": "A 1", "reason": "亲属"}],
    "rules": [],
}
EARLIER: dict[str, Any] = {
    "rules": [{"rule": "recuse", "value": "Zhang San A 1 亲属", "where": "file"}],
}


@pytest.mark.parametrize("document", [NOW, EARLIER])
@pytest.mark.parametrize("officer", ["Zhang San", " zhang  san ", "ZhangSan", "Ｚｈａｎｇ San"])
def test_an_officer_with_a_blank_in_the_name_is_recused(
    document: dict[str, Any], officer: str
) -> None:
    assert recusal_reason(document, officer, "A 1") == "亲属"


@pytest.mark.parametrize("document", [NOW, EARLIER])
def test_nobody_else_is(document: dict[str, Any]) -> None:
    assert recusal_reason(document, "Zhang", "A 1") is None
    assert recusal_reason(document, "Zhang San", "B") is None
    assert recusal_reason(document, "Zhang San", None) is None
