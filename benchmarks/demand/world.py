"""Street demand against the simulator's truth."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.demand.loans import compare
from benchmarks.demand.peers import wape
from data.dataset import Dataset
from features.demand.streets import read_streets
from recommender.demand.model import DemandModel
from recommender.types import IdMap
from training.demand.backtest import foretell_periods
from training.demand.fit import fit_demand

Floats = NDArray[np.float64]

SWEEPS: dict[str, tuple[float, ...]] = {
    "app_bias": (0.0, 1.0, 2.0, 3.0),
    "no_show_free": (0.05, 0.28, 0.5, 0.7),
    "distance_decay": (0.0, 1.0, 2.0, 4.0),
    "seat_scarcity": (0.5, 1.0, 2.0, 4.0),
}


def simulate(seed: int, preset: str = "demo", **settings: Any) -> tuple[Dataset, pd.DataFrame, Any]:
    """Observed tables, truth of the next quarter, and the world's present."""
    from data.simulate.evaluation.truth import measure_exposure
    from data.simulate.saving import demand_table
    from data.simulate.settings import period_name, settings_for
    from data.simulate.tables import observe
    from data.simulate.world import create_world

    world = create_world(settings_for(preset, seed, **settings))
    truth = demand_table(world, measure_exposure(world))
    period = period_name(world.settings.until)
    return observe(world), truth[truth["period"] == period], world.settings.until


def judge(dataset: Dataset, truth: pd.DataFrame, until: Any) -> dict[str, Any]:
    """Fit on everything known at the present, compare with the truth of the next quarter."""
    model = fit_demand(dataset, as_of=until, rng=np.random.default_rng(0))
    period = str(truth["period"].iloc[0])
    wide = truth.pivot_table(index="street_code", columns="product_id", values="expected")
    wide = wide.loc[list(model.streets.ids)]
    products = IdMap(wide.columns)
    true = wide.to_numpy()
    new = truth.drop_duplicates("product_id").set_index("product_id")["new"]
    fresh = new.loc[list(products.ids)].to_numpy(dtype=bool)
    estimate = model.fitted_estimate(model.streets, products, period)
    simple = scaled(dataset, model, products, until)
    category = category_mean(model, products)
    covered = (estimate.low <= true) & (true <= estimate.high)
    own = within(estimate.expected[:, fresh], true[:, fresh])
    return {
        "total_bias": estimate.expected.sum() / true.sum() - 1.0,
        "total_bias_scaled": simple.sum() / true.sum() - 1.0,
        "spearman_new": own,
        "spearman_gain": own - within(category[:, fresh], true[:, fresh]),
        "spearman_seen": within(estimate.expected[:, ~fresh], true[:, ~fresh]),
        "wape": wape(estimate.expected, true),
        "wape_seen": wape(estimate.expected[:, ~fresh], true[:, ~fresh]),
        "wape_scaled": wape(simple, true),
        "wape_ratio": wape(estimate.expected, true) / wape(simple, true),
        "coverage80": float(covered.mean()),
        "coverage80_seen": float(covered[:, ~fresh].mean()),
        "coverage80_worst": float(covered.mean(axis=1).min()),
        "coverage_by_street": covered.mean(axis=1).tolist(),
    }


def judge_seed(seed: int) -> dict[str, Any]:
    """One world in which a third of the sessions is sold out."""
    return judge(*simulate(seed, sold_out_share=1 / 3))


def judge_quarters(seed: int) -> dict[str, dict[str, float]]:
    """The last two quarters of one world, forecast when they began."""
    dataset, _, until = simulate(seed, sold_out_share=1 / 3)
    return compare(foretell_periods(dataset, as_of=until, periods=2))


def within(found: Floats, true: Floats) -> float:
    """Mean over streets of the rank correlation over products."""
    return float(np.mean([spearmanr(a, b).statistic for a, b in zip(found, true, strict=True)]))


def category_mean(model: DemandModel, products: IdMap) -> Floats:
    """Mean figure of the seen products of each product's category, by street."""
    seen = model.bookings.sum(axis=0) > 0
    group = model.group[model.products.positions(products.ids)]
    means = np.zeros((len(model.streets), len(model.categories)))
    for k in range(len(model.categories)):
        of = seen & (model.group == k)
        if of.any():
            means[:, k] = model.expected[:, of].mean(axis=1)
    return np.asarray(means[:, group])


def scaled(dataset: Dataset, model: DemandModel, products: IdMap, until: Any) -> Floats:
    """Scaled bookings: what came to a product's sessions in the street, times people over users.

    A product without a session in the street takes its mean elsewhere, one without any session
    the mean of its category in the street.
    """
    events = dataset["events"]
    events = events[(events["starts_at"] < until) & (events["status"] != "cancelled")]
    came = dataset["bookings"]
    came = came[came["status"].astype(object).isin(["attended"])]
    came = came.groupby("event_id")["seats"].sum().astype(float)
    areas = dataset["areas"].set_index("area_code")
    venues = dataset["venues"].set_index("venue_id")["area_code"]
    up = areas["parent_code"].to_dict()
    streets = set(model.streets.ids)

    def street(area: Any) -> str | None:
        while area in up and area not in streets:
            area = up[area]
        return area if area in streets else None

    kinds = dataset["products"].set_index("product_id")["category"].astype(object)
    frame = pd.DataFrame(
        {
            "product": events["product_id"].to_numpy(),
            "street": [street(a) for a in venues.reindex(events["venue_id"]).to_numpy()],
            "came": came.reindex(events["event_id"]).fillna(0.0).to_numpy(),
        }
    )
    frame["category"] = kinds.reindex(frame["product"]).to_numpy()
    here = frame.groupby(["street", "product"])["came"].mean()
    anywhere = frame.groupby("product")["came"].mean()
    by_category = frame.groupby(["street", "category"])["came"].mean()
    factor = float(read_streets(dataset).population.sum()) / max(len(dataset["residents"]), 1)
    found = np.zeros((len(model.streets), len(products)))
    for s, code in enumerate(model.streets.ids):
        for p, product in enumerate(products.ids):
            value = here.get((code, product), anywhere.get(product))
            if value is None:
                value = by_category.get((code, kinds.get(product)), frame["came"].mean())
            found[s, p] = float(value) * factor
    return found


def sweep(seed: int = 21) -> list[dict[str, Any]]:
    """One world for each value of each setting, the others as they are."""
    rows = []
    for name, values in SWEEPS.items():
        for value in values:
            extra = {"no_show_paid": value * 0.6} if name == "no_show_free" else {}
            settings = {name: value, **extra}
            found = judge(*simulate(seed, **settings))
            rows.append({"setting": name, "value": value, **found})
    return rows


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Error, bias, rank correlation and coverage along each sweep."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    frame = pd.DataFrame(rows)
    shown = {
        "wape": "WAPE",
        "wape_scaled": "WAPE of scaled bookings",
        "total_bias": "bias of the total",
        "spearman_new": "Spearman, new products",
        "coverage80": "coverage of 80 % intervals",
    }
    figure, axes = plt.subplots(1, len(SWEEPS), figsize=(14, 3.6), sharey=True)
    for axis, (name, part) in zip(axes, frame.groupby("setting", sort=False), strict=True):
        for column, label in shown.items():
            axis.plot(part["value"], part[column], marker="o", markersize=3, label=label)
        axis.axhline(0, color="grey", linewidth=0.5)
        axis.set_xlabel(str(name))
        axis.set_ylim(-0.6, 1.4)
    axes[0].legend(fontsize=7, loc="upper left")
    figure.tight_layout()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
