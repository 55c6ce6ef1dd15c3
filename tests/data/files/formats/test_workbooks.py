"""Workbooks: what looks like an empty cell and is none, what cannot be seen, what is too large."""

import zipfile
from datetime import UTC, datetime

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from data.files.reading import read_dataset
from recommender.errors import InputRejectedError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = ["venue_id", "name", "kind", "seats"]


@pytest.fixture
def book():
    return openpyxl.Workbook()


def read(book, path):
    file = path / "district.xlsx"
    book.save(file)
    return read_dataset(file, now=NOW)


def venues(book, *rows):
    sheet = book.active
    sheet.title = "venues"
    for row in rows:
        sheet.append(row)
    return sheet


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?"])
@pytest.mark.parametrize("column", [0, 1, 2, 3])
def test_error_cells_are_findings_in_every_column(book, tmp_path, error, column):
    row = ["v1", "甲", "剧场", 200]
    row[column] = error
    venues(book, HEAD, row, ["v2", "乙", "剧场", 100])
    dataset, report = read(book, tmp_path)
    assert dataset["venues"]["venue_id"].tolist() == ["v2"]
    (found,) = report.quarantine.to_dict("records")
    assert (found["line"], found["column"], found["value"]) == (2, HEAD[column], error)


def test_formulas_without_values_are_findings(book, tmp_path):
    venues(book, HEAD, ["v1", "甲", "剧场", "=100+100"], ["v2", '="乙"', None, 5])
    dataset, report = read(book, tmp_path)
    assert dataset["venues"].empty
    assert report.quarantine["reason"].str.contains("formula without a value").all()


def test_formulas_with_values_are_their_values(tmp_path):
    file = tmp_path / "district.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("venues")
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["v1", "甲"])
        sheet.write_formula(1, 3, "=100+100", value=200)
    dataset, report = read_dataset(file, now=NOW)
    assert report.quarantined == 0
    assert dataset["venues"]["seats"].tolist() == [200]


def test_merged_ranges_are_findings_and_rows_beside_them_are_not(book, tmp_path):
    sheet = venues(book, HEAD, *[[f"v{n}", "甲", "剧场", 100 * n] for n in range(1, 5)])
    sheet.merge_cells("D3:D4")
    dataset, report = read(book, tmp_path)
    assert dataset["venues"]["venue_id"].tolist() == ["v1", "v4"]
    assert report.quarantine["line"].tolist() == [3, 4]
    assert report.quarantine["reason"].str.contains("merged").all()


def test_what_cannot_be_seen_is_read_and_told(book, tmp_path):
    sheet = venues(book, HEAD, *[[f"v{n}", "甲", "剧场", 1] for n in range(1, 6)])
    for row in (3, 4):
        sheet.row_dimensions[row].hidden = True
    book.create_sheet("notes")
    sheet.sheet_state = "hidden"
    dataset, report = read(book, tmp_path)
    assert len(dataset["venues"]) == 5
    told = " ".join(report.notes)
    assert "is hidden; it was read" in told
    assert "2 hidden or filtered rows between 3 and 4" in told


def test_a_title_and_a_total_are_no_records(book, tmp_path):
    venues(
        book, ["2026年场馆一览"], [], HEAD, ["v1", "甲", "剧场", 200], ["合计", "一处", None, 200]
    )
    dataset, report = read(book, tmp_path)
    assert dataset["venues"]["venue_id"].tolist() == ["v1"]
    assert report.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [5, "is a total, not a record"]
    ]
    assert any("2026年场馆一览" in note for note in report.notes)


def test_identifiers_that_are_numbers_too_long_for_a_cell_are_findings(book, tmp_path):
    venues(
        book,
        HEAD,
        [310105001001, "甲"],
        [310105001001000123, "乙"],
        [NOW.replace(tzinfo=None), "丙"],
    )
    dataset, report = read(book, tmp_path)
    assert dataset["venues"]["venue_id"].tolist() == ["310105001001"]
    assert report.quarantine["line"].tolist() == [3, 4]


def test_a_cell_in_the_last_corner_does_not_ask_for_all_memory(book, tmp_path):
    sheet = venues(book, HEAD, ["v1", "甲"])
    sheet["XFD1048576"] = "x"
    other = book.create_sheet("areas")
    other.append(["area_code", "name", "level"])
    other.append(["1", "甲", "street"])
    from data.files.importing import import_path

    book.save(tmp_path / "district.xlsx")
    report = import_path(None, tmp_path, now=NOW)
    assert report.tables["areas"].new == 1
    assert "far outside its table" in report.quarantine["reason"][0]
    assert get_column_letter(16384) == "XFD"


def test_a_workbook_that_unpacks_to_hundreds_of_megabytes_is_refused_early(book, tmp_path):
    venues(book, HEAD, ["v1", "甲"])
    file = tmp_path / "district.xlsx"
    book.save(file)
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as parts,
        parts.open("xl/media/long.txt", "w") as part,
    ):
        for _ in range(60):
            part.write(b"x" * 10_000_000)
    with pytest.raises(InputRejectedError, match="unpacks to"):
        read_dataset(file, now=NOW)


@pytest.mark.parametrize("epoch", [None, CALENDAR_MAC_1904])
@pytest.mark.parametrize("dated", [True, False])
def test_days_are_counted_from_where_the_workbook_counts(book, tmp_path, epoch, dated):
    began = 0
    if epoch is not None:
        book.epoch, began = epoch, 1462
    for name, rows in (
        ("areas", [["area_code", "name", "level"], ["01", "甲", "street"]]),
        ("products", [["product_id", "title", "category"], ["p1", "节目", "film"]]),
    ):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    sheet = book.create_sheet("events")
    sheet.append(["event_id", "product_id", "starts_at", "seats"])
    starts = datetime(2025, 10, 5, 14) if dated else 45935.5833333333 - began  # noqa: DTZ001
    sheet.append(["e1", "p1", starts, 45000])
    dataset, report = read(book, tmp_path)
    assert len(report.quarantine) == 0
    (event,) = dataset["events"].itertuples()
    assert event.starts_at == datetime(2025, 10, 5, 6, tzinfo=UTC)
    assert event.seats == 45000  # a number, and no day
