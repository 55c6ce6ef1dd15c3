"""What is known of products and suppliers from before: new ones, and those that failed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from features.time import period_bounds
from recommender.types import IdMap
from serving.planning.rules import PlanRules


@dataclass(frozen=True, slots=True)
class History:
    """By product: whether it and its supplier are new; products stopped, with the reason."""

    new_product: NDArray[np.bool_]
    new_supplier: NDArray[np.bool_]
    stopped: Mapping[str, str]


def read_history(dataset: Dataset, products: IdMap, period: str, rules: PlanRules) -> History:
    """Look at events, bookings and orders from before the period."""
    start = pd.Timestamp(period_bounds(period)[0])
    events = dataset["events"]
    past = events[(events["starts_at"] < start) & (events["status"].astype(str) != "cancelled")]
    orders = dataset["orders"]
    orders = orders[~orders["status"].astype(str).isin(["proposed", "rejected"])]
    seen = set(past["product_id"].dropna()) | set(orders["product_id"].dropna())
    table = dataset["products"].set_index("product_id")
    suppliers = table["supplier_id"].reindex(list(products.ids))
    known = set(table.loc[table.index.isin(list(seen)), "supplier_id"].dropna())
    return History(
        new_product=np.array([product not in seen for product in products.ids], dtype=np.bool_),
        new_supplier=np.array(
            [isinstance(s, str) and s not in known for s in suppliers], dtype=np.bool_
        ),
        stopped=_stopped(dataset, past, orders, products, rules),
    )


def _stopped(
    dataset: Dataset, past: pd.DataFrame, orders: pd.DataFrame, products: IdMap, rules: PlanRules
) -> dict[str, str]:
    """The stop rule: products that stayed empty or displeased often enough."""
    stopped: dict[str, str] = {}
    bookings = dataset["bookings"]
    came = bookings[bookings["status"].astype(str).isin(["attended", "no_show"])]
    if len(came):
        seats = came["seats"].astype("float64").fillna(1.0)
        filled = seats.groupby(came["event_id"]).sum()
        done = past[(past["status"].astype(str) == "done") & (past["seats"] > 0)]
        fill = done["event_id"].map(filled).fillna(0.0) / done["seats"].astype("float64")
        by_product = fill.groupby(done["product_id"]).agg(["count", "mean"])
        for code, row in by_product.iterrows():
            few = row["count"] >= rules.stop_after_sessions and row["mean"] < rules.stop_below_fill
            if few and str(code) in products:
                stopped[str(code)] = (
                    f"停止规则：此前 {int(row['count'])} 场平均上座率 {row['mean']:.0%}"
                )
    satisfaction = orders["satisfaction"].astype("float64")
    rated = satisfaction.groupby(orders["product_id"]).agg(["count", "mean"])
    for code, row in rated.iterrows():
        bad = row["mean"] < rules.stop_below_satisfaction
        if row["count"] >= rules.stop_after_sessions and bad and str(code) in products:
            stopped[str(code)] = (
                f"停止规则：此前 {int(row['count'])} 次满意度平均 {row['mean']:.1f}"
            )
    return stopped
