"""The gate's checks of the data: by itself, beside the served model's, and beside its own past."""

import math
from datetime import datetime, timedelta

from data.schema import NEEDED_TO_TRAIN
from training.evaluation.booking_figures import CONCENTRATIONS, BookingFigures
from training.evaluation.data_profile import DataProfile
from training.evaluation.gate import Check, GateRules

_STALE_DAYS = 60
_MONTH = timedelta(days=30)
_PRUNED = ("impressions",)
"""Logs that platforms keep for a time only: they may shrink, but not vanish."""
_LOG_GROWTH = 4
_FEW_ROWS = 20
_FEW_BOOKINGS = 20
_FEW_WINDOWS = 4
_STREET_LOSS = 3.0
_BUSY = 3.0
_SAMPLING = 4.0
_ROUGH = ("mean stars", "far beyond the seats")
"""Figures that a handful of ratings, or one popular event, moves."""


def check_data(
    new: DataProfile,
    old: DataProfile | None,
    rules: GateRules,
    *,
    past: BookingFigures | None = None,
) -> list[Check]:
    """Whether the data looks sound by itself, and beside that of the served model.

    Parameters
    ----------
    new
        Figures of the snapshot that the new model was fitted on.
    old
        Those of the served model's snapshot; ``None`` without one.
    rules
        The limits.
    past
        What the new data says about the time up to the served model's moment.

    Returns
    -------
    One check a condition. Without a served model there is nothing to go on serving: all but
    empty tables are warnings then.
    """
    empty = [name for name in NEEDED_TO_TRAIN if not new.rows.get(name)]
    checks = [
        Check(
            "tables are there",
            not empty,
            f"no rows in {', '.join(empty)}" if empty else "all needed tables have rows",
        ),
        _not_stale(new),
    ]
    windows = check_windows(new, old, rules)
    if old is None:
        return checks + [Check(c.name, True, c.finding, not c.passed) for c in windows]
    # Some sources always deliver their last fortnight late; only a new shortfall is a fault.
    checks.append(
        Check(
            "bookings keep coming",
            new.recent_share >= rules.recent_share_min * min(old.recent_share, 1.0),
            f"{new.recent_bookings:,} bookings in the latest fortnight, "
            f"usually {new.usual_bookings:,.0f}",
        )
    )
    checks += _sizes(new, old, rules)
    lost = [
        f"{column} ({old.filled[column]:.0%} to {share:.0%})"
        for column, share in new.filled.items()
        if share < old.filled.get(column, 0.0) - rules.fill_drop_max
    ]
    checks.append(
        Check(
            "columns are as filled as before",
            not lost,
            f"values went missing: {', '.join(lost)}" if lost else "no column lost its values",
        )
    )
    if past is not None and old.past is not None:
        checks += check_past(past, old.past, rules)
    return checks + windows


def check_past(now: BookingFigures, then: BookingFigures, rules: GateRules) -> list[Check]:
    """Whether the past is still what it was when the served model was fitted.

    Parameters
    ----------
    now
        Figures of the bookings up to the served model's moment, in the new data.
    then
        The same, as recorded with the served model.
    rules
        The limits.

    Returns
    -------
    One check of all figures and one of the streets.
    """
    if then.bookings < _FEW_BOOKINGS:
        return []
    # Late rows and erasures count for more where there are few.
    limit = max(rules.restated_max, 2 / math.sqrt(then.bookings))
    restated = []
    if abs(now.bookings / then.bookings - 1) > limit:
        restated.append(f"bookings ({then.bookings:,} to {now.bookings:,})")
    for name, before in then.values.items():
        after = now.values.get(name, 0.0)
        if abs(after - before) > limit * abs(before) + 0.005:
            restated.append(f"{name} ({before:.4g} to {after:.4g})")
    total = max(now.bookings, 1) / then.bookings
    moved = []
    for street, before in then.streets.items():
        after = now.streets.get(street, 0)
        if abs(after / (before * min(total, 1.0)) - 1) > _STREET_LOSS * limit and before >= 30:
            moved.append(f"{street} ({before:,} to {after:,} bookings)")
    return [
        Check(
            "the past is what it was",
            not restated,
            f"the past reads otherwise than for the served model: {', '.join(restated)}"
            if restated
            else "bookings up to the served model's moment look as they did",
        ),
        Check(
            "streets agree with the past",
            not moved,
            f"past bookings of streets changed: {', '.join(moved[:5])}"
            if moved
            else "every street's past bookings are there",
        ),
    ]


def check_windows(new: DataProfile, old: DataProfile | None, rules: GateRules) -> list[Check]:
    """Whether the newest two fortnights look like the twelve before them.

    What stood out already when the served model was released, or accepted, is not held against
    the next one.

    Parameters
    ----------
    new
        Figures of the snapshot that the new model was fitted on.
    old
        Those of the served model's snapshot, if there is one.
    rules
        The limits.

    Returns
    -------
    One check; none where there are too few bookings to have a range.
    """
    reference = [w for w in new.windows[2:] if w.bookings >= _FEW_BOOKINGS]
    if len(reference) < _FEW_WINDOWS:
        return []
    if old is not None:
        reference += [w for w in old.windows[:2] if w.bookings >= _FEW_BOOKINGS]
    odd: dict[str, str] = {}
    busiest = max(window.bookings for window in reference)
    for window in new.windows[:2]:
        if window.bookings < _FEW_BOOKINGS:
            continue
        if window.bookings > _BUSY * busiest:
            odd["bookings"] = f"{window.bookings:,} bookings, at most {busiest:,} before"
        for name, value in window.values.items():
            known = [w.values[name] for w in reference if name in w.values]
            if len(known) < _FEW_WINDOWS:
                continue
            low, high = min(known), max(known)
            margin = _margin(name, low, high, window.bookings, rules)
            if not low - margin <= value <= high + margin:
                odd[name] = f"{name} {value:.4g}, {low:.4g} to {high:.4g} before"
    return [
        Check(
            "the newest weeks look like those before",
            not odd,
            f"the newest weeks stand out: {'; '.join(odd.values())}"
            if odd
            else "the newest four weeks lie within the range of those before",
        )
    ]


def _margin(name: str, low: float, high: float, bookings: int, rules: GateRules) -> float:
    """How far outside [low, high] a figure may lie: a share of the range, and chance."""
    spread = rules.window_margin * (high - low)
    if name in CONCENTRATIONS:
        return spread + high + 0.05
    if name in _ROUGH:
        return spread + 0.5
    if name.endswith("(m)"):
        return spread + _SAMPLING * high / math.sqrt(bookings)
    middle = (low + high) / 2
    chance = math.sqrt(max(middle * (1 - middle), 0.01) / bookings)
    return spread + _SAMPLING * chance


def _not_stale(new: DataProfile) -> Check:
    stale = new.idle_days > _STALE_DAYS
    finding = f"the last booking is {new.idle_days:,} days older than the moment trained for"
    return Check("bookings are recent", True, finding, stale)


def _sizes(new: DataProfile, old: DataProfile, rules: GateRules) -> list[Check]:
    months = 1.0
    if new.as_of and old.as_of:
        elapsed = datetime.fromisoformat(new.as_of) - datetime.fromisoformat(old.as_of)
        months = max(elapsed / _MONTH, 1.0)
    checks = []
    for name in sorted(new.rows | old.rows):
        before, after = old.rows.get(name, 0), new.rows.get(name, 0)
        finding = f"{name}: {after:,} rows, {before:,} for the served model"
        kept = after >= (1 - rules.shrink_max) * before
        if name not in NEEDED_TO_TRAIN:
            kept = kept or before < _FEW_ROWS or (name in _PRUNED and after > 0)
        # A new table has nothing to compare with; a log kept for some months grows fast at first.
        growth = rules.growth_max * months * (_LOG_GROWTH if name in _PRUNED else 1)
        calm = before < _FEW_ROWS or after <= before * (1 + growth) + _FEW_ROWS
        if name in NEEDED_TO_TRAIN or not kept:
            checks.append(Check(f"{name} did not shrink", kept, finding))
        if not calm:
            checks.append(Check(f"{name} did not grow too fast", False, finding))
    return checks
