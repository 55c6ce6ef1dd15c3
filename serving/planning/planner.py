"""Solving plans beside the service: ``python -m serving.planning.planner``, a question as input.

In a process of its own, since a plan reads whole tables and keeps a processor busy for half a
minute: who asks for a list must not notice.
"""

import json
import logging
import logging.config
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from data.district_time import set_district_zone
from recommender.errors import GongxuError, UnknownIdError, UsageError
from serving.planning.progress import (
    CANCELLED,
    DONE,
    FAILED,
    CancelledError,
    Progress,
    end_request,
    is_cancelled,
)
from serving.settings import Settings
from serving.streams import keep_output_clean

if TYPE_CHECKING:
    from serving.planning.problem.building import Planning
    from serving.planning.rules import PlanRules
    from serving.planning.solution import Solved
    from serving.planning.sources import Sources

_TIME_LIMIT_S = 20.0
_QUESTION_S = 10.0
_WHOLE_S = 300.0
LOST_AFTER = timedelta(seconds=2 * _WHOLE_S)
"""A request that is older and has no plan lost its planner and whoever waited for that."""
_WATCH_S = 0.5
"""Seconds between two looks at whether an officer ended the solving."""

_log = logging.getLogger("gongxu.planner")


class PlannerError(GongxuError):
    """The planner ended without an answer."""


def begin(question: dict[str, Any], settings: Settings, ended: Callable[[], None]) -> None:
    """Have a question worked at; what becomes of it is written to the database.

    Parameters
    ----------
    question, settings
        See :func:`work`.
    ended
        Called when the planner has ended, however it did.

    Notes
    -----
    A planner whose request was cancelled is ended within a second, whatever it is doing.
    """

    def start() -> "subprocess.Popen[bytes]":
        process = _process(subprocess.DEVNULL, settings)
        assert process.stdin is not None
        with process.stdin as sent:
            sent.write(json.dumps(question).encode())
        return process

    def wait(process: "subprocess.Popen[bytes]") -> None:
        try:
            code = _watched(process, question["request_id"], settings)
            if code is not None and code < 0:  # killed, such as for want of memory: once more
                code = _watched(start(), question["request_id"], settings)
            if code:
                how = f"was ended by signal {-code}, twice" if code < 0 else "failed; see the log"
                _give_up(question["request_id"], f"the planner {how}. Ask again.", settings)
        except Exception:
            _log.exception("a planner's end was not noted")
        finally:
            ended()

    threading.Thread(target=wait, args=(start(),), daemon=True).start()


def _watched(process: "subprocess.Popen[bytes]", request_id: str, settings: Settings) -> int | None:
    """A planner's exit code; ``None`` when its request was cancelled and it was ended."""
    from serving.composition import open_store

    store = open_store(settings)
    try:
        while True:
            try:
                return process.wait(_WATCH_S)
            except subprocess.TimeoutExpired:
                if is_cancelled(store.engine, request_id):
                    process.kill()
                    process.wait()
                    return None
    finally:
        store.close()


def _give_up(request_id: str, detail: str, settings: Settings) -> None:
    from serving.composition import open_store

    store = open_store(settings)
    try:
        with store.engine.begin() as connection:
            end_request(connection, request_id, FAILED, detail=detail)
    finally:
        store.close()


def ask(question: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Query, and wait for the answer.

    Parameters
    ----------
    question
        See :func:`work`.
    settings
        Where the database is.

    Returns
    -------
    The answer, JSON values.

    Raises
    ------
    UnknownIdError
        If it names what is not there.
    UsageError
        If the question cannot be answered as it stands.
    PlannerError
        If there is no answer in time.
    """
    process = _process(subprocess.PIPE, settings)
    try:
        said, _ = process.communicate(json.dumps(question).encode(), timeout=_WHOLE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise PlannerError("the plan was not solved in time.", "Try again later.") from None
    if process.returncode != 0:
        raise PlannerError("the planner failed.", "See the log.")
    answer: dict[str, Any] = json.loads(said)
    if "unknown" in answer:
        raise UnknownIdError(answer["unknown"])
    if "refused" in answer:
        raise UsageError(answer["refused"])
    return answer


def work(question: dict[str, Any], settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Answer a question.

    Parameters
    ----------
    question
        ``kind``: ``plan``, ``why_not``, ``what_if``, ``indices`` or ``weigh``, and what it takes.
    settings
        Where the database is.
    now
        The clock.

    Returns
    -------
    The answer, JSON values.
    """
    match question["kind"]:
        case "plan":
            return _plan(question, settings, now)
        case "why_not":
            return _why_not(question, settings)
        case "what_if":
            return _what_if(question, settings)
        case "indices":
            return _indices(question, settings)
        case "weigh":
            from serving.planning.drafts.weighing import weigh

            return weigh(question, settings)
    raise UsageError(f"{question['kind']!r} is no question.")


def _rules(asked: dict[str, Any]) -> "PlanRules":
    from serving.planning.drafts.again import with_items
    from serving.planning.rules import PlanRules
    from serving.planning.rules_file import parse_rules

    rules = with_items(asked.get("rules") or "", asked.get("items") or {})
    return parse_rules(rules) if rules else PlanRules()


def _stated(sources: "Sources", asked: dict[str, Any]) -> "Planning":
    from serving.planning.sources import state_planning

    buyer, budget = asked.get("buyer"), asked.get("budget_fen")
    return state_planning(sources, asked["period"], _rules(asked), buyer=buyer, budget_fen=budget)


def _on_the_table(
    sources: "Sources", question: dict[str, Any], settings: Settings
) -> tuple["Planning", "Solved"]:
    """The kept plan that is asked about; solved again where it keeps its rules no more."""
    from serving.planning.kept_plans import on_the_table

    planning = _stated(sources, question["asked"])
    return planning, on_the_table(planning, question.get("plan"), settings, _QUESTION_S)


def _plan(question: dict[str, Any], settings: Settings, now: datetime) -> dict[str, Any]:
    from data.store.decisions import keep_plan, read_plan_document
    from serving.composition import open_store
    from serving.exports.saving import plan_json
    from serving.planning.document import make_plan
    from serving.planning.drafts.again import carry_over
    from serving.planning.drafts.posed import keep_posed
    from serving.planning.sources import served_sources

    store = open_store(settings)
    progress = Progress(store.engine, question["request_id"])
    told: dict[str, Any] = {"status": FAILED, "detail": "the planner failed; the log has why."}
    try:
        progress.begin("reading")
        sources = served_sources(settings)
        asked = question["asked"]
        document = make_plan(
            sources,
            asked["period"],
            _rules(asked),
            buyer=asked.get("buyer"),
            budget_fen=asked.get("budget_fen"),
            time_limit_s=_TIME_LIMIT_S,
            progress=progress,
        )
        content = json.loads(plan_json(document)) | {"rules_text": document.rules_text}
        if parent := asked.get("parent"):
            content["parent"] = parent
        with store.engine.begin() as connection:
            keep_plan(connection, content, made_by=question["by"], now=now)
            if document.posed is not None:
                keep_posed(connection, document.plan_id, document.posed)
            if parent:
                before = read_plan_document(connection, parent)
                carry_over(connection, before, content, officer=question["by"], now=now)
            told = {"status": DONE, "detail": "", "plan_id": document.plan_id}
            if not end_request(connection, question["request_id"], **told):
                raise CancelledError("the solving was ended by an officer.")
    except CancelledError as error:
        told = {"status": CANCELLED, "detail": str(error)}
    except (GongxuError, ValueError, OverflowError) as error:
        why = getattr(error, "failure", {"why": "asked"})
        told = {"status": FAILED, "detail": str(error), "failure": why}
    finally:
        with store.engine.begin() as connection:
            end_request(connection, question["request_id"], **told)
        store.close()
    return told


def _why_not(question: dict[str, Any], settings: Settings) -> dict[str, Any]:
    from serving.planning.questions import explain_choice
    from serving.planning.sources import served_sources

    about = _on_the_table(served_sources(settings), question, settings)
    asked = question["product"], question["street"]
    return explain_choice(*about, *asked, time_limit_s=_QUESTION_S)


def _what_if(question: dict[str, Any], settings: Settings) -> dict[str, Any]:
    from serving.planning.questions import compare_plans
    from serving.planning.solution import solve_planning
    from serving.planning.sources import served_sources

    sources = served_sources(settings)
    first = _on_the_table(sources, question, settings)
    changed = _stated(sources, question["asked"] | question["change"])
    second = changed, solve_planning(changed, time_limit_s=_QUESTION_S, start=first[1])
    figures, cells = compare_plans(first, second)
    return {
        "before": {name: each["before"] for name, each in figures.items()},
        "after": {name: each["after"] for name, each in figures.items()},
        "changes": cells.to_dict("records"),
    }


def _indices(question: dict[str, Any], settings: Settings) -> dict[str, Any]:
    from serving.composition import open_store
    from serving.reporting.indices import compute_indices

    store = open_store(settings)
    try:
        frame = compute_indices(store.load(), question["period"])
    finally:
        store.close()
    rows = json.loads(frame.to_json(orient="records", force_ascii=False))
    return {"items": rows}


def _process(said: int, settings: Settings) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "GONGXU_HOME": str(settings.home),
        "GONGXU_TIMEZONE": str(settings.timezone),
        "GONGXU_COUNTRY": settings.country or "",
    }
    if settings.database_url is not None:
        environment["GONGXU_DATABASE_URL"] = settings.database_url
    return subprocess.Popen(  # this program itself
        [sys.executable, "-m", "serving.planning.planner"],
        stdin=subprocess.PIPE,
        stdout=said,
        env=environment,
    )


def main() -> int:
    """Answer the question on standard input; returns the exit code."""
    from serving.logs import LOGGING

    keep_output_clean()
    logging.config.dictConfig(LOGGING)
    question = json.load(sys.stdin)
    try:
        settings = Settings()
        set_district_zone(settings.timezone, settings.country or "")
        answer = work(question, settings, now=datetime.now(UTC))
    except UnknownIdError as error:
        answer = {"unknown": error.message}
    except GongxuError as error:
        answer = {"refused": str(error)}
    except (ValueError, OverflowError) as error:
        # Such as a year that no calendar of ours reaches.
        answer = {"refused": f"The question cannot be answered: {error}."}
    except Exception:
        _log.exception("planner failed")
        return 1
    sys.stdout.write(json.dumps(answer, default=float))
    return 0


if __name__ == "__main__":
    sys.exit(main())
