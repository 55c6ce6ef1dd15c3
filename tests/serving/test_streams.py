"""What C libraries print does not end up in an answer."""

import subprocess
import sys

SCRIPT = """
import ctypes
from serving.streams import keep_output_clean
keep_output_clean()
ctypes.CDLL(None).puts(b"noise")
print("answer 答")
"""


def test_an_answer_stands_alone_on_standard_output() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "answer 答\n"
    assert done.stderr == "noise\n"
