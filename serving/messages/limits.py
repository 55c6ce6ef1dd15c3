"""Rules that hold a plan back, as parts of a sentence."""

MESSAGES: dict[str, tuple[str, str]] = {
    "by": (
        "受{rule}限制（放宽一成约多 {people:,.0f} 人次）",
        "held back by the {rule} (a tenth looser: some {people:,.0f} attendances more)",
    ),
    "blocked": (
        "按现方案再加一场会突破：{rules}",
        "with all else as planned, one session more would break: {rules}",
    ),
    "open": (
        "按现方案可以再加一场，不突破任何规则",
        "one session more would break no rule, with all else as planned",
    ),
    "catalogue": (
        "目录中值得安排的产品已全部列入",
        "everything in the catalogue that adds attendances is in the plan",
    ),
    "budget": ("部分采购方的预算", "budget of some buyers"),
    "most_sessions": ("各街镇场次增长上限", "growth of each street's sessions"),
    "venue_slots": ("场馆每月场次上限", "sessions a venue and month"),
    "sessions_max": ("产品可供场次", "sessions that products can be had for"),
    "supplier_share": ("单一供应商上限", "cap per supplier"),
    "evenness": ("均等约束", "evenness bound"),
    "floor_sessions": ("保底场次", "minimum sessions"),
    "floor_attendance": ("保底人次", "minimum attendances"),
    "required": ("规定采购", "required items"),
    "quota.min_share": ("最低占比", "minimum shares"),
    "quota.max_share": ("最高占比", "maximum shares"),
    "quota.min_sessions": ("分组最少场次", "minimum sessions of groups"),
    "quota.max_sessions": ("分组最多场次", "maximum sessions of groups"),
}
