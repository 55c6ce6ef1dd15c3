"""Who may be profiled."""

import pandas as pd
import pytest

from data.dataset import canonical
from data.schema import TABLES
from features.ranking.residents import profiled


@pytest.mark.parametrize(
    ("band", "personalised", "guardian", "allowed"),
    [
        ("35-59", True, None, True),
        ("35-59", False, None, False),
        ("35-59", None, None, False),
        (None, True, None, True),
        ("0-13", True, True, False),
        ("14-17", True, True, True),
        ("14-17", True, None, False),
    ],
)
def test_only_recorded_consent_allows_a_profile(
    band: str | None, personalised: bool | None, guardian: bool | None, allowed: bool
) -> None:
    row = {"resident_id": "r", "age_band": band, "personalised": personalised}
    table = pd.DataFrame([row | {"guardian_consent": guardian}]).convert_dtypes()
    assert profiled(canonical(table, TABLES["residents"])).tolist() == [allowed]
