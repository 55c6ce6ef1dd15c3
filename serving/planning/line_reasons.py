"""Why a line is in the plan, from what decided it (理由)."""

from collections.abc import Sequence

import numpy as np

from recommender.procurement.plan import ProcurementPlan
from recommender.procurement.schedule import Slot
from serving.planning.problem_building import Planning
from serving.planning.touring import tour_days

LABELS = {
    "category.performance": "演出", "category.lecture": "讲座", "category.exhibition": "展览",
    "category.tour": "导赏", "category.course": "课程", "category.film": "电影",
    "category.activity": "活动", "category.reading": "阅读", "category.online": "线上",
    "audience.all": "全体", "audience.children": "儿童", "audience.family": "亲子",
    "audience.youth": "青年", "audience.adult": "成人", "audience.senior": "老年",
    "audience.disabled": "残障", "new.products": "新产品", "new.suppliers": "新供应商",
}  # fmt: skip
"""Names of groups of products, as officers use them."""


def group_label(name: str) -> str:
    """The Chinese name of a group of products."""
    return LABELS.get(name, name.partition(".")[2] or name)


_RULES = {
    "plan.caution": "谨慎程度（1 按需求下限）",
    "plan.shrinkage": "对突出估计的收缩（0 不收缩）",
    "plan.sessions_per_product": "同一街道同一产品最多场次",
    "floor.sessions_per_street": "每街镇保底场次",
    "floor.sessions_per_committee": "每居委保底场次",
    "floor.attendance_per_1000": "每千居民保底人次",
    "evenness.gini_max": "街镇间基尼系数上限",
    "evenness.aim": "为预测误差留余量（按上限的比例）",
    "supplier.share_max": "单一供应商占预算上限",
    "new.products_min_share": "新产品最低占比",
    "new.suppliers_min_share": "新供应商最低占比",
    "new.stop_after_sessions": "停止规则：至少场次",
    "new.stop_below_fill": "停止规则：平均上座率低于",
    "new.stop_below_satisfaction": "停止规则：平均满意度低于",
    "touring.discount": "巡演每场优惠",
    "touring.distance_m": "巡演街镇距离上限（米）",
    "venues.sessions_per_month": "每场馆每月场次上限",
    "splitting.threshold_fen": "化整为零提示限额（分）",
    "products.assumed_price_fen": "无价格时按（分）",
    "exclude": "不予采购",
    "require": "规定采购",
    "recuse": "回避",
}
_BOUNDS = {
    "min_share": "最低占支出", "max_share": "最高占预算", "min_sessions": "最少场次",
    "max_sessions": "最多场次", "weight": "权重",
}  # fmt: skip


def rule_words(name: str) -> str:
    """A rule's name in the file, as officers would say it."""
    if name in _RULES:
        return _RULES[name]
    group, _, bound = name.rpartition(".")
    if bound in _BOUNDS:
        return f"{group_label(group)}：{_BOUNDS[bound]}"
    return "街镇特色权重" if name.startswith("street.") else name


def line_reasons(
    planning: Planning, plan: ProcurementPlan, slots: Sequence[Slot]
) -> dict[tuple[str, str, str], str]:
    """Reasons of every line, ``;``-joined, by (buyer, street, product)."""
    problem = planning.problem
    estimate = planning.estimate
    rows = estimate.streets.positions(problem.streets.ids)
    rank = np.argsort(np.argsort(-problem.demand, axis=1), axis=1) + 1
    binding = [
        quota
        for quota in problem.quotas
        if plan.shadow_prices.get(f"{quota.name}.min_share", 0) > 0
        or plan.shadow_prices.get(f"{quota.name}.min_sessions", 0) > 0
    ]
    required = {
        (problem.streets.ids[s], problem.products.ids[p])
        for s, p in zip(*np.nonzero(problem.required), strict=True)
    }
    touring = _tours(planning, slots)
    reasons = {}
    for line in plan.lines:
        s, p = problem.streets.position(line.street), problem.products.position(line.product)
        said = []
        if (line.street, line.product) in required:
            item = next(
                i for i in planning.rules.require
                if i.product == line.product and i.street in ("", line.street)
            )  # fmt: skip
            said.append(f"规定采购：{item.reason}")
        each = line.expected / line.sessions
        said.append(f"预计每场 {each:.0f} 人次，需求列本街道第 {rank[s, p]} 位")
        if line.expected > 0:
            said.append(f"每人次 {line.amount_fen / line.expected / 100:.1f} 元")
        bookings = int(estimate.evidence_bookings[rows[s], p])
        votes = int(estimate.evidence_surveys[rows[s], p])
        if estimate.suppressed[rows[s], p]:
            said.append("本街道样本不足 10 人，按全区与同类推算")
        elif bookings >= 10:
            said.append(f"依据本街道 {bookings} 次预约")
        elif planning.history.new_product[p]:
            said.append("新产品，由同类产品、供应商与受众推算")
        if votes >= 10:
            said.append(f"问卷 {votes} 票")
        said += [
            f"满足最低要求：{group_label(quota.group)}"
            for quota in binding
            if problem.groups[quota.group][p]
        ]
        if problem.weight[s, p] > 1:
            said.append(f"特色或品牌加权 {problem.weight[s, p]:g}")
        if line.toured:
            days = touring.get((line.buyer, line.street, line.product), [])
            said += days
            if len(days) < line.toured:
                said.append(f"另有 {line.toured - len(days)} 场巡演未能排在同月，请与邻街商定日期")
        reasons[line.buyer, line.street, line.product] = ";".join(said)
    return reasons


def _tours(planning: Planning, slots: Sequence[Slot]) -> dict[tuple[str, str, str], list[str]]:
    """With whom and on which days every line tours, one sentence a session."""
    problem = planning.problem
    names = dict(zip(planning.streets.streets.ids, planning.streets.names, strict=True))
    days = tour_days(planning.months, slots)
    halves: dict[int, list[Slot]] = {}
    for slot in slots:
        if slot.tour >= 0:
            halves.setdefault(slot.tour, []).append(slot)
    said: dict[tuple[str, str, str], list[str]] = {}
    for number, (first, second) in halves.items():
        early, late = days[number]
        for own, other, on, there in ((first, second, early, late), (second, first, late, early)):
            street = problem.streets.ids[other.street]
            key = (
                problem.buyers.ids[own.buyer],
                problem.streets.ids[own.street],
                problem.products.ids[own.product],
            )
            said.setdefault(key, []).append(
                f"巡演：建议 {on.isoformat()}，{names[street] or street} {there.isoformat()}"
            )
    return {key: sorted(words) for key, words in said.items()}
