"""A plan to a file, by the file's ending."""

import json
import re
from pathlib import Path

from recommender.errors import UsageError
from serving.exports.tables import write_csv
from serving.planning.document import PlanDocument


def save_by_buyer(document: PlanDocument, folder: Path) -> list[Path]:
    """Write a workbook and a PDF for every buyer, named after plan and buyer.

    Parameters
    ----------
    document
        The plan.
    folder
        Where to; made where it is missing.

    Returns
    -------
    The files.

    Raises
    ------
    UsageError
        If one of them is there already: an officer may have filled it in.
    """
    from serving.exports.paper import buyers_of, for_buyer

    made: list[tuple[str, Path]] = []
    for code, name in buyers_of(document):
        plain = re.sub(r'[\\/:*?"<>|\s]+', "_", name) or code
        stem = f"{document.period}-{plain}-{document.plan_id.rpartition('-')[2]}"
        made += [(code, folder / f"{stem}{ending}") for ending in (".xlsx", ".pdf")]
    there = [path.name for _, path in made if path.exists()]
    if there:
        raise UsageError(
            f"{folder} holds {there[0]} already, which may be filled in.", "Give another folder."
        )
    for code, path in made:
        save_plan(for_buyer(document, code), path)
    return [path for _, path in made]


def save_plan(document: PlanDocument, out: Path) -> None:
    """Write ``.xlsx``, ``.pdf``, ``.csv``, ``.ics``, ``.json`` or ``.ocds.json``.

    Parameters
    ----------
    document
        The plan.
    out
        The file; its folder is made where it is missing.

    Raises
    ------
    UsageError
        For any other ending.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.name.lower().endswith(".ocds.json"):
        from serving.exports.ocds import release_package

        text = json.dumps(release_package(document), ensure_ascii=False, indent=2)
        out.write_text(text + "\n", encoding="utf-8")
        return
    match out.suffix.lower():
        case ".xlsx":
            from serving.exports.workbook import write_workbook

            write_workbook(document, out)
        case ".pdf":
            from serving.exports.pages import write_pages

            write_pages(document, out)
        case ".csv":
            write_csv(document.lines, out, mark=True)
        case ".ics":
            from serving.exports.plan_calendar import plan_calendar

            out.write_bytes(plan_calendar(document))
        case ".json":
            out.write_text(plan_json(document), encoding="utf-8")
        case other:
            raise UsageError(
                f"cannot write a plan as {other or 'a file without an ending'}.",
                "Use .xlsx, .pdf, .csv, .ics, .json or .ocds.json.",
            )


def plan_json(document: PlanDocument) -> str:
    """The whole document as JSON."""
    lines = json.loads(document.lines.to_json(orient="records", force_ascii=False))
    for line in lines:
        line["reasons"] = [text for text in line["reasons"].split(";") if text]
        line["warnings"] = [text for text in line["warnings"].split(";") if text]
    content = {
        "plan_id": document.plan_id,
        "period": document.period,
        "model_version": document.model_version,
        "data_date": document.data_date.isoformat(),
        "summary": dict(document.summary),
        "warnings": list(document.warnings),
        "rules": [
            {"rule": rule, "value": value, "where": where} for rule, value, where in document.rules
        ],
        "recusals": [recusal.model_dump() for recusal in document.recusals],
        "stages": list(document.stages),
        "left_out": dict(document.left_out),
        "last_year": json.loads(document.last_year.to_json(orient="records", force_ascii=False)),
        "lines": lines,
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
