"""Standard output belongs to the answer."""

import os
import sys


def keep_output_clean() -> None:
    """Send what C libraries print to standard error; ``sys.stdout`` goes on where it went.

    HiGHS prints a line about itself now and then, which no option stops and which would stand in
    the midst of a JSON document.
    """
    own, errors = sys.__stdout__, sys.__stderr__
    if own is None or errors is None or sys.stdout is not own:
        return  # there is none, or somebody reads it within this process
    own.flush()
    kept = os.dup(own.fileno())
    os.dup2(errors.fileno(), own.fileno())
    sys.stdout = os.fdopen(kept, "w", encoding=own.encoding, errors=own.errors)
