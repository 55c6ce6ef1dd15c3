"""The log: JSON lines on standard error."""

import contextlib
import json
import logging
import os
import traceback
from datetime import UTC, datetime
from typing import Any

from recommender.errors import GongxuError

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "serving.logs.JsonLines"}},
    "handlers": {
        "stderr": {"class": "serving.logs.StderrHandler", "formatter": "lines"},
    },
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gongxu": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}


def error_fields(error: Exception) -> dict[str, str]:
    """What may be logged of an error: its type, and the sentence if it is one of the engine's."""
    what = error.message[:300] if isinstance(error, GongxuError) else ""
    return {"error": type(error).__name__, "what": what}


class StderrHandler(logging.Handler):
    """Writes to standard error; a line that finds no room on its disk is lost, and nothing else.

    Not through ``sys.stderr``, which would keep the line and fail again at every later flush,
    as when another worker is started.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            line = self.format(record).encode("utf-8", "backslashreplace")
        except Exception:
            self.handleError(record)
            return
        with contextlib.suppress(OSError):
            os.write(2, line + b"\n")


class JsonLines(logging.Formatter):
    """One JSON object a line; never a credential, a pseudonym, a body or a query."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["error"] = record.exc_info[0].__name__
            # Where, not what: a database error quotes the row that it refused.
            frames = traceback.extract_tb(record.exc_info[2])
            entry["trace"] = [f"{each.filename}:{each.lineno} {each.name}" for each in frames]
        return json.dumps(entry, ensure_ascii=False, default=str)
