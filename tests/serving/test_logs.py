"""The log names what failed and where, and nobody whose row it was."""

import json
import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from recommender.errors import UsageError
from serving.api.service import Service
from serving.logs import JsonLines, error_fields

WHO = "resident-of-a-refused-row"


def test_an_exception_is_logged_without_what_it_quotes() -> None:
    with pytest.raises(ValueError, match=WHO) as raised:
        raise ValueError(f"DETAIL: Failing row contains ({WHO}, null).")
    assert error_fields(raised.value) == {"error": "ValueError", "what": ""}
    told = (raised.type, raised.value, raised.tb)
    line = JsonLines().format(logging.makeLogRecord({"msg": "failed", "exc_info": told}))
    assert WHO not in line
    entry = json.loads(line)
    assert entry["error"] == "ValueError"
    (frame,) = entry["trace"]
    assert frame.endswith("test_an_exception_is_logged_without_what_it_quotes")


def test_sentences_of_the_engine_are_logged() -> None:
    assert error_fields(UsageError("no such thing.", "Try another.")) == {
        "error": "UsageError",
        "what": "no such thing.",
    }


def test_a_refused_row_is_in_no_log(service: Service, api_home: Path) -> None:
    engine = service.database.engine()
    queries = (
        "INSERT INTO residents (resident_id, joined_at) VALUES (:who, 'soon')",
        "INSERT INTO residents (resident_id) VALUES (:who), (:who)",
        f"INSERT INTO residents (resident_id, no_column) VALUES ('{WHO}', 1)",
        f"SELECT '{WHO}'::integer",
    )
    for query in queries:
        with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
            connection.execute(sa.text(query), {"who": WHO} if ":who" in query else {})
    assert WHO not in (api_home / "pg" / "server.log").read_text("utf-8")
