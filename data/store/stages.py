"""The checklist of a plan's stages (七个一): which are passed, by whom and when."""

import json
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from data.store.audit import append_audit, read_audit
from data.store.decisions import read_plan_document
from recommender.errors import UsageError


def pass_stage(
    connection: sa.Connection, plan_id: str, stage: str, *, actor: str, note: str, now: datetime
) -> None:
    """Tick a stage of the plan's checklist (七个一); stages are passed in their order, once.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan's identifier.
    stage
        The stage's name.
    actor
        Who does it.
    note
        What there is to say.
    now
        The clock.

    Raises
    ------
    UsageError
        If the plan has no such stage, or another one comes first.
    UnknownIdError
        If no such plan was kept.
    """
    rows = read_stages(connection, plan_id)
    names = [name for name, _ in rows]
    if stage not in names:
        raise UsageError(f"{plan_id} has no stage {stage!r}.", f"Its stages: {'、'.join(names)}")
    due = next((name for name, passed in rows if passed is None), None)
    if due != stage:
        what = "every stage is passed" if due is None else f"the next stage is {due!r}"
        raise UsageError(f"{stage!r} cannot be passed now: {what}.")
    if not actor.strip():
        raise UsageError("a stage needs somebody who passes it.")
    append_audit(
        connection,
        actor=actor,
        action="stage",
        subject=plan_id,
        payload={"stage": stage, "note": note},
        now=now,
    )


def read_stages(
    connection: sa.Connection, plan_id: str
) -> list[tuple[str, Mapping[str, str] | None]]:
    """The plan's stages in order, each with who passed it, when and with what note.

    Parameters
    ----------
    connection
        An open transaction.
    plan_id
        The plan's identifier.

    Returns
    -------
    Name of each stage and who passed it; ``None``: not yet.
    """
    document = read_plan_document(connection, plan_id)
    passed: dict[str, Mapping[str, str]] = {}
    for entry in read_audit(connection, subject=plan_id):
        if entry.action == "stage":
            content = json.loads(entry.payload)
            passed[content["stage"]] = {
                "at": entry.at, "actor": entry.actor, "note": content["note"]
            }  # fmt: skip
    return [(name, passed.get(name)) for name in document["stages"]]
