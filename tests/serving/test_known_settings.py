"""A misspelt setting and a bad value are one sentence each."""

import pytest

from recommender.errors import UsageError
from serving.known_settings import require_known_settings


def test_an_unknown_setting_names_the_nearest_known_one():
    with pytest.raises(UsageError, match="there is no setting GONGXU_DATABASE_ULR") as found:
        require_known_settings({"GONGXU_DATABASE_ULR": "x", "PATH": "/bin"})
    assert "GONGXU_DATABASE_URL" in str(found.value)


def test_known_settings_pass():
    require_known_settings({"GONGXU_HOME": "var", "GONGXU_TIMEZONE": "Asia/Shanghai"})
    require_known_settings({"GONGXU_BENCH_PRESET": "demo", "HOME": "/root"})


def test_a_bad_value_is_one_sentence_and_quotes_no_value(monkeypatch):
    monkeypatch.setenv("GONGXU_MODELS_KEPT", "secret-none")
    with pytest.raises(UsageError, match="GONGXU_MODELS_KEPT has a bad value") as found:
        require_known_settings({})
    assert "secret-none" not in str(found.value)
    assert "\n" not in str(found.value)
