"""Events of products that nobody booked before the cutoff, in simulated districts.

Several districts are drawn; in each everything is fitted on what was known at the start of the last
fifth of bookings and asked afterwards, fortnight by fortnight. Only bookings of new products count,
the candidates are all events that could be booked. The peer is ALS with recent popularity where it
has nothing to say, in the same run.
"""

import argparse

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.report import Bar, report
from data.simulate.settings import settings_for
from data.simulate.tables import observe
from data.simulate.world import create_world
from training.evaluation.walk_forward import evaluate

PEER = "als_popularity"
SEEDS = (31, 32, 33)
RESIDENTS = 10_000
QUESTIONS = 3000
REPEATS = 2000


def run(seed: int, residents: int, questions: int) -> pd.DataFrame:
    """NDCG@10 on new products of one district: a row a resident, a column a scorer."""
    dataset = observe(create_world(settings_for("demo", seed, residents=residents)))
    found = evaluate(dataset, rng=np.random.default_rng(seed), questions=questions)
    fresh = found.questions[found.questions["fresh"]]
    means = fresh.pivot_table(
        index="resident_id", columns="scorer", values="new ndcg@10", aggfunc="mean"
    )
    shown = {name: round(float(value), 4) for name, value in means.mean().items()}
    print(
        f"district {seed}: {len(means):,} residents who booked something new: {shown}", flush=True
    )
    return means


def bars(found: dict[int, pd.DataFrame], rng: np.random.Generator) -> list[Bar]:
    """The ratio of the means over all districts' residents, and its 95 % bootstrap interval."""
    everybody = pd.concat(list(found.values()), ignore_index=True)
    ours, theirs = (everybody[name].to_numpy() for name in ("engine", PEER))
    draws: NDArray[np.intp] = rng.integers(0, len(ours), (REPEATS, len(ours)))
    ratios = ours[draws].mean(axis=1) / np.maximum(theirs[draws].mean(axis=1), 1e-9)
    low, high = np.quantile(ratios, [0.025, 0.975]).tolist()
    return [Bar("2.4", "new_product_ratio_to_als", float(ours.mean() / theirs.mean()), (low, high))]


def measure(
    seeds: tuple[int, ...] = SEEDS, residents: int = RESIDENTS, questions: int = QUESTIONS
) -> tuple[list[Bar], dict[str, dict[str, float]]]:
    """The bar, and every scorer's mean in each district."""
    found = {seed: run(seed, residents, questions) for seed in seeds}
    details = {
        str(seed): {str(name): float(value) for name, value in means.mean().items()}
        for seed, means in found.items()
    }
    return bars(found, np.random.default_rng(0)), details


def main() -> None:
    """Print the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    options = parser.parse_args()
    some, details = measure(tuple(options.seeds), options.residents, options.questions)
    report("suggestions_new", some, seeds=options.seeds, details=details)


if __name__ == "__main__":
    main()
