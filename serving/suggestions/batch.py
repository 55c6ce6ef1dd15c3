"""Lists for everyone, block by block into a side folder, so that a killed run can go on."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recommender.errors import NotTrainedError, UsageError
from recommender.ranking.lists.assembly import SLOTS, Lists
from recommender.ranking.lists.inputs import ListQuery
from serving.messages.catalogue import Lang
from serving.suggestions.block_reasons import BlockReasons
from serving.suggestions.frames import COLUMNS
from serving.suggestions.identifiers import suggestion_ids
from serving.suggestions.refusals import require_events
from serving.suggestions.suggester import Suggester

BLOCK = 1024
"""Residents a block, usually."""

Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What a side folder belongs to; blocks of another run are not taken over.

    Attributes
    ----------
    at
        Moment of every list, ISO 8601.
    model_version, n, lang
        As asked for.
    data
        Fingerprint of the residents, the candidates, seat prices and policy.
    block
        Residents a block.
    """

    at: str
    model_version: str
    n: int
    lang: Lang
    data: str
    block: int


def side_folder(out: Path) -> Path:
    """Where the blocks of an unfinished run lie, beside its file."""
    return out.with_name(out.name + ".parts")


def unfinished(out: Path) -> datetime | None:
    """The moment of an unfinished run into this file; ``None`` when there is none."""
    try:
        run = Run(**json.loads((side_folder(out) / "run.json").read_text(encoding="utf-8")))
        return datetime.fromisoformat(run.at)
    except (OSError, ValueError, TypeError):
        return None


def suggest_all(
    suggester: Suggester,
    n: int,
    out: Path,
    *,
    lang: Lang = "zh",
    block: int = BLOCK,
    told: Told | None = None,
) -> int:
    """Write the lists of all residents; residents for whom nothing is eligible have no rows.

    Parameters
    ----------
    suggester
        The model at a moment.
    n
        Length of the lists.
    out
        ``.parquet`` or ``.csv``; appears when it is whole, never before.
    lang
        The reasons' language.
    block
        Residents a block: a killed run loses the block it was in.
    told
        Called with the residents done and their total, and once before the first block with
        those that a killed run had done already.

    Returns
    -------
    Rows written.

    Raises
    ------
    UsageError
        If the file's ending is neither.
    NotTrainedError
        If there are no residents.
    NoEventsError
        If no event can be shown to anybody.
    """
    if out.suffix not in (".parquet", ".csv"):
        raise UsageError(f"cannot write lists to {out.name}.", "Use .parquet or .csv.")
    total = len(suggester.list_tables.snapshot.residents)
    if total == 0:
        raise NotTrainedError("there are no residents.", "Import residents first.")
    require_events(suggester.list_tables)
    side = side_folder(out)
    _begin(side, _run_of(suggester, n, lang, block))
    starts = range(0, total, block)
    parts = [side / f"{first:09d}.parquet" for first in starts]
    done = sum(
        min(block, total - first)
        for first, part in zip(starts, parts, strict=True)
        if part.exists()
    )
    if told is not None:
        told(done, total)

    def write(first: int) -> int:
        last = min(first + block, total)
        half = part_of[first].with_suffix(".half")
        pq.write_table(block_table(suggester, first, last, n, lang), half)
        half.replace(part_of[first])
        return last - first

    part_of = dict(zip(starts, parts, strict=True))
    for residents in side_by_side(write, [at for at in starts if not part_of[at].exists()]):
        done += residents
        if told is not None:
            told(done, total)
    rows = _join(parts, out, side / "whole")
    shutil.rmtree(side)
    return rows


def side_by_side(work: Callable[[int], int], starts: Sequence[int]) -> Iterator[int]:
    """Do blocks on all processors, and yield what each returns, in order.

    Numpy and scipy let go of the interpreter while they compute, so that threads are enough.

    Parameters
    ----------
    work
        Called with the start of each block.
    starts
        First residents of the blocks.

    Yields
    ------
    What ``work`` returned, in the order of ``starts``.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(_processors()) as pool:
        try:
            yield from pool.map(work, starts)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_of(suggester: Suggester, n: int, lang: Lang, block: int) -> Run:
    list_tables = suggester.list_tables
    known = hashlib.blake2b(digest_size=16)
    for ids in (
        list_tables.snapshot.residents.ids,
        list_tables.snapshot.events.take(list_tables.candidates),
    ):
        known.update("\n".join(ids).encode())
    for weights in (suggester.engine.prices, list_tables.inputs.boost):
        known.update(b"none" if weights is None else np.round(weights, 6).tobytes())
    return Run(suggester.at.isoformat(), suggester.model_version, n, lang, known.hexdigest(), block)


def _begin(side: Path, run: Run) -> None:
    note = side / "run.json"
    wanted = json.dumps(asdict(run), sort_keys=True)
    if not note.exists() or note.read_text(encoding="utf-8") != wanted:
        if side.exists():
            shutil.rmtree(side)
        side.mkdir(parents=True)
        half = note.with_suffix(".half")
        half.write_text(wanted, encoding="utf-8")
        half.replace(note)


def _join(parts: list[Path], out: Path, whole: Path) -> int:
    """Put the blocks into one file and move it into its place in one step."""
    rows = 0
    schema = pq.read_schema(parts[0])
    with _writer(whole, out.suffix, schema) as writer:
        for table in _tables(parts):
            writer.write_table(table)
            rows += table.num_rows
    with whole.open("rb") as handle:
        os.fsync(handle.fileno())
    whole.replace(out)
    return rows


def _writer(path: Path, ending: str, schema: pa.Schema) -> "pq.ParquetWriter | pa_csv.CSVWriter":
    return (
        pq.ParquetWriter(path, schema) if ending == ".parquet" else pa_csv.CSVWriter(path, schema)
    )


def _tables(parts: list[Path]) -> Iterator[pa.Table]:
    for part in parts:
        yield pq.read_table(part)


def block_table(suggester: Suggester, first: int, last: int, n: int, lang: Lang) -> pa.Table:
    """Lists of a range of residents.

    Parameters
    ----------
    suggester
        Makes the lists.
    first, last
        Positions of residents in the snapshot; ``last`` is excluded.
    n
        Length of the lists.
    lang
        Language of the reasons.

    Returns
    -------
    ``resident_id`` and the contract's columns, one row a place in a list.
    """
    engine, list_tables = suggester.engine, suggester.list_tables
    asked = engine.ask_residents(first, last)
    lists = engine.lists(asked, n)
    who, place = np.nonzero(lists.columns >= 0)
    column = lists.columns[who, place]
    text = list_tables.text
    metres = list_tables.eligibility_context.distance_m[asked.facts.home[who], column].astype(
        np.float64
    )
    seeds = [asked.seeds[row] for row in who.tolist()]
    events = [text.event_id[at] for at in column.tolist()]
    names = suggestion_ids(zip(seeds, events, strict=True), suggester.at, suggester.model_version)
    frame = pd.DataFrame(
        {
            "resident_id": pd.array(list_tables.snapshot.residents.take(who + first), dtype="str"),
            "rank": place + 1,
            "event_id": pd.array(events, dtype="str"),
            "product_id": _named(text.product_id, column),
            "title": _named(text.title, column),
            "starts_at": _named(list_tables.local_starts, column),
            "venue_id": _named(text.venue_id, column),
            "distance_m": pd.array(metres.round(), dtype="Float64").astype("Int64"),
            "score": lists.score[who, place],
            "slot": _named(list(SLOTS), lists.slot[who, place].astype(np.intp)),
            "propensity": lists.propensity[who, place],
            "reasons": pd.array(_reasons(suggester, asked, lists, lang), dtype="str"),
            "suggestion_id": pd.array(list(names), dtype="str"),
            "model_version": pd.array([suggester.model_version] * len(who), dtype="str"),
        },
        columns=["resident_id", *COLUMNS],
    )
    return pa.Table.from_pandas(frame, preserve_index=False)


def _named(values: Sequence[str | None], rows: NDArray[np.intp]) -> "pd.Series[str]":
    return pd.Series(pd.array(values, dtype="str")).take(rows).reset_index(drop=True)


def _reasons(suggester: Suggester, asked: ListQuery, lists: Lists, lang: Lang) -> list[str]:
    columns = np.maximum(lists.columns, 0)
    moved = dict(suggester.engine.scores(asked, columns, explain=True).contributions)
    boost = suggester.engine.boost_of(asked, columns)
    if boost is not None:
        moved["boost"] = boost
    teller = BlockReasons(suggester.list_tables, suggester.evidence, lang)
    return teller.texts(asked, lists, moved)
