"""Why a line is in the plan, from what decided it (理由)."""

import numpy as np

from recommender.procurement.plan import ProcurementPlan
from training.planning import Planning

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


def line_reasons(planning: Planning, plan: ProcurementPlan) -> dict[tuple[str, str, str], str]:
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
            said.append(f"与邻近街道巡演 {line.toured} 场")
        reasons[line.buyer, line.street, line.product] = ";".join(said)
    return reasons
