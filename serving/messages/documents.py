"""Tables, printed pages, letters and feeds: headings, notes and sentences."""

MESSAGES: dict[str, tuple[str, str]] = {
    # Figures of a plan
    "figure": ("指标", "Figure"),
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
    # Plots
    "plot_present": ("本方案", "this plan"),
    "plot_attendances": ("预计人次", "expected attendances"),
    "plot_across_budget": ("预算（万元）", "budget (10,000 yuan)"),
    "plot_across_evenness": ("街镇间基尼系数上限", "bound on the Gini coefficient"),
    "plot_across_matching": ("供需匹配度", "matching of supply and wants"),
    "plot_title_budget": ("{period} 人次与预算", "{period}: attendance against budget"),
    "plot_title_evenness": ("{period} 人次与均衡", "{period}: attendance against evenness"),
    "plot_title_matching": ("{period} 人次与供需匹配", "{period}: attendance against wants"),
    "plot_errors": ("预测误差（按层级）", "Errors of forecasts by level"),
    "plot_error_share": (
        "绝对误差之和 ÷ 人次",
        "sum of absolute errors / attendances",
    ),
    # The rules file to fill in
    "rules_head": (
        "采购方案规则。金额用元；街镇、采购方、产品、供应商、类别、人群写代码或名称都行。",
        "Rules of a purchase plan. Amounts in yuan; codes or names of streets, buyers, products.",
    ),
    "rules_how": (
        "下面都是默认值。要改哪一条，去掉该行行首的 # 再改数字。"
        "没有写的保持默认，做不到时会让步并提示；自己写的绝不让步。",
        "These are the defaults. Take the # off a rule to set it; what is set never yields.",
    ),
    "rules_groups": (
        '类别、人群和品牌写成 [category."讲座"]、[audience."老年"]、[brand."舞蹈"]，'
        "其下可写：{bounds}",
        'Of categories, audiences and brands: [category."lecture"] and below it {bounds}',
    ),
    "rules_items": (
        '其他写法：\n[budget_yuan]\n"仙霞新村街道" = 400000\n'
        '[street."仙霞新村街道"]\n"沪剧" = 1.2\n'
        '[[require]]\nproduct = "产品名"\nstreet = "新泾镇"\nsessions = 1\nreason = "街镇征集"\n'
        '[[exclude]]\nproduct = "产品名"\nreason = "已有"\n'
        '[[recuse]]\nofficer = "王敏"\nsupplier = "供应商名"\nreason = "亲属任职"',
        'Also:\n[budget_yuan]\n"street" = 400000\n[street."street"]\n"tag" = 1.2\n[[require]]\n'
        'product = "title"\nstreet = "street"\nsessions = 1\nreason = "why"\n[[exclude]]\n'
        'product = "title"\nreason = "why"\n[[recuse]]\nofficer = "name"\nsupplier = "name"\n'
        'reason = "why"',
    ),
}
