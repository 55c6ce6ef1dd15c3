"""What an officer must look at before signing: warnings by line and for the whole plan.

Nothing here or in the problem gives weight to a supplier's place or ownership, and every supplier
is judged by the same criteria.
"""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from serving.planning.problem_building import Planning


def line_warnings(planning: Planning, frame: pd.DataFrame) -> list[str]:
    """Warnings of every line, ``;``-joined."""
    recused = {recusal.supplier: recusal for recusal in planning.rules.recusals}
    split = _splitting(planning, frame)
    until = planning.suppliers["licence_valid_until"].dropna().dt.strftime("%Y-%m-%d").to_dict()
    needs = planning.products["licence_required"].fillna("").to_dict()
    result = []
    for row in frame.to_dict("records"):
        said = []
        if not row["placed"]:
            said.append("没有空余场次的合适场馆，须另行落实")
        smaller = _smaller_venue(planning, row)
        if smaller:
            said.append(smaller)
        if row["marginal_fen_per_attendance"] == float("inf"):
            said.append("最后一场预计不增加人次")
        if row["low"] > 0 and row["high"] / row["low"] > _WIDE:
            said.append("需求区间很宽，建议先少量试行")
        supplier = row["supplier_id"] if isinstance(row["supplier_id"], str) else ""
        if supplier in recused:
            recusal = recused[supplier]
            said.append(f"回避：{recusal.officer} 不得决定（{recusal.reason}）")
        if needs[row["product_id"]] and until.get(supplier, "9999") < _end(planning.months[-1]):
            said.append(f"许可证 {until[supplier]} 到期，须在此前演出")
        if (row["buyer_code"], supplier, row["category"]) in split:
            said.append("化整为零风险：同一供应商同类采购接近限额")
        result.append(";".join(said))
    return result


def _smaller_venue(planning: Planning, row: dict[Hashable, Any]) -> str:
    """The warning when the preferred venue was full and a smaller one was taken, else empty."""
    problem, venue = planning.problem, int(row["venue_position"])
    if venue < 0:
        return ""
    counted = problem.seats[
        problem.streets.position(row["street_code"]), problem.products.position(row["product_id"])
    ]
    seats = planning.calendar.seats[venue]
    if not seats < counted:
        return ""
    return f"首选场馆场次已满，安排在 {seats:.0f} 座场馆（估算按 {counted:.0f} 座）"


_WIDE = 30.0  # high over low of an 80 % interval


def _end(month: str) -> str:
    return f"{month}-32"


def plan_warnings(planning: Planning, frame: pd.DataFrame) -> list[str]:
    """Warnings about the whole plan."""
    said = []
    threshold = planning.rules.splitting_threshold_fen
    for (buyer, supplier, category), amount in _splitting(planning, frame).items():
        said.append(
            f"化整为零风险：{buyer} 向 {supplier} 采购同类（{category}）合计 "
            f"{amount / 100:,.0f} 元，达到限额 {threshold / 100:,.0f} 元的九成"
        )
    unplaced = int(frame.loc[~frame["placed"], "sessions"].sum())
    if unplaced:
        said.append(f"{unplaced} 场没有空余场馆，须另行落实")
    budget = int(planning.problem.budget_fen.sum())
    spent = int(frame["amount_fen"].sum())
    if spent < 0.9 * budget:
        said.append(f"预算只用了 {spent / budget:.0%}：规则、目录或场次限制了采购")
    if len(planning.left_out):
        said.append(f"{len(planning.left_out)} 个产品未列入，原因见“未列入”")
    return said


def _splitting(planning: Planning, frame: pd.DataFrame) -> dict[tuple[str, str, str], int]:
    """Same buyer, supplier and category adding up to nine tenths of the threshold or more.

    The threshold is configuration: it differs by place and year.
    """
    threshold = planning.rules.splitting_threshold_fen
    if not threshold or not len(frame):
        return {}
    sums = frame.groupby(["buyer_code", "supplier_id", "category"])["amount_fen"].sum()
    return {
        (str(key[0]), str(key[1]), str(key[2])): int(amount)
        for key, amount in sums.items()
        if isinstance(key, tuple) and amount >= 0.9 * threshold
    }
