"""What an evaluation found, as tables for people: one row a scorer, the engine last."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from training.evaluation.report import ENGINE, SERVED, EvaluationReport

ACCURACY = ("ndcg@10", "recall@20", "mrr")
CONTENT = ("coverage", "gini", "novelty", "new_product_share", "categories", "diversification")
"""What lists hold, over all residents."""
_GAINED = "engine's gain"


def accuracy(report: EvaluationReport, group: str | None = None) -> pd.DataFrame:
    """Means over residents, means over lists, and what the engine gains on each, paired.

    Parameters
    ----------
    report
        Of an evaluation.
    group
        Of residents or bookings; everybody when left out.

    Returns
    -------
    Intervals are texts, such as ``0.812-0.851``; a gain above zero is the engine's.
    """
    chosen = report.scorers if group is None else report.groups[group]
    rows = []
    for name, values in chosen.items():
        row: dict[str, Any] = {"scorer": name, "residents": values["residents"]}
        for measure in ACCURACY:
            row[measure] = values[measure]
            if measure == "ndcg@10":
                row[f"{measure} 95 %"] = _interval(values["ci"][measure])
        lists = values["by_list"]
        row |= {"lists": lists["lists"], "ndcg@10 by list": lists["ndcg@10"]}
        gain = values.get("engine_gain")
        row[_GAINED] = gain["ndcg@10"] if gain else None
        row[f"{_GAINED} 95 %"] = _interval(gain["ci"]) if gain else ""
        rows.append(row)
    return pd.DataFrame(rows)


def content(report: EvaluationReport) -> pd.DataFrame:
    """What the lists hold: reach over the catalogue, and variety for the resident."""
    return pd.DataFrame(
        [
            {"scorer": name} | {column: values[column] for column in CONTENT}
            for name, values in report.scorers.items()
        ]
    )


def everything(report: EvaluationReport) -> pd.DataFrame:
    """Accuracy and content in one, for a file."""
    return accuracy(report).merge(content(report), on="scorer", sort=False)


def by_group(report: EvaluationReport) -> pd.DataFrame:
    """NDCG@10 in every group of residents, with intervals; the heading counts the residents."""
    table = pd.DataFrame({"scorer": list(report.scorers)})
    for group, scorers in report.groups.items():
        residents = scorers[ENGINE]["residents"]
        table[f"{group} ({residents:,})"] = [
            f"{scorers[name]['ndcg@10']:.3f} [{_interval(scorers[name]['ci']['ndcg@10'])}]"
            for name in table["scorer"]
        ]
    return table


def by_publication(reports: Sequence[EvaluationReport]) -> pd.DataFrame:
    """The same data with other days from which events without a publication count as known.

    Parameters
    ----------
    reports
        One for each assumption.

    Returns
    -------
    One row an assumption: share of bookings that no list could hold, and of bookings whose event
    without a publication was not known yet; NDCG@10 of the engine, of what is served and of recent
    popularity.
    """
    rows = []
    for report in reports:
        notes, bookings = report.notes, max(report.notes["bookings"], 1)
        row = {
            "known days before the start": notes["assumed_lead_days"],
            "bookings": notes["bookings"],
            "unreachable": notes["unreachable_bookings"] / bookings,
            "by assumption": notes["unreachable_undated"] / bookings,
            "lists": notes["questions"],
        }
        for name in (ENGINE, SERVED, "recent_popularity"):
            values = report.scorers[name]
            row[f"{name} ndcg@10"] = values["ndcg@10"]
            row[f"{name} 95 %"] = _interval(values["ci"]["ndcg@10"])
        rows.append(row)
    return pd.DataFrame(rows)


def calibration(report: EvaluationReport) -> pd.DataFrame:
    """Chances the engine gave beside what came; each fifth expects as many bookings."""
    found = report.scorers[ENGINE]["calibration"]
    whole = {name: found.get(name) for name in ("pairs", "predicted", "observed")}
    rows = [{"chances": "all"} | whole]
    rows += [{"chances": f"fifth {i}"} | one for i, one in enumerate(found.get("bins", ()), 1)]
    return pd.DataFrame(rows)


def _interval(ends: list[float]) -> str:
    low, high = ends
    # A minus before a number and a dash between numbers would read alike.
    return f"{low:.3f}-{high:.3f}" if low >= 0 else f"{low:.3f} to {high:.3f}"
