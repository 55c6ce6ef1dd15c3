"""Sentences about days and hours of planned sessions."""

MESSAGES: dict[str, tuple[str, str]] = {
    "lead_eased": (
        "计划期间已在 {days} 天的提前期之内：未留提前期",
        "the period lies within the lead time of {days} days: none was kept",
    ),
    "no_day": (
        "{sessions} 场没有合适的空余日期，须另行安排",
        "no free day for {sessions} sessions: they have to be arranged",
    ),
    "scarce": (
        "紧缺：只有 {sessions} 场，{streets} 个街镇可选；每街镇至多一场，"
        "归使全方案人次增加最多的街镇，以各方预算和各项规则为限",
        "scarce: {sessions} sessions for {streets} streets; one a street at most, where the whole "
        "plan gains most attendances, as far as budgets and rules allow",
    ),
    "committees_left": (
        "{street}有 {committees} 个居委会轮到而没有场次：{names}",
        "{street}: {committees} committees are due a session and have none: {names}",
    ),
    "pooled": (
        "团购，按各自居民人数分摊：{shares}",
        "bought together, shared by residents: {shares}",
    ),
    "pooled_leftovers": (
        "团购：单个采购方余款不足，由邻近采购方合购，按可及居民人数分摊，以各自余款为限：{shares}",
        "bought together by neighbours, none of whom had enough left; shared by residents within "
        "reach, as far as each has money left: {shares}",
    ),
    "pooled_budgets": (
        "团购《{title}》（{street}）由邻近采购方合购，各方分摊见该行理由；预算数已按分摊划给下单方",
        "{title} ({street}) is bought together by neighbours, shares in its reasons; budgets are "
        "shown with the shares moved to who orders",
    ),
    "share": ("{name} {yuan:,.2f} 元", "{name} {yuan:,.2f} yuan"),
    "run": ("展期 {days} 天，座位按每天计", "a run of {days} days, seats are a day's"),
    "series": (
        "{courses} 期，每期 {lessons} 课时，一次报名、固定教室",
        "{courses} times {lessons} lessons, one enrolment and one room each",
    ),
    "everywhere": ("全区采购一次，各街镇共用", "bought once for all streets"),
    "for_committees": ("面向居委会：{names}", "for the committees: {names}"),
    "calendar": ("采购建议排期 {period}", "Schedule of the plan {period}"),
    "online": ("线上", "online"),
    "outside": ("无需场馆", "no hall needed"),
}
