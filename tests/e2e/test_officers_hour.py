"""An officer's hour: demand of a street, a plan, its why and what-if, the workbook filled in and
read back, orders, paper. Every total is recomputed from the CSV without the product's code."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from data.files.reading import read_dataset
from data.store.store import Store
from serving.cli.app import app
from training.demand.fit import fit_demand
from training.registry.bundle import Manifest, save_bundle
from training.registry.served import switch

PRESENT = datetime.fromisoformat("2026-10-01T00:00+08:00")
STREET = "仙霞新村街道"
SIZE = ("--residents", "900", "--events", "250", "--products", "60")
Call = Callable[..., Result]


@pytest.fixture
def call(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Commands on a small simulated district whose demand is learnt and served."""
    home, world = tmp_path / "home", tmp_path / "world"
    monkeypatch.setenv("GONGXU_DATABASE_URL", database_url)
    monkeypatch.setenv("GONGXU_HOME", str(home))

    def run(*words: object) -> Result:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exception is None, (words, done.output, done.exception)
        return done

    run("simulate", "--seed", 3, "--until", PRESENT.isoformat(), *SIZE, "--out", world)
    run("import", world)
    dataset, _ = read_dataset(world, now=PRESENT)
    model = fit_demand(dataset, as_of=PRESENT, rng=np.random.default_rng(1))
    manifest = Manifest(data_hash="x", created_at=PRESENT, as_of=PRESENT, seed=1)
    save_bundle(home / "models" / "m1", {"demand": model.to_arrays()}, manifest)
    store = Store.connect(database_url)
    switch(store.engine, "m1", now=PRESENT)
    store.close()
    return run


def recomputed(plan: Path, pdf: Path) -> dict[str, Any]:
    script = Path(__file__).with_name("recompute_plan.py")
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(plan), str(pdf)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def lines_of(sheet: Any) -> list[Any]:
    """Rows of lines: those with a number, without subtotals."""
    return [row for row in sheet.iter_rows(min_row=4) if str(row[0].value or "").isdigit()]


@pytest.mark.timeout(300)
def test_an_officers_hour(call: Call, tmp_path: Path) -> None:
    # Demand of the street by its name, as a table, a file for spreadsheets and a workbook.
    period = ("--period", "2026Q4")
    told = call("demand", *period, "--street", STREET, "--category", "演出", "-n", 5)
    assert "performance" in told.stdout
    demand = tmp_path / "demand.csv"
    call("demand", *period, "--street", "仙霞", "--out", demand)
    assert demand.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = pd.read_csv(demand, dtype={"street_code": str})
    code = rows["street_code"].iloc[0]
    assert set(rows["street_code"]) == {code}

    # The plan, and its files anew from what was kept.
    out = tmp_path / "plan.csv"
    shown = call("plan", *period, "--time-limit", 90, "--gap", 0.2, "--out", out).output
    plan = pd.read_csv(out, dtype=str)
    plan_id = plan["plan_id"].iloc[0]
    assert plan_id in shown
    folder = tmp_path / "papers"
    call("plans", "save", plan_id, "--buyer", STREET, "--out", folder)
    (workbook,), (pdf,) = folder.glob("*.xlsx"), folder.glob("*.pdf")
    again = recomputed(out, pdf)
    truth = again["totals"]["buyer"][STREET]

    # A why and a what-if, by names.
    own = plan[plan["buyer"] == STREET].iloc[0]
    why = call("why", own["title"], STREET, *period, "--buyer", STREET, "--time-limit", 20)
    assert own["title"] in why.stdout
    budget = truth["yuan"] / 2
    whatif = call(
        "what-if", *period, "--buyer", STREET, "--new-budget-yuan", f"{budget:.2f}",
        "--time-limit", 20, "--format", "json",
    )  # fmt: skip
    after = json.loads(whatif.stdout)["figures"]["amount_fen"]["after"]
    assert after <= round(100 * budget)

    # What is printed adds up to the CSV, in yuan and whole people.
    book = openpyxl.load_workbook(workbook)
    rows = lines_of(book["明细"])
    assert len(rows) == truth["lines"]
    assert sum(row[6].value for row in rows) == pytest.approx(truth["yuan"])
    assert sum(row[5].value for row in rows) == truth["sessions"]
    summary = {row[0].value: row[1].value for row in book["汇总"].iter_rows()}
    assert summary["采购方"] == STREET
    assert summary["建议金额（元）"] == pytest.approx(truth["yuan"])
    assert summary["场次"] == truth["sessions"]
    assert summary["预计人次"] == round(truth["people"])
    total = next(row for row in book["明细"].iter_rows(min_row=4) if row[1].value == "合计")
    assert [total[at].value for at in (5, 6, 7)] == pytest.approx(
        [truth["sessions"], truth["yuan"], round(truth["people"])]
    )
    printed = again["pdf"]
    assert STREET in printed.replace("\n", "")
    assert f"{truth['yuan']:,.2f}".removesuffix(".00") in printed

    # Every line is decided but one, which lacks its reason; the file is read back.
    rows[0][10].value = "采纳"
    rows[0][13].value = "是"
    for row in rows[1:]:
        for cell, value in zip(row[10:14], ("采纳", None, "居民点单", "是"), strict=True):
            cell.value = value
    if len(rows) > 1:
        rows[1][10].value, rows[1][11].value = "调整", 2
    book.save(workbook)
    read = json.loads(call("decide", "--from", workbook, "--by", "李红", "--format", "json").stdout)
    refused = [each for each in read if each["outcome"] == "refused"]
    assert [each["cell"] for each in refused] == [rows[0][12].coordinate]
    assert len(read) == len(rows)
    same = json.loads(call("decide", "--from", workbook, "--by", "李红", "--format", "json").stdout)
    assert {each["outcome"] for each in same} == {"refused", "unchanged"}

    # Orders: what was accepted, at the price of the CSV; one goes to acceptance.
    orders = json.loads(call("orders", "list", "--plan", plan_id, "--format", "json").stdout)
    assert len(orders) == len(rows) - 1
    fen = plan.set_index("line_id")["amount_fen"].astype(int)
    sessions = plan.set_index("line_id")["sessions"].astype(int)
    for order in orders:
        line = order["order_id"]
        each = fen[line] / sessions[line]
        assert order["amount_fen"] == pytest.approx(each * order["sessions"], abs=1)
        assert order["buyer_code"] == code
    last = orders[-1]["order_id"]
    for status in ("已下单", "delivered", "已验收"):
        call("orders", "advance", last, status, "--by", "李红")
    assert call("audit", "verify").exit_code == 0
    entries = json.loads(call("audit", "list", "-n", 500, "--format", "json").stdout)
    assert sum(entry["action"].startswith("decision.") for entry in entries) == len(orders)

    # The paper of afterwards holds what was decided.
    call("plans", "save", plan_id, "--buyer", STREET, "--out", tmp_path / "signed.pdf")
    after_all = recomputed(out, tmp_path / "signed.pdf")
    assert "居民点单" in after_all["pdf"].replace("\n", "")
    streets = after_all["totals"]["street"]
    assert sum(each["yuan"] for each in streets.values()) == pytest.approx(
        sum(each["yuan"] for each in after_all["totals"]["buyer"].values())
    )
