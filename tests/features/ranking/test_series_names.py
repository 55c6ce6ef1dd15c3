"""Series are recognised by their titles."""

import pandas as pd

from data.dataset import canonical
from data.schema import TABLES
from features.ranking.series_names import series_keys

DAY = pd.Timestamp("2026-05-01", tz="UTC")


def frame(name, rows):
    return canonical(pd.DataFrame(rows), TABLES[name])


def test_a_series_is_known_by_its_name_whichever_instalment_and_without_a_product():
    products = frame("products", [{"product_id": "p", "title": "另一个", "supplier_id": "s"}])
    titles = [
        "周末评弹（第3期）",
        "周末评弹 第十二期",
        "周末评弹（下午场）10月5日",
        "Jazz at the Park, vol. 2",
        "Jazz at the Park - Part 11",
        "三毛流浪记",
        "No Man's Land",
        "第三只眼",
    ]
    events = frame(
        "events",
        [{"event_id": f"e{k}", "title": t, "starts_at": DAY} for k, t in enumerate(titles)],
    )
    keys = series_keys(products, events).tolist()
    assert keys[0] == keys[1] == keys[2]
    assert keys[3] == keys[4]
    # A numeral that belongs to the name stays.
    assert "三毛流浪记" in keys[5]
    assert "no man" in keys[6]
    assert "第三只眼" in keys[7]
    assert len(set(keys)) == 5
