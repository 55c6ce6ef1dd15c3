"""One moment by which everything has to be done, handed down from step to step."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of a clock.

    Solvers look at their own clock only now and then, and some steps cannot be broken off at all.
    So a step asks how long it may take, and one of known length is begun only where it fits.

    Attributes
    ----------
    at
        Seconds of the clock.
    clock
        Seconds from any origin.
    """

    at: float
    clock: Clock = time.monotonic

    @classmethod
    def within(cls, seconds: float, clock: Clock = time.monotonic) -> "Deadline":
        """So many seconds from now.

        Parameters
        ----------
        seconds
            How long, >= 0.
        clock
            Seconds from any origin.

        Returns
        -------
        The moment.
        """
        return cls(clock() + seconds, clock)

    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.at - self.clock())

    def passed(self) -> bool:
        """Whether time is up."""
        return self.clock() >= self.at

    def part(self, share: float) -> "Deadline":
        """The moment at which this share of the time left is used up."""
        now = self.clock()
        return replace(self, at=now + share * max(0.0, self.at - now))
