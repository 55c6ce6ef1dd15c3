"""Sheets fit on A4 without shrinking, and rows are high enough for their texts."""

from pathlib import Path

import openpyxl
import pytest

from serving.exports.saving import save_plan
from serving.exports.sheets import ACROSS, FONT_SIZE, UPRIGHT, height_pt, lines_of
from serving.planning.document import PlanDocument


@pytest.mark.parametrize(
    ("content", "width", "lines"),
    [("", 10, 1), ("社区文化", 10, 1), ("社区文化活动中心", 10, 2), ("a\nb", 10, 2),
     ("一\n社区文化活动中心", 10, 3), ("plan.caution", 20, 1)],
)  # fmt: skip
def test_lines_of_a_text(content: str, width: float, lines: int) -> None:
    assert lines_of(content, width) == lines


def test_a_row_is_as_high_as_its_longest_cell() -> None:
    assert height_pt(["一", "a\nb\nc"], [10, 10]) > 3 * FONT_SIZE


def test_every_sheet_of_a_plan_is_printed_whole_at_nine_points(
    paper_plan: PlanDocument, tmp_path: Path, width_px
) -> None:
    save_plan(paper_plan, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    for sheet in book.worksheets:
        if sheet.sheet_state == "hidden":
            continue
        area = sheet.print_area
        last = (
            sheet.max_column
            if not area
            else openpyxl.utils.range_boundaries(area.rpartition("!")[2])[2]
        )
        upright = sheet.page_setup.orientation == "portrait"
        assert width_px(sheet, last) <= (UPRIGHT if upright else ACROSS), sheet.title
        assert sheet.page_setup.paperSize == 9
        assert sheet.page_setup.scale in (None, 100), sheet.title
        assert not (sheet.sheet_properties.pageSetUpPr and
                    sheet.sheet_properties.pageSetUpPr.fitToPage), sheet.title  # fmt: skip
        sizes = {
            cell.font.sz for row in sheet.iter_rows(max_col=last) for cell in row if cell.value
        }
        assert min(sizes) >= FONT_SIZE, sheet.title
