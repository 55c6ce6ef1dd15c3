"""A plan to a file, by the file's ending."""

import json
from pathlib import Path

from recommender.errors import UsageError
from serving.exports.tables import write_csv
from serving.planning.document import PlanDocument


def save_plan(document: PlanDocument, out: Path) -> None:
    """Write ``.xlsx``, ``.pdf`` (one page a street), ``.csv``, ``.json`` or ``.ocds.json``.

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
        case ".json":
            out.write_text(plan_json(document), encoding="utf-8")
        case other:
            raise UsageError(
                f"cannot write a plan as {other or 'a file without an ending'}.",
                "Use .xlsx, .pdf, .csv, .json or .ocds.json.",
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
        "lines": lines,
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
