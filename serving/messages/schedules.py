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
        "紧缺：只有 {sessions} 场，{streets} 个街镇可选；每街镇至多一场，先给增加人次最多的街镇",
        "scarce: {sessions} sessions for {streets} streets; one a street at most, first where it "
        "adds most attendances",
    ),
    "committees_left": (
        "{street}有 {committees} 个居委会轮到而没有场次：{names}",
        "{street}: {committees} committees are due a session and have none: {names}",
    ),
    "pooled": (
        "团购：{buyers} 家按各自居民人数分摊，见“分摊”",
        "bought together: {buyers} buyers share the price by their residents",
    ),
}
