"""The ``.pb`` format: META, PROJECTS and VOTES, each with a header, fields parted by ``;``."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.converters.ledger import Ledger
from data.converters.source_rows import Row, clean
from recommender.errors import InputRejectedError

_SECTIONS = ("META", "PROJECTS", "VOTES")


@dataclass(frozen=True, slots=True)
class Instance:
    """One vote as the file gives it: what is said of it, its projects and its votes."""

    file: str
    meta: dict[str, str]
    projects: list[Row]
    votes: list[Row]


def read_instance(path: Path, ledger: Ledger) -> Instance:
    """Read one ``.pb`` file.

    Parameters
    ----------
    path
        The file, in the Pabulib format.
    ledger
        Where rows are counted and rejected ones noted.

    Returns
    -------
    Metadata, projects and votes.

    Raises
    ------
    InputRejectedError
        If it lacks a section or the columns that name projects and votes.
    """
    projects = ledger.open(f"{path.name} PROJECTS", "products, events")
    votes = ledger.open(f"{path.name} VOTES", "residents, bookings")
    meta: dict[str, str] = {}
    rows: dict[str, list[Row]] = {"PROJECTS": [], "VOTES": []}
    headers: dict[str, list[str]] = {}
    section = ""
    for line, fields in _lines(path):
        if len(fields) == 1 and fields[0].upper() in _SECTIONS:
            section = fields[0].upper()
        elif section not in headers:
            headers[section] = [field.lower() for field in fields]
        elif section == "META":
            meta[fields[0]] = fields[1] if len(fields) > 1 else ""
        elif section:
            account = projects if section == "PROJECTS" else votes
            account.read += 1
            header = headers[section]
            if len(fields) != len(header):
                ledger.set_aside(
                    account.file,
                    line,
                    "",
                    ";".join(fields),
                    f"has {len(fields)} fields where the header has {len(header)}",
                )
                continue
            rows[section].append(Row(line, dict(zip(header, fields, strict=True))))
    for section, column in (("PROJECTS", "project_id"), ("VOTES", "vote")):
        if column not in headers.get(section, []):
            raise InputRejectedError(
                f"{path.name} has no {section} with a column {column}.",
                "A .pb file has the sections META, PROJECTS and VOTES.",
            )
    return Instance(path.name, meta, rows["PROJECTS"], rows["VOTES"])


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        for line, content in enumerate(text, start=1):
            # One line at a time, so that a stray quote cannot swallow the lines after it.
            try:
                fields = next(csv.reader([content.rstrip("\r\n")], delimiter=";"), [])
            except csv.Error:
                fields = content.split(";")
            if any(fields):
                yield line, [clean(field) for field in fields]
