"""MLflow's log of every version: for people and their tools; nothing is decided by it.

This is the only module that imports MLflow, and only when something is logged.
"""

import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from recommender.errors import GongxuError
from training.registry.bundle import Manifest

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL = "gongxu"
SCHEMA = "mlflow"
CHAMPION = "champion"
CHALLENGER = "challenger"


class MlflowLogError(GongxuError):
    """MLflow could not log the versions; what is served does not depend on it."""


def log_versions(
    engine: sa.Engine,
    versions: Sequence[tuple[Path, Manifest]],
    *,
    champion: str | None,
    challenger: str | None,
    scratch: Path,
) -> None:
    """Log every version that MLflow does not hold yet, and set the aliases.

    Parameters
    ----------
    engine
        The database; MLflow's tables lie in a schema of their own, made when missing.
    versions
        Folders of bundles, named after their versions, with their manifests; oldest first.
    champion, challenger
        The versions that get the aliases; ``None`` takes the alias away.
    scratch
        Where MLflow may put its lock files.

    Raises
    ------
    MlflowLogError
        If MLflow fails, for whatever reason.
    """
    try:
        with _quiet_mlflow(scratch) as mlflow:
            client = mlflow.MlflowClient(*(2 * (_url(engine),)))
            numbers = _numbers(client)
            for folder, manifest in versions:
                if folder.name not in numbers:
                    numbers[folder.name] = _log_version(client, folder, manifest)
            for alias, version in ((CHAMPION, champion), (CHALLENGER, challenger)):
                if version is not None:
                    client.set_registered_model_alias(MODEL, alias, numbers[version])
                else:
                    client.delete_registered_model_alias(MODEL, alias)
    except Exception as error:  # alembic, the file system, the network: whatever it meets
        finding = (str(error).splitlines() or [type(error).__name__])[0]
        raise MlflowLogError(
            f"MLflow cannot log the model: {finding}.",
            f"Look at schema {SCHEMA!r} of the database; the next run logs what is missing.",
        ) from error


def _url(engine: sa.Engine) -> str:
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    url = engine.url.set(drivername="postgresql+psycopg")
    return url.update_query_dict({"options": f"-csearch_path={SCHEMA}"}).render_as_string(
        hide_password=False
    )


def _numbers(client: "MlflowClient") -> dict[str, str]:
    """MLflow's number of every logged version."""
    if not client.search_registered_models(f"name = '{MODEL}'"):
        client.create_registered_model(MODEL)
        return {}
    numbers: dict[str, str] = {}
    token = None
    while True:
        page = client.search_model_versions(f"name = '{MODEL}'", page_token=token)
        numbers.update({v.tags["version"]: v.version for v in page if "version" in v.tags})
        token = page.token
        if not token:
            return numbers


def _log_version(client: "MlflowClient", folder: Path, manifest: Manifest) -> str:
    experiment = client.get_experiment_by_name(MODEL)
    identifier = (
        client.create_experiment(MODEL, artifact_location=folder.parent.as_uri())
        if experiment is None
        else experiment.experiment_id
    )
    run = client.create_run(identifier, run_name=folder.name)
    facts = {"data_hash": manifest.data_hash, "as_of": manifest.as_of, "seed": manifest.seed}
    for name, value in facts.items():
        client.log_param(run.info.run_id, name, str(value))
    for name, number in _flat(manifest.metrics):
        client.log_metric(run.info.run_id, name, number)
    client.set_terminated(run.info.run_id)
    version = client.create_model_version(
        MODEL, folder.as_uri(), run.info.run_id, tags={"version": folder.name}
    )
    return str(version.version)


_REFUSED = re.compile(r"[^\w.\- :/]")
"""Characters that MLflow takes in no name."""


def _flat(metrics: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Every number in nested metrics, under a name MLflow allows."""
    for name, value in metrics.items():
        full = _REFUSED.sub("_", f"{prefix}{name}".replace("@", "_at_"))
        if isinstance(value, dict):
            yield from _flat(value, f"{full}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield full, float(value)


@contextmanager
def _quiet_mlflow(scratch: Path) -> Iterator[Any]:
    """MLflow without its warnings, log lines, telemetry and lock files elsewhere."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"
    scratch.mkdir(parents=True, exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(scratch)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow

            yield mlflow
    finally:
        logging.disable(disabled)
        tempfile.tempdir = before
