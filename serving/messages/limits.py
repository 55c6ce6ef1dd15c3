"""Rules that hold a plan back, and why products are left out, as parts of a sentence."""

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
    "product": ("《{title}》{reasons}", "{title}: {reasons}"),
    "excluded": ("规则不予采购：{reason}", "excluded by a rule: {reason}"),
    "scheduled": (
        "本期已安排 {sessions} 场，没有可再采购的场次",
        "{sessions} sessions already stand in the period and no more can be had",
    ),
    "none_to_have": ("本期没有可供场次", "it cannot be had in the period"),
    "hall_too_small": (
        "要求至少 {seats:,.0f} 座，最大的场馆 {largest:,.0f} 座",
        "it needs {seats:,.0f} seats and the largest hall has {largest:,.0f}",
    ),
    "no_hall": ("没有符合要求的场馆", "no hall has what it needs"),
    "best": (
        "最合适的{street}，在本方案之外每场预计增加 {people:,.0f} 人次、{yuan:,.0f} 元，"
        "每人次 {each:,.1f} 元",
        "best in {street}: beside the plan a session adds {people:,.0f} attendances for "
        "{yuan:,.0f} yuan, {each:,.1f} yuan each",
    ),
    "competes": (
        "与已列入的场次争观众（单独举办为 {alone:,.0f} 人次）",
        "it competes with sessions in the plan ({alone:,.0f} attendances alone)",
    ),
    "dearer": (
        "比方案中最贵的一场（每人次 {yuan:,.1f} 元）还贵",
        "dearer than the plan's dearest session ({yuan:,.1f} yuan an attendance)",
    ),
    "adds_nobody": (
        "在任何街镇都不增加人次（{street}最多）",
        "it adds no attendance in any street ({street} most)",
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
