"""Names of logged numbers are ones that MLflow takes."""

from mlflow.utils.validation import _validate_metric_name

from training.registry.mlflow_log import _flat


def test_every_number_has_a_name_that_mlflow_takes() -> None:
    nested = {
        "ndcg@10": 0.5,
        "profile": {"distance (m)": 2, "类别 %": 3.0, "text": "no"},
        "ok": True,
    }
    found = dict(_flat(nested))
    assert found == {"ndcg_at_10": 0.5, "profile/distance _m_": 2.0, "profile/类别 _": 3.0}
    for name in found:
        _validate_metric_name(name)
