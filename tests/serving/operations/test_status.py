"""What alarms watch."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from data.store.store import Store
from recommender.errors import GongxuError
from serving.exports.health_metrics import health_exposition
from serving.operations.status import read_health
from training.registry.runs import record_run

NOW = datetime(2026, 5, 1, 18, 15, tzinfo=UTC)


@pytest.fixture
def engine(database_url):
    store = Store.connect(database_url)
    yield store.engine
    store.close()


def figures(engine, home):
    with engine.connect() as connection:
        shown = health_exposition(read_health(connection, home)).decode()
    samples = [s for family in text_string_to_metric_families(shown) for s in family.samples]
    return {s.name: s.labels.get("status") or s.value for s in samples}


def test_a_new_installation_has_no_ages_yet(engine, tmp_path):
    (tmp_path / "models").mkdir()
    shown = figures(engine, tmp_path)
    assert shown["gongxu_retrain_bad_nights"] == 0
    assert shown["gongxu_disk_total_bytes"] >= shown["gongxu_disk_free_bytes"] > 0
    assert not [name for name in shown if "seconds" in name or "verdict" in name]


def test_a_failed_night_after_a_good_one(engine, tmp_path):
    (tmp_path / "models" / "v1").mkdir(parents=True)
    (tmp_path / "models" / "v1" / "a.npy").write_bytes(bytes(70))
    (tmp_path / "quarantine").mkdir()
    # One of the values holds a line break: rows are counted, not lines.
    text = '\ufefftable,line,column,value,reason\nevents,1,title,"a\nb",long\nevents,2,,,no key\n'
    (tmp_path / "quarantine" / "quarantine.csv").write_text(text, encoding="utf-8")
    with record_run(engine, now=NOW) as record:
        record.fill("promoted", "v1", NOW - timedelta(hours=1), "")
    later = NOW + timedelta(days=1)
    with pytest.raises(GongxuError), record_run(engine, now=later):
        raise GongxuError("the disk is full.", "Make room.")
    shown = figures(engine, tmp_path)
    assert shown["gongxu_data_until_seconds"] == NOW.timestamp() - 3600
    assert shown["gongxu_retrain_started_seconds"] == later.timestamp()
    assert shown["gongxu_retrain_verdict"] == "failed"
    assert shown["gongxu_retrain_bad_nights"] == 1
    assert shown["gongxu_quarantined_rows"] == 2
    assert shown["gongxu_models_bytes"] == 70
