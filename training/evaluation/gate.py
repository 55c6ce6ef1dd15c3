"""The gate: which new models may serve.

A model passes when the data it learnt from and its answers look sound, and when it is shown not to
be worse than the served model and than recent popularity on the newest window by more than a
stated margin (a non-inferiority test).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.metrics.bootstrap import bootstrap_mean

SERVED = "the served model"
"""Its name in comparisons."""

_RECORDED_MIN = 3
_JUDGED_SHARE_MIN = 0.25
_JUDGED_MIN = 40


@dataclass(frozen=True, slots=True)
class GateRules:
    """How much may change before a release is refused.

    Attributes
    ----------
    shrink_max
        Share of a table's rows that may be gone, in [0, 1].
    growth_max
        Share by which a table may have grown in a month, ≥ 0.
    restated_max
        Share by which figures of the past may differ from what they were, in [0, 1].
    window_margin
        How far a figure of the newest fortnights may lie outside the range of the twelve before
        them, as a share of that range, ≥ 0.
    score_change_max
        Share of the recorded NDCG that may be lost, in [0, 1], where past windows give no spread.
    fill_drop_max
        By how much the share of filled values of a column may fall, in [0, 1].
    recent_share_min
        Bookings of the latest fortnight, as a share of a usual one's; less looks like a broken
        feed.
    coverage_drop_max
        Share of the coverage of residents or events that may be lost, in [0, 1].
    demand_jump_max
        Factor by which the total demand may grow or fall.
    demand_margin
        Share by which errors of the last period's demand may surely exceed a simple forecast's or
        the served model's, ≥ 0.
    tolerance
        The margin: relative loss of NDCG that is accepted, in [0, 1]. The lower end of the
        interval of the difference has to lie above it; 1 accepts any loss.
    confidence
        Of the paired bootstrap interval, in (0, 1).
    resamples
        Of the bootstrap.
    """

    shrink_max: float = 0.2
    growth_max: float = 1.0
    restated_max: float = 0.1
    window_margin: float = 1.0
    score_change_max: float = 0.5
    fill_drop_max: float = 0.3
    recent_share_min: float = 0.05
    coverage_drop_max: float = 0.5
    demand_jump_max: float = 3.0
    demand_margin: float = 0.1
    tolerance: float = 0.05
    confidence: float = 0.95
    resamples: int = 1000


@dataclass(frozen=True, slots=True)
class Check:
    """One condition, whether it holds, and the finding as a sentence for an operator.

    Attributes
    ----------
    name
        Of the condition.
    passed
        Whether it holds, or does not matter enough to refuse the model.
    finding
        One sentence.
    warning
        Whether an operator should look although it passed.
    """

    name: str
    passed: bool
    finding: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one model."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """The findings of the failed checks, in one line; empty when all passed."""
        return "; ".join(check.finding for check in self.checks if not check.passed)

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference of two means.

    Attributes
    ----------
    mean
        Mean of the differences.
    low, high
        Ends of its bootstrap interval.
    deviation
        Standard deviation of the single differences.
    """

    mean: float
    low: float
    high: float
    deviation: float


def paired_difference(
    new: NDArray[np.float64],
    old: NDArray[np.float64],
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> Difference:
    """Mean of ``new - old`` over the same residents, with a percentile interval.

    Parameters
    ----------
    new, old
        One figure a resident, shape (n,), n ≥ 1, in the same order.
    rng
        Draws the bootstrap samples.
    confidence
        Of the interval, in (0, 1).
    resamples
        Bootstrap samples.

    Returns
    -------
    The difference, in the unit of ``new`` and ``old``.

    Raises
    ------
    ValueError
        If the two have not the same residents, or none.
    """
    if new.shape != old.shape or new.ndim != 1 or not len(new):
        raise ValueError(f"cannot pair figures of shapes {new.shape} and {old.shape}")
    differences = new - old
    low, high = bootstrap_mean(differences, rng=rng, level=confidence, repeats=resamples)
    return Difference(float(differences.mean()), low, high, float(differences.std()))


def check_quality(
    ndcg: Mapping[str, NDArray[np.float64]],
    rules: GateRules,
    *,
    rng: np.random.Generator,
    is_first: bool = False,
    is_refresh: bool = False,
) -> tuple[list[Check], dict[str, Any]]:
    """Whether the new model is shown not to be worse on the newest window.

    For each model compared with, the lower end of the interval of the paired difference has to lie
    above minus the margin (``rules.tolerance`` of that model's mean). Where the interval holds the
    margin, there are too few residents to tell: the served model goes on serving.

    Parameters
    ----------
    ndcg
        NDCG@10 of the same residents, shape (n,), under ``new``, ``recent popularity`` and,
        where there is one, ``the served model``.
    rules
        Margin, confidence and resamples.
    rng
        Draws the bootstrap samples.
    is_first
        Whether no model is served yet: a comparison that has too few residents then passes, since
        refusing it would leave residents without any list. A model that is surely worse fails.
    is_refresh
        Whether the same program with the same settings was fitted on later data that looks sound:
        a comparison with the served model that has too few residents then passes when the
        difference that was seen lies within the margin, since refusing it lets lists grow stale.

    Returns
    -------
    The checks, and the figures behind them as JSON values.
    """
    new = ndcg["new"]
    figures: dict[str, Any] = {"residents": len(new)}
    if not len(new):
        finding = "nobody booked in the newest window: too few questions to tell, not compared"
        return [Check("quality", True, finding)], figures
    figures["ndcg@10"] = {name: float(values.mean()) for name, values in ndcg.items()}
    checks = [
        Check(
            "scores are numbers",
            bool(np.isfinite(new).all()),
            "every resident's list has a figure" if np.isfinite(new).all() else "NaN in the lists",
        )
    ]
    for name, values in ndcg.items():
        if name == "new":
            continue
        gain = paired_difference(
            new, values, rng=rng, confidence=rules.confidence, resamples=rules.resamples
        )
        figures[f"gain over {name}"] = [gain.mean, gain.low, gain.high]
        benign = is_first or (
            is_refresh and name == SERVED and gain.mean >= -rules.tolerance * float(values.mean())
        )
        checks.append(_not_worse(name, new, values, gain, rules, benign=benign))
    return checks, figures


def _not_worse(
    name: str,
    new: NDArray[np.float64],
    old: NDArray[np.float64],
    gain: Difference,
    rules: GateRules,
    *,
    benign: bool,
) -> Check:
    margin = rules.tolerance * float(old.mean())
    finding = (
        f"NDCG@10 {new.mean():.4f} against {old.mean():.4f} of {name} "
        f"(difference {gain.mean:+.4f}, {rules.confidence:.0%} interval "
        f"{gain.low:+.4f} to {gain.high:+.4f}, accepted loss {margin:.4f})"
    )
    shown = gain.low >= -margin or rules.tolerance >= 1
    undecided = not shown and gain.high >= -margin
    if undecided:
        finding += f"; too few questions to tell: {len(new):,} residents"
        if margin > 0:
            # With equal models, so many bring the half width of the interval down to the margin.
            z = statistics.NormalDist().inv_cdf((1 + rules.confidence) / 2)
            finding += f", about {math.ceil((z * gain.deviation / margin) ** 2):,} would be needed"
    return Check(f"not worse than {name}", shown or (undecided and benign), finding)


def check_record(
    ndcg: NDArray[np.float64], record: Sequence[Mapping[str, float]], rules: GateRules
) -> list[Check]:
    """Whether the score, and how many residents it rests on, are like those recorded before.

    Spoiled data spoils the comparison too: both models do equally badly, or equally well, on it.

    Parameters
    ----------
    ndcg
        NDCG@10 of the new model's lists, one a resident, shape (n,).
    record
        ``ndcg`` and ``residents`` of the served models so far, oldest first.
    rules
        ``score_change_max`` is accepted at least, and four standard deviations of the record.

    Returns
    -------
    Two checks; none without a record or without residents.
    """
    if not len(ndcg) or not record:
        return []
    scores = np.array([entry["ndcg"] for entry in record])
    judged = float(np.median([entry["residents"] for entry in record]))
    usual, score = float(np.median(scores)), float(ndcg.mean())
    spread = 4 * float(scores.std(ddof=1)) if len(scores) >= _RECORDED_MIN else 0.0
    chance = 3 * float(ndcg.std()) / math.sqrt(len(ndcg))
    room = max(spread, rules.score_change_max * usual) + chance
    enough = judged < _JUDGED_MIN or len(ndcg) >= _JUDGED_SHARE_MIN * judged
    return [
        Check(
            "the score is like those before",
            usual - room <= score <= usual + room,
            f"NDCG@10 {score:.4f}, {usual:.4f} in {len(scores):,} served models so far "
            f"(accepted {max(usual - room, 0):.4f} to {min(usual + room, 1):.4f})",
        ),
        Check(
            "as many residents can be judged",
            enough,
            f"{len(ndcg):,} residents booked in the newest window, usually {judged:,.0f}",
        ),
    ]


def check_level(
    name: str, new: float, old: float | None, *, low: float, high: float | None = None
) -> Check:
    """Whether a figure is finite, and within a factor of what it was for the served model.

    Parameters
    ----------
    name
        Of the check and in its finding.
    new
        The new model's figure.
    old
        The served model's; without one, or if it is not positive, any finite figure passes.
    low, high
        Smallest and largest allowed factor; no largest when left out.

    Returns
    -------
    The check.
    """
    if not np.isfinite(new):
        return Check(name, False, f"{name}: {new}")
    if old is None or not np.isfinite(old) or old <= 0:
        return Check(name, True, f"{name}: {new:,.4g}")
    factor = new / old
    return Check(
        name,
        factor >= low and (high is None or factor <= high),
        f"{name}: {new:,.4g}, {old:,.4g} for the served model",
    )
