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
}
