"""Solvers that stop by work done and never by a clock, so that a question has one answer.

A solve that runs out of time answers the same question in two ways, depending on what else the
machine does. An attacker's comparison of two such answers says nothing; here every solve ends by
its gap or by the number of nodes that it looked at, which is the same in every run.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from recommender.procurement.explain import conflicts
from recommender.procurement.solver import milp
from recommender.procurement.solver.deadline import Deadline

NODES = 20
"""Of a branch-and-bound tree."""
GAP = 0.05
"""At which a tree is left; whatever the problem holds shows in the relaxation already."""
_NEVER_S = 1e6


@contextmanager
def work_counted() -> Iterator[None]:
    """Within it no clock of the solver moves, and its trees have at most :data:`NODES` nodes."""

    def counted(module: Any) -> Any:
        solve = module.milp

        def solved(*given: Any, options: dict[str, Any], **named: Any) -> Any:
            kept = {name: value for name, value in options.items() if name != "time_limit"}
            bounded = {**kept, "node_limit": NODES, "mip_rel_gap": GAP}
            return solve(*given, options=bounded, **named)

        return mock.patch.object(module, "milp", solved)

    with ExitStack() as stack:
        for module in (conflicts, milp):
            stack.enter_context(counted(module))
        for name, stands in (
            ("left", lambda _: _NEVER_S),
            ("passed", lambda _: False),
            ("part", lambda deadline, _: deadline),
        ):
            stack.enter_context(mock.patch.object(Deadline, name, stands))
        yield
