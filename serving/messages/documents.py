"""Tables, printed pages, letters and feeds: headings, notes and sentences."""

MESSAGES: dict[str, tuple[str, str]] = {
    # Figures of a plan
    "budget_yuan": ("预算（元）", "Budget (yuan)"),
    "amount_yuan": ("金额（元）", "Amount (yuan)"),
    "sessions": ("场次", "Sessions"),
    "products": ("产品", "Products"),
    "streets": ("街镇", "Streets"),
    "expected": ("预计人次", "Expected attendances"),
    "expected_interval": (
        "{expected:,.0f}（{low:,.0f}–{high:,.0f}）",
        "{expected:,.0f} ({low:,.0f}–{high:,.0f})",
    ),
    "interval": ("区间", "Interval"),
    "yuan_each": ("元/人次", "Yuan per attendance"),
    "gini": ("基尼", "Gini"),
    "matching": ("供需匹配度", "Match of supply and wants"),
    "gap": ("与最优差距", "Gap to the optimum"),
    "street": ("街镇", "Street"),
    "product": ("产品", "Product"),
    "supplier": ("供应商", "Supplier"),
    "venue": ("场馆", "Venue"),
    "months": ("排期（月×场）", "Months × sessions"),
    "attendances": ("人次（80% 区间）", "Attendances (80% interval)"),
    "new_share": ("新产品金额占比", "Share of new products"),
    "plan_title": ("采购建议 {period}", "Purchase plan {period}"),
    "public_plan_title": ("公共文化采购建议 {period}", "Purchase plan for public culture {period}"),
    "top_lines": ("预计人次最多的十行", "The ten lines with most expected attendances"),
    "warning": ("提示", "note"),
    "buy_instead": ("改买", "bought instead"),
    "give_up": ("让出", "given up"),
    "rationale": (
        "供需匹配采购建议，模型 {version}",
        "Purchase plan by demand matching, model {version}",
    ),
    "item": ("{title}（{street}）", "{title} ({street})"),
    "unit": ("场", "session"),
    "month": ("{month}月×{sessions}", "{month}×{sessions}"),
    # The weekly digest
    "digest_subject": (
        "{first:%m}月{first:%d}日起一周的文化活动",
        "Cultural events in the week from {first:%d} {first:%B}",
    ),
    "digest_time": (
        "{at:%m}月{at:%d}日 周{weekday} {at:%H:%M}",
        "{weekday} {at:%d} {at:%B}, {at:%H:%M}",
    ),
    "digest_foot": (
        "你收到这封信，是因为你关注了某些内容。取消关注后不再发送。",
        "You receive this letter because you follow something. It ends when you unfollow.",
    ),
    "online": ("线上", "online"),
    "weekday": ("周{day}", "{day}"),
    "weekday_0": ("一", "Mon"),
    "weekday_1": ("二", "Tue"),
    "weekday_2": ("三", "Wed"),
    "weekday_3": ("四", "Thu"),
    "weekday_4": ("五", "Fri"),
    "weekday_5": ("六", "Sat"),
    "weekday_6": ("日", "Sun"),
    # The calendar feed
    "calendar": ("为你推荐", "Suggested for you"),
}
