"""A plan as an OCDS 1.1 release package (Open Contracting Data Standard), one release a buyer.

A plan is the planning stage: the tag is ``planning``, the tender is ``planned``, and suppliers are
named only through the products' identifiers, since nobody has been awarded anything yet.
"""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from serving.messages.catalogue import text
from serving.planning.document import PlanDocument

_PREFIX = "ocds-gongxu"
"""A placeholder: a publisher registers a prefix of its own with the standard's helpdesk."""


def release_package(document: PlanDocument) -> dict[str, Any]:
    """The whole package, JSON values."""
    return {
        "uri": f"urn:gongxu:plan:{document.plan_id}",
        "version": "1.1",
        "publishedDate": _time(document),
        "publisher": {"name": "gongxu"},
        "releases": [
            _release(document, str(code), lines)
            for code, lines in document.lines.groupby("buyer_code", sort=True)
        ],
    }


def _release(document: PlanDocument, code: str, lines: pd.DataFrame) -> dict[str, Any]:
    buyer = {"id": code, "name": str(lines["buyer"].iloc[0])}
    amount = _money(int(lines["amount_fen"].sum()))
    return {
        "ocid": f"{_PREFIX}-{document.plan_id}-{code}",
        "id": f"{document.plan_id}-{code}-planning",
        "date": _time(document),
        "tag": ["planning"],
        "initiationType": "tender",
        "language": "zh",
        "parties": [{**buyer, "roles": ["buyer", "procuringEntity"]}],
        "buyer": buyer,
        "planning": {
            "rationale": text("document.rationale", "zh", version=document.model_version),
            "budget": {"amount": amount, "description": document.period},
        },
        "tender": {
            "id": f"{document.plan_id}-{code}",
            "title": text("document.public_plan_title", "zh", period=document.period),
            "status": "planned",
            "value": amount,
            "mainProcurementCategory": "services",
            "procuringEntity": buyer,
            "items": [_item(row) for row in lines.to_dict("records")],
        },
    }


def _item(row: dict[Hashable, Any]) -> dict[str, Any]:
    sessions = int(row["sessions"])
    return {
        "id": row["line_id"],
        "description": text(
            "document.item", "zh", title=row["title"], street=row["street"]
        ),
        "classification": {
            "scheme": "gongxu-product", "id": row["product_id"], "description": row["category"],
        },
        "quantity": sessions,
        "unit": {
            "name": text("document.unit", "zh"),
            "value": _money(int(row["amount_fen"]) / sessions),
        },
    }  # fmt: skip


def _money(fen: float) -> dict[str, Any]:
    return {"amount": fen / 100, "currency": "CNY"}


def _time(document: PlanDocument) -> str:
    return document.data_date.isoformat()
