"""The PDF to sign: every buyer on pages of its own, the same file twice, nothing left out."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from recommender.errors import UsageError
from serving.exports.pages import SIZE
from serving.exports.saving import save_by_buyer, save_plan
from serving.planning.document import PlanDocument


def test_every_buyer_has_pages_and_a_second_file_is_the_same(
    paper_plan: PlanDocument, tmp_path: Path
) -> None:
    save_plan(paper_plan, tmp_path / "plan.pdf")
    content = (tmp_path / "plan.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"STSong-Light" in content
    pages = content.count(b"/Type /Page\n")
    assert pages >= 2 + 2 + 2  # figures and lines of three buyers
    sizes = set(re.findall(rb"/MediaBox \[ 0 0 ([\d.]+ [\d.]+) \]", content))
    assert sizes == {b"841.8898 595.2756"}  # A4 across
    save_plan(paper_plan, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == content
    assert SIZE >= 9


def test_a_plan_without_lines_says_so(paper_plan: PlanDocument, tmp_path: Path) -> None:
    empty = replace(paper_plan, lines=paper_plan.lines.head(0))
    save_plan(empty, tmp_path / "plan.pdf")
    assert (tmp_path / "plan.pdf").read_bytes().count(b"/Type /Page\n") == 1
    save_plan(empty, tmp_path / "plan.xlsx")
    assert save_by_buyer(empty, tmp_path / "none") == []


def test_a_folder_gets_a_workbook_and_a_pdf_a_buyer_and_keeps_what_is_there(
    paper_plan: PlanDocument, tmp_path: Path
) -> None:
    made = save_by_buyer(paper_plan, tmp_path / "out")
    assert {path.name for path in made} == {
        f"2027Q1-{buyer}-0123456789ab{ending}"
        for buyer in ("长宁区", "甲街道", "乙镇")
        for ending in (".xlsx", ".pdf")
    }
    before = {path: path.read_bytes() for path in made}
    with pytest.raises(UsageError, match="may be filled in"):
        save_by_buyer(paper_plan, tmp_path / "out")
    assert {path: path.read_bytes() for path in made} == before
