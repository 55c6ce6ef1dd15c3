"""`retrain`, `models`: fitting, the registry and what is served."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.output import Format, FormatOption, OutOption, emit, log, progress

if TYPE_CHECKING:
    from serving.settings import Settings
    from training.evaluation.gate import GateRules
    from training.registry.registry import Entry, Registry
    from training.retrain import Outcome

models = typer.Typer(
    help="The registry of models: list, show, promote, roll back.", no_args_is_help=True
)


class Engine(StrEnum):
    """Where fitting runs."""

    LOCAL = "local"
    SPARK = "spark"


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""
    app.command()(retrain)
    app.add_typer(models, name="models")


def retrain(
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Train on what was known at this time, such as 2027-03-01 or "
            "2027-03-01T12:00:00+08:00; "
            "by default the latest time in the data.",
        ),
    ] = None,
    engine: Annotated[Engine, typer.Option(help="Where fitting runs.")] = Engine.LOCAL,
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Do nothing if the data has not changed.")
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; the same seed gives the same model.")
    ] = 0,
    accept: Annotated[
        str,
        typer.Option(
            help="Serve the model whatever the gate finds; the reason is kept in the audit trail."
        ),
    ] = "",
    format: FormatOption = Format.TABLE,
) -> None:
    """Train a new model, evaluate it, and serve it if it passes the gate.

    Snapshot, fit, evaluate, gate, register, promote. The current model remains served until
    the new one has passed, also if this run fails.

    Example: gongxu retrain --if-needed
    """
    from data.district_time import parse_moment
    from recommender.errors import GateRefusedError, UsageError
    from serving.composition import apply_erasure_journal, open_registry, open_store
    from serving.settings import Settings

    if engine is Engine.SPARK:
        raise UsageError(
            "this release fits on one machine only.", "Leave --engine out, or give --engine local."
        )
    from training.retrain import Request
    from training.retrain import retrain as run

    settings = Settings()
    request = Request(
        as_of=None if as_of is None else parse_moment(as_of),
        seed=seed,
        if_needed=if_needed,
        rules=_rules(settings),
        keep=settings.models_kept,
        accept=accept.strip(),
        actor=_account(),
    )
    store = open_store(settings)
    try:
        registry = open_registry(settings, store)
        apply_erasure_journal(settings, store)
        with progress() as bar:
            task = bar.add_task("starting", total=None)
            outcome = run(
                store,
                registry,
                request,
                now=datetime.now(UTC),
                progress=lambda text: bar.update(task, description=text),
            )
    finally:
        store.close()
    _show_outcome(outcome, format)
    if outcome.status == "refused" and outcome.verdict is not None:
        so_far = "Nothing is served yet" if outcome.is_first else "The model served so far goes on"
        raise GateRefusedError(
            f"the gate refused {outcome.version}: {outcome.verdict.reason}.",
            f"{so_far}; to serve this one all the same: "
            f"gongxu models promote {outcome.version} --force --reason REASON",
        )


@models.command("list")
def list_models(format: FormatOption = Format.TABLE, out: OutOption = None) -> None:
    """List every model on disk, newest first.

    Example: gongxu models list --format json
    """
    import pandas as pd

    from serving.composition import open_registry
    from serving.settings import Settings

    registry = open_registry(Settings())
    entries = registry.entries()
    served = registry.served()
    if served is not None and served.version not in {entry.version for entry in entries}:
        log.print(f"the served model {served.version} cannot be read: {registry.fault(served)}")
    elif not entries and format is Format.TABLE and out is None:
        log.print("no models yet; `gongxu retrain` creates the first one.")
        return
    frame = pd.DataFrame([_row(entry) for entry in entries], columns=_COLUMNS)
    emit(frame, format, out=out)


@models.command("show")
def show_model(
    version: Annotated[
        str | None, typer.Argument(help="Version; by default the served one.")
    ] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show the training data, contents and gate results of a model.

    Example: gongxu models show --format json
    """
    import json

    import pandas as pd

    from recommender.errors import NotTrainedError
    from serving.composition import open_registry
    from serving.settings import Settings

    registry = open_registry(Settings())
    if version is None:
        served = registry.served()
        if served is None:
            raise NotTrainedError("no model is served yet.", "Run `gongxu retrain`.")
        version = served.version
    entry = registry.entry(version)
    if format is Format.JSON:
        document = {"version": version, "roles": list(entry.roles)}
        document |= json.loads(entry.manifest.to_json())
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    manifest = entry.manifest
    facts = _row(entry) | {
        "seed": manifest.seed,
        "data_hash": manifest.data_hash,
        **{f"part {part}": f"{len(arrays)} arrays" for part, arrays in manifest.parts.items()},
        **{
            f"gate: {check['name']}": f"{_word(check['passed'], check.get('warning', False))}; "
            f"{check['finding']}"
            for check in manifest.metrics.get("gate", {}).get("checks", [])
        },
    }
    emit(pd.DataFrame({"what": list(facts), "is": [str(v) for v in facts.values()]}), format)


@models.command("promote")
def promote_model(
    version: Annotated[str, typer.Argument(help="As `gongxu models list` shows it.")],
    reason: Annotated[str, typer.Option(help="Reason, kept in the log of promotions.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Serve it even if the gate refused it.")
    ] = False,
) -> None:
    """Serve another model.

    Example: gongxu models promote 20270301T020015-a1b2c3 --reason "reviewed"
    """
    from serving.composition import open_registry
    from serving.settings import Settings

    registry = open_registry(Settings())
    served = registry.promote(
        version, now=datetime.now(UTC), reason=reason, force=force, actor=_account()
    )
    _log_to_mlflow(registry)
    log.print(f"serving {served.version} since {served.since:%Y-%m-%d %H:%M:%S} UTC")


@models.command("rollback")
def roll_back(
    reason: Annotated[str, typer.Option(help="Reason, kept in the log of promotions.")] = "",
) -> None:
    """Serve the previously served model again.

    Example: gongxu models rollback --reason "lists look wrong"
    """
    from serving.composition import open_registry
    from serving.settings import Settings

    registry = open_registry(Settings())
    served = registry.roll_back(now=datetime.now(UTC), reason=reason)
    _log_to_mlflow(registry)
    log.print(f"serving {served.version} again")


_COLUMNS = ["version", "roles", "gate", "as_of", "created_at", "ndcg_at_10", "popularity"]


def _row(entry: Entry) -> dict[str, object]:
    manifest = entry.manifest
    ndcg = manifest.metrics.get("trial", {}).get("ndcg@10", {})
    return {
        "version": entry.version,
        "roles": ", ".join(entry.roles),
        "gate": "passed" if entry.is_released else "refused",
        "as_of": manifest.as_of.isoformat(timespec="seconds"),
        "created_at": manifest.created_at.isoformat(timespec="seconds"),
        "ndcg_at_10": ndcg.get("new"),
        "popularity": ndcg.get("recent popularity"),
    }


def _word(passed: bool, warning: bool) -> str:
    """How a check is marked."""
    return "REFUSED" if not passed else "WARNING" if warning else "ok"


def _account() -> str:
    """The account that runs the command, for the audit trail."""
    import getpass

    try:
        return f"account {getpass.getuser()}"
    except (KeyError, OSError):
        return "account unknown"


def _log_to_mlflow(registry: Registry) -> None:
    """Log the switch; a failure is reported, since what is served has changed already."""
    from recommender.errors import GongxuError

    try:
        registry.log_to_mlflow()
    except GongxuError as error:
        log.print(f"warning: {error}")


def _show_outcome(outcome: Outcome, format: Format) -> None:
    import pandas as pd

    facts: dict[str, object] = {
        "version": outcome.version,
        "status": outcome.status,
        "as_of": outcome.as_of.isoformat(timespec="seconds"),
    }
    if format is not Format.TABLE:
        facts["reason"] = "" if outcome.verdict is None else outcome.verdict.reason
        facts["seconds"] = sum(outcome.seconds.values())
        emit(pd.DataFrame([facts]), format)
        return
    if outcome.rows:
        facts["learnt from"] = ", ".join(f"{n:,} {table}" for table, n in outcome.rows.items())
    if outcome.verdict is not None:
        for check in outcome.verdict.checks:
            facts[check.name] = f"{_word(check.passed, check.warning)}; {check.finding}"
    if outcome.seconds:
        steps = ", ".join(f"{step} {taken:.1f}" for step, taken in outcome.seconds.items())
        facts["seconds"] = f"{sum(outcome.seconds.values()):.1f} ({steps})"
    if outcome.mlflow_error:
        facts["MLflow"] = outcome.mlflow_error
    if outcome.removed:
        facts["old models removed"] = ", ".join(outcome.removed)
    emit(
        pd.DataFrame({"retrain": list(facts), "": [str(fact) for fact in facts.values()]}),
        format,
    )


def _rules(settings: Settings) -> GateRules:
    from training.evaluation.gate import GateRules

    return GateRules(
        shrink_max=settings.gate_shrink_max,
        fill_drop_max=settings.gate_fill_drop_max,
        recent_share_min=settings.gate_recent_share_min,
        coverage_drop_max=settings.gate_coverage_drop_max,
        demand_jump_max=settings.gate_demand_jump_max,
        demand_margin=settings.gate_demand_margin,
        tolerance=settings.gate_tolerance,
        growth_max=settings.gate_growth_max,
        restated_max=settings.gate_restated_max,
        window_margin=settings.gate_window_margin,
        score_change_max=settings.gate_score_change_max,
    )
