"""One grammar of periods."""

import numpy as np
import pytest

from recommender.demand.periods import period_months
from recommender.errors import UsageError


def test_periods_are_months() -> None:
    assert period_months("2027Q1") == (np.datetime64("2027-01"), np.datetime64("2027-04"))
    assert period_months("2027-12") == (np.datetime64("2027-12"), np.datetime64("2028-01"))
    assert period_months("2027") == (np.datetime64("2027-01"), np.datetime64("2028-01"))
    with pytest.raises(UsageError, match="2027Q5"):
        period_months("2027Q5")
