"""`gongxu demand` on a folder, as a user calls it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

AREA = "310105001"
CONTRACT = [
    "street_code", "product_id", "period", "expected", "low", "high", "evidence_bookings",
    "evidence_surveys", "supply", "gap", "suppressed", "rank",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only the needed tables: one street, forty residents, two products."""
    path = tmp_path_factory.mktemp("tables")
    tables = {
        "areas": ["area_code,name,level", f"{AREA},华阳路街道,street"],
        "products": ["product_id,title,category", "p1,昆曲,performance", "p2,越剧,performance"],
        "events": ["event_id,product_id,starts_at", "e1,p1,2026-05-01T19:00+08:00"],
        "residents": [
            "resident_id,area_code",
            *(f"R{i:03d},{AREA}" for i in range(40)),
        ],
        "bookings": [
            "booking_id,resident_id,event_id,booked_at,status",
            *(f"b{i},R{i:03d},e1,2026-04-20T10:00+08:00,attended" for i in range(20)),
        ],
    }
    for name, lines in tables.items():
        (path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def gongxu(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    code = "from serving.cli.app import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "GONGXU_HOME": str(home)},
        check=False,
    )


def test_columns_of_the_contract_from_a_folder_without_any_database(
    folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    done = gongxu(
        "demand", "--data", str(folder), "--period", "2026Q4", "--format", "csv", home=home
    )
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(io.StringIO(done.stdout), dtype={"street_code": str})
    assert list(frame.columns)[: len(CONTRACT)] == CONTRACT
    assert list(frame["rank"]) == [1, 2]
    assert frame["street_code"].tolist() == [AREA, AREA]
    shown = frame.set_index("product_id")
    assert shown.loc["p1", "expected"] == pytest.approx(20, rel=0.3)
    assert shown.loc["p1", "evidence_bookings"] == 20
    assert not home.exists()


def test_explanation_sums_to_the_figure(folder: Path, tmp_path: Path) -> None:
    done = gongxu(
        "demand", "--data", str(folder), "--period", "2026Q4", "--explain", AREA, "p1",
        "--format", "json", home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert sum(s["change"] for s in steps) == pytest.approx(steps[-1]["figure"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--period", "2026Q4", "--street", "999"], "no street has the code or name '999'"),
        (["--period", "2026Q9"], "not a period"),
        (["--period", "2026Q4", "--category", "opera"], "no category has the code or name 'opera'"),
    ],
)
def test_wrong_calls_end_with_two_and_say_why(
    folder: Path, tmp_path: Path, words: list[str], told: str
) -> None:
    done = gongxu("demand", "--data", str(folder), *words, home=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_backtest_prints_every_level_beside_naive_forecasts(folder: Path, tmp_path: Path) -> None:
    done = gongxu(
        "demand", "--data", str(folder), "--backtest", "1", "--as-of", "2026-07-02",
        "--format", "csv", home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(io.StringIO(done.stdout))
    assert list(frame["period"].unique()) == ["2026Q2", "all"]
    assert set(frame["method"]) >= {"forecast", "last period"}
    assert (frame["attendances"] == 20).all()


def test_backtest_of_years_is_drawn(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "errors.svg"
    done = gongxu(
        "demand", "--data", str(folder), "--backtest", "1", "--as-of", "2027-01-02",
        "--by", "year", "--out", str(out), home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ">same period last year</text>" in out.read_text(encoding="utf-8")


def test_neither_period_nor_backtest_is_refused(folder: Path, tmp_path: Path) -> None:
    done = gongxu("demand", "--data", str(folder), home=tmp_path)
    assert done.returncode == 2
    assert "no period is given" in done.stderr


def test_a_street_without_people_is_refused_and_the_others_keep_their_figures(
    folder: Path, tmp_path: Path
) -> None:
    empty = "310105002"
    data = tmp_path / "tables"
    data.mkdir()
    for path in folder.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        more = f"{empty},江苏路街道,street\n" if path.stem == "areas" else ""
        (data / path.name).write_text(text + more, encoding="utf-8")
    asked = ("demand", "--data", str(data), "--period", "2026Q4", "--format", "csv")
    done = gongxu(*asked, home=tmp_path)
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(io.StringIO(done.stdout), dtype={"street_code": str})
    assert frame["street_code"].tolist() == [AREA, AREA]
    assert frame[["expected", "low", "high", "gap"]].notna().all().all()
    assert empty in done.stderr
    refused = gongxu(*asked, "--street", empty, home=tmp_path)
    assert refused.returncode != 0
    assert f"no people are known in street {empty}" in refused.stderr
