"""Purchase plans from files, as far as a replay needs them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from recommender.errors import UsageError

_TEXT = {"product_id": "str", "street_code": "str", "venue_id": "str", "buyer_code": "str"}


def read_plan(path: Path) -> pd.DataFrame:
    """Read a plan's lines from ``.csv``, ``.parquet``, ``.json`` or ``.xlsx``.

    JSON is a list of lines, or an object that has one under ``lines``. Of a workbook the first
    sheet with a ``product_id`` column is taken, wherever its header row stands. Codes stay text.

    Raises
    ------
    UsageError
        If the file is missing, of another kind, or has no such column.
    """
    if not path.is_file():
        raise UsageError(f"{path} is not there.", "Make a plan: gongxu plan --out FILE.csv")
    try:
        frame = _read(path)
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read as a plan: {error}.", "") from None
    if "product_id" not in frame:
        raise UsageError(f"{path} has no column product_id.", "Name columns as gongxu plan does.")
    return frame


def _read(path: Path) -> pd.DataFrame:
    match path.suffix.lower():
        case ".csv":
            return pd.read_csv(path, dtype=_TEXT)
        case ".parquet":
            return pd.read_parquet(path)
        case ".json":
            document: Any = json.loads(path.read_text(encoding="utf-8"))
            return pd.DataFrame(document["lines"] if isinstance(document, dict) else document)
        case ".xlsx":
            return _read_workbook(path)
        case other:
            raise UsageError(
                f"a plan cannot be {other or 'without an ending'}.", "Use .csv, .json or .xlsx."
            )


def _read_workbook(path: Path) -> pd.DataFrame:
    sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=object, engine="openpyxl")
    for sheet in sheets.values():
        for row in range(min(len(sheet), 20)):
            names = [str(value) for value in sheet.iloc[row]]
            if "product_id" in names:
                frame = sheet.iloc[row + 1 :].set_axis(names, axis=1)
                frame = frame[frame["product_id"].notna()].reset_index(drop=True)
                for name in _TEXT.keys() & set(names):
                    texts = [None if pd.isna(v) else str(v) for v in frame[name]]
                    frame[name] = pd.Series(texts, dtype="str")
                return frame
    raise UsageError(f"{path} has no sheet with a column product_id.", "Use the plan's own export.")
