"""A speciality stands out beyond noise."""

import numpy as np

from recommender.demand.small_areas.location_quotient import location_quotients


def test_a_speciality_stands_out_beyond_noise_or_not_at_all() -> None:
    expected = np.full((6, 40), 10.0)
    group = np.repeat([0, 1], 20)
    expected[0, :20] = 40.0
    found = location_quotients(expected, np.full((6, 40), 0.3), group)
    assert found.best[0] == 0
    assert found.ratio[0, 0] > 1.2
    unsure = location_quotients(expected, np.full((6, 40), 3.0), group)
    assert (unsure.best == -1).all()
    alike = location_quotients(np.full((6, 40), 10.0), np.full((6, 40), 0.3), group)
    assert (alike.best == -1).all()
