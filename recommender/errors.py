"""Errors that say what is wrong and what to do."""

from typing import ClassVar


class GongxuError(Exception):
    """An error a user can act on.

    Parameters
    ----------
    message
        One line: what is wrong.
    hint
        One line: what to do about it; empty when the message already says so.

    Attributes
    ----------
    exit_code
        The exit status of a command that ends with this error (contract, section 2).
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(GongxuError):
    """The call's words are off: an unknown code, period or option value."""

    exit_code = 2


class InputRejectedError(GongxuError):
    """No row of the input could be taken, or ``--strict`` met a bad one."""

    exit_code = 3


class GateRefusedError(GongxuError):
    """The new model is worse than the served one, which goes on serving."""

    exit_code = 4


class LockHeldError(GongxuError):
    """Another run holds the lock."""

    exit_code = 5


class UnknownIdError(UsageError, KeyError):
    """An identifier that the map, model or table does not hold."""

    __str__ = GongxuError.__str__


class NotTrainedError(GongxuError):
    """There is no served model yet."""
