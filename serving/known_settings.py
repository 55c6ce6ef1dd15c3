"""Settings that exist: an unknown ``GONGXU_*`` variable, or a bad value, is one sentence."""

import difflib
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from recommender.errors import UsageError
from serving.api.settings import ServiceSettings
from serving.settings import Settings

PREFIX = "GONGXU_"
KINDS: tuple[type[BaseSettings], ...] = (Settings, ServiceSettings)
_INTERNAL = frozenset({"GONGXU_RUN_FOLDER", "GONGXU_SHARED_DATA"})
_BENCHMARKS = "GONGXU_BENCH_"


def require_known_settings(environment: Mapping[str, str]) -> None:
    """Refuse a misspelt setting, which would otherwise do nothing, and a value that is none.

    Parameters
    ----------
    environment
        Variables by name.

    Raises
    ------
    UsageError
        With the nearest known name, or what is wrong with the value.
    """
    known = {f"{PREFIX}{name.upper()}" for kind in KINDS for name in kind.model_fields}
    for name in sorted(environment):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(_BENCHMARKS):
            continue
        if upper not in known | _INTERNAL:
            near = difflib.get_close_matches(upper, known, n=1, cutoff=0.0)
            raise UsageError(f"there is no setting {name}.", f"The nearest is {near[0]}.")
    for kind in KINDS:
        try:
            kind()
        except ValidationError as error:
            first = error.errors()[0]
            name = f"{PREFIX}{str(first['loc'][0]).upper()}" if first["loc"] else "a setting"
            raise UsageError(
                f"{name} has a bad value: {first['msg']}.", "docs/settings.md says what it takes."
            ) from None
