"""Steps share one deadline."""

from recommender.procurement.solver.deadline import Deadline


def test_steps_share_one_deadline() -> None:
    now = [10.0]
    deadline = Deadline.within(8.0, lambda: now[0])
    first = deadline.part(0.5)
    assert first.left() == 4.0
    now[0] = 14.0
    assert first.passed()
    assert deadline.left() == 4.0
    assert deadline.part(0.25).left() == 1.0
    now[0] = 30.0
    assert deadline.part(0.5).left() == 0.0  # never a new beginning
    assert deadline.left() == 0.0
