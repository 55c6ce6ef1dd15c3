"""Judging rows against other rows: references, and keys that stand twice."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.arrow import to_frame
from data.files.identifiers import personal_traits
from data.files.quarantine import Problems
from data.files.validation import ROW
from data.schema import CATEGORIES, TARGET_TABLES, Table

Erased = Callable[[str], bool]
"""Whether a resident had themselves erased."""

SEPARATOR = "\x1f"
"""Between the parts of a compound key; control characters are in no judged value."""


def check_references(
    rows: pa.Table, table: Table, known: Mapping[str, pa.ChunkedArray | None], problems: Problems
) -> tuple[pa.Table, list[str]]:
    """Take out rows that name something unknown.

    Parameters
    ----------
    rows
        Judged rows.
    table
        Their table.
    known
        The keys of each referenced table; ``None`` where that table is nowhere at all. Then an
        optional reference is left unchecked, and a required one is bad.
    problems
        Where findings go.

    Returns
    -------
    The rows that are left, and the references that were not checked.
    """
    bad_rows = []
    unchecked = []
    for column in table.columns:
        if column.references is None or column.name not in rows.column_names:
            continue
        values = rows[column.name]
        keys = known.get(column.references)
        if keys is None and not column.required:
            if values.null_count < len(values):
                unchecked.append(f"{column.name} → {column.references}")
            if column.name == "resident_id" and (traits := personal_traits(values)) is not None:
                problems.add(traits[0], rows[ROW], column.name, values, traits[1])
                bad_rows.append(traits[0])
            continue
        if keys is None:
            keys = pa.chunked_array([], values.type)
        bad = pc.invert(pc.is_in(values, value_set=keys.combine_chunks(), skip_nulls=False))
        if values.null_count:
            bad = pc.and_(bad, pc.is_valid(values))
        if not pc.any(bad).as_py():
            continue
        bad_rows.append(bad)
        problems.add(
            bad,
            rows[ROW],
            column.name,
            values,
            _unknown_reasons(bad, values, column.name, column.references),
        )
    for bad, reference in _unknown_targets(rows, table, known, problems):
        bad_rows.append(bad)
        if reference:
            unchecked.append(reference)
    if bad_rows:
        keep = np.ones(rows.num_rows, dtype=np.bool_)
        for bad in bad_rows:
            keep &= ~pc.fill_null(bad, False).to_numpy()
        rows = rows.filter(pa.array(keep))
    return rows, unchecked


def _unknown_targets(
    rows: pa.Table, table: Table, known: Mapping[str, pa.ChunkedArray | None], problems: Problems
) -> list[tuple[pa.ChunkedArray, str]]:
    """Where ``target`` names nothing of its kind, and what could not be checked.

    A tag is free text: people may wish for what no product bears yet.
    """
    if "target_kind" not in rows.column_names or "target" not in table.column_names:
        return []
    kinds, targets = rows["target_kind"].cast(pa.string()), rows["target"]
    places = {**TARGET_TABLES, "category": ""}
    found = []
    for kind in pc.unique(kinds).to_pylist():
        if kind not in places:
            continue
        of_kind = pc.equal(kinds, kind)
        target = places[kind]
        keys = known.get(target) if target else pa.chunked_array([CATEGORIES], targets.type)
        if keys is None:
            found.append((pc.and_(of_kind, False), f"target → {target}"))
            continue
        bad = pc.and_not(of_kind, pc.is_in(targets, value_set=keys.combine_chunks()))
        reason = f"is not in {target}" if target else f"is none of {', '.join(CATEGORIES)}"
        problems.add(bad, rows[ROW], "target", targets, reason)
        found.append((bad, ""))
    return found


def _unknown_reasons(
    bad: pa.ChunkedArray, values: pa.ChunkedArray, column: str, target: str
) -> str | list[str]:
    unknown = f"is not in {target}"
    if column != "resident_id":
        return unknown
    picked = values.filter(bad)
    traits = personal_traits(picked)
    if traits is None:
        return unknown
    reasons = iter(traits[1])
    return [next(reasons) if personal else unknown for personal in traits[0].to_pylist()]


def refuse_erased(
    rows: pa.Table, table: Table, erased: Erased | None, problems: Problems
) -> pa.Table:
    """Take out residents who had themselves erased: late files do not bring them back.

    Parameters
    ----------
    rows, table
        Judged rows of a table.
    erased
        Whether a resident was erased; ``None`` when nobody was.
    problems
        Takes the refused rows.

    Returns
    -------
    The remaining rows.
    """
    if table.name != "residents" or erased is None:
        return rows
    values = rows["resident_id"]
    flags = pa.array([erased(value) for value in values.to_pylist()], pa.bool_())
    bad = pa.chunked_array([flags])
    problems.add(bad, rows[ROW], "resident_id", values, "was erased at the resident's wish")
    return rows.filter(pc.invert(flags))


def settle_repeats(rows: pa.Table, table: Table, problems: Problems) -> tuple[pa.Table, int]:
    """Leave one row a key.

    Of several versions the newest stands, when the table has a column that tells; equal rows
    count once. A different row under the same key, no newer, is bad input: the first one stands.

    Parameters
    ----------
    rows
        Valid rows.
    table
        The contract table.
    problems
        Where rejected rows are noted.

    Returns
    -------
    Rows with distinct keys, and how many repeats and superseded versions were left out.
    """
    codes = _key_codes(rows, table)
    counts = np.bincount(codes) if len(codes) else np.empty(0, dtype=np.intp)
    if len(counts) == rows.num_rows:
        return rows, 0
    repeated = np.flatnonzero(counts[codes] > 1)
    subset = rows.take(pa.array(repeated))
    frame = to_frame(subset, table)
    order = pd.DataFrame({"key": codes[repeated], "position": np.arange(len(repeated))})
    if table.newest in rows.column_names:
        stamp = frame[table.newest]
        order["age"] = -stamp.astype("int64").where(stamp.notna(), np.iinfo(np.int64).min + 1)
        order = order.sort_values(["key", "age", "position"])
    else:
        order["age"] = 0
        order = order.sort_values(["key", "position"])
    leader = order.groupby("key")[["position", "age"]].transform("first")
    position = order["position"].to_numpy()
    winner = leader["position"].to_numpy()
    rival = (order["age"] == leader["age"]).to_numpy() & (position != winner)
    different = np.zeros(len(position), dtype=np.bool_)
    different[rival] = _differ(frame, position[rival], winner[rival])
    bad = position[different]
    if len(bad):
        first_of = dict(zip(position.tolist(), winner.tolist(), strict=True))
        flags = np.zeros(len(repeated), dtype=np.bool_)
        flags[bad] = True
        row_numbers = subset[ROW].to_numpy()
        keys = _key_text(subset, table)
        # The line of the row that stands is put in where lines are known.
        reasons = [
            f"repeats a key with other content {ROW}{row_numbers[first_of[n]]}"
            for n in sorted(bad.tolist())
        ]
        problems.add(
            pa.chunked_array([pa.array(flags)]), subset[ROW], " ".join(table.key), keys, reasons
        )
    keep = np.ones(rows.num_rows, dtype=np.bool_)
    keep[repeated[position[position != winner]]] = False
    left = rows.filter(pa.array(keep))
    return left, rows.num_rows - left.num_rows - len(bad)


def _key_text(rows: pa.Table, table: Table) -> pa.ChunkedArray:
    parts = [rows[name].cast(pa.large_string()) for name in table.key]
    if len(parts) == 1:
        return parts[0]
    return pc.binary_join_element_wise(*parts, pa.scalar(" ", pa.large_string()))


def _key_codes(rows: pa.Table, table: Table) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Equal numbers for equal keys, from 0 without gaps."""
    parts = [rows[name].cast(pa.large_string()) for name in table.key]
    joined = (
        parts[0]
        if len(parts) == 1
        else pc.binary_join_element_wise(*parts, pa.scalar(SEPARATOR, pa.large_string()))
    )
    encoded = joined.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.intp)


def _differ(
    frame: pd.DataFrame,
    left: np.ndarray[tuple[int], np.dtype[np.intp]],
    right: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether rows at two lists of positions differ in any column."""
    different = np.zeros(len(left), dtype=np.bool_)
    for name in frame.columns:
        one, two = (
            frame[name].iloc[positions].reset_index(drop=True) for positions in (left, right)
        )
        equal = (one == two).fillna(False).to_numpy(dtype=np.bool_)
        different |= ~(equal | (one.isna() & two.isna()).to_numpy())
    return different
