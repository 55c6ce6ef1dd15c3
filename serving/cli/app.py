"""The root of ``gongxu``: collects the commands and turns errors into exit codes."""

import importlib
import os
import sys
from typing import Annotated

import typer
from rich.markup import escape
from typer.exceptions import Abort, Exit, TyperException

from recommender.errors import GongxuError
from serving.cli.output import log
from serving.streams import keep_output_clean

GROUPS = (
    "operators.data",
    "operators.convert",
    "operators.simulate",
    "operators.models",
    "operators.backup",
    "operators.evaluate",
    "residents.suggest",
    "residents.digest",
    "residents.exposure",
    "officers.demand",
    "officers.indices",
    "officers.plans",
    "officers.kept_plans",
    "officers.questions",
    "officers.audit",
    "officers.orders",
    "operators.serve",
    "operators.keys",
    "operators.users",
    "residents.rights",
    "operators.demo",
)
"""Modules with a ``register``, in the order in which help lists their commands."""

app = typer.Typer(
    name="gongxu",
    help="供需: recommendation and demand matching for a district's public culture.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    """Exit codes: 0 done, 2 wrong call, 3 input rejected, 4 gate refused, 5 locked, 1 else."""
    del debug  # read by main(), which is outside every command
    from data.district_time import set_district_zone
    from serving.known_settings import require_known_settings
    from serving.settings import Settings

    require_known_settings(os.environ)
    settings = Settings()
    set_district_zone(settings.timezone, settings.country or "")


for name in GROUPS:
    importlib.import_module(f"serving.cli.{name}").register(app)


def main() -> None:
    """Run the command line and end the process with the contract's exit code."""
    keep_output_clean()
    try:
        status = app(standalone_mode=False)
    except Exit as done:
        sys.exit(done.exit_code)
    except TyperException as wrong:
        show = getattr(wrong, "show", None)  # usage errors print the call's form, and help
        if show is None:
            _tell(wrong.format_message())
        else:
            show()
        sys.exit(wrong.exit_code)
    except (Abort, KeyboardInterrupt):
        log.print("stopped")
        sys.exit(130)
    except GongxuError as error:
        _tell(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        hint = "" if "--debug" in sys.argv else " (gongxu --debug COMMAND shows where)"
        _tell(f"{type(error).__name__}: {error}{hint}")
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _tell(message: str) -> None:
    """One line, after the traceback if that was asked for."""
    if "--debug" in sys.argv:
        log.print_exception()
    log.print(f"[red]error:[/] {escape(' '.join(message.split()))}", soft_wrap=True)
