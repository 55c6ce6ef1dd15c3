"""Events without a time of publication count as known a fixed time before they start."""

import numpy as np

from recommender.publication import ASSUMED_LEAD_DAYS, known_from


def test_a_given_publication_stands_and_a_missing_one_is_assumed() -> None:
    starts = np.array(["2027-04-01", "2027-04-01", "NaT"], "datetime64[us]")
    published = np.array(["2027-03-30", "NaT", "NaT"], "datetime64[us]")
    found = known_from(published, starts)
    assert found[:2].astype(str).tolist() == [
        "2027-03-30T00:00:00.000000",
        "2027-01-01T00:00:00.000000",
    ]
    assert np.isnat(found[2])
    assert ASSUMED_LEAD_DAYS == 90
