"""Purchase plans: reasons, warnings, assumptions, rules and stages."""

MESSAGES: dict[str, tuple[str, str]] = {
    # Budgets, catalogue and venues
    "all_areas": ("全部", "all areas"),
    "budget_from_rows": (
        "{buyer} 的预算按以下预算行折算到本期：{rows}",
        "budget of {buyer}: from the rows {rows}, by their days in the period",
    ),
    "budget_without_period": (
        "{buyer} 的预算行期间“{period}”无法识别，未计入",
        "a budget row of {buyer} is left out: {period} is no period",
    ),
    "no_prices": (
        "产品均无价格：按每场 {yuan:,.0f} 元计（products.assumed_price_yuan）",
        "no product has a price: {yuan:,.0f} yuan a session assumed (products.assumed_price_yuan)",
    ),
    "no_price": ("没有价格", "it has no price"),
    "closed": (
        "本期内不在目录或许可证失效",
        "not listed in the period, or without a valid licence",
    ),
    "too_dear": (
        "单价超过任何一个采购方的预算",
        "one session costs more than any buyer's budget",
    ),
    "population_unknown": (
        "有街道人口未知：均等性按每街道同等人口计",
        "population of some streets unknown: evenness takes all streets as equally large",
    ),
    "no_venues": (
        "没有场馆资料（不限座位与场次）：{streets}",
        "no venues known (seats and sessions not limited): {streets}",
    ),
    "not_listed": ("不在本期目录", "not in the catalogue of the period"),
    "no_licence": ("供应商没有许可：{licence}", "the supplier has no licence: {licence}"),
    "licence_expires": ("许可证 {day} 到期", "the licence expires on {day}"),
    "quota_not_fillable": (
        "目录不足以满足默认最低占比 {share:.0%}，未执行：{quota}",
        "the catalogue cannot fill the default minimum share of {share:.0%}: {quota} left out",
    ),
    "stopped_empty": (
        "停止规则：此前 {sessions} 场平均上座率低于 {fill:.0%}",
        "stop rule: {sessions} past sessions were less than {fill:.0%} full on average",
    ),
    "stopped_displeased": (
        "停止规则：此前 {times} 次满意度平均 {mean:.1f}",
        "stop rule: mean satisfaction {mean:.1f} over {times} past orders",
    ),
    # Warnings
    "no_free_venue": (
        "没有空余场次的合适场馆，须另行落实",
        "no suitable venue has a free slot: one must be found",
    ),
    "last_session_adds_nothing": (
        "最后一场预计不增加人次",
        "the last session is expected to add no attendance",
    ),
    "wide_interval": (
        "需求区间很宽，建议先少量试行",
        "demand is very uncertain: try a few sessions first",
    ),
    "recused": (
        "回避：{officer} 不得决定（{reason}）",
        "recusal: {officer} must not decide ({reason})",
    ),
    "licence_expires_hold_before": (
        "许可证有效至 {day}（含），须在此前演出",
        "the licence is valid through {day}: hold the sessions by then",
    ),
    "splitting_line": (
        "化整为零风险：同一供应商同类采购接近限额",
        "splitting risk: purchases of one kind from one supplier come close to the threshold",
    ),
    "splitting": (
        "化整为零风险：{buyer} 向 {supplier} 采购同类（{category}）合计 {yuan:,.0f} 元，"
        "达到限额 {limit:,.0f} 元的九成",
        "splitting risk: {buyer} buys {yuan:,.0f} yuan of {category} from {supplier}, "
        "nine tenths of the threshold of {limit:,.0f} yuan or more",
    ),
    "smaller_venue": (
        "首选场馆场次已满，安排在 {seats:.0f} 座场馆（估算按 {counted:.0f} 座）",
        "the preferred venue is full: held in one of {seats:.0f} seats ({counted:.0f} assumed)",
    ),
    "unplaced": (
        "{sessions} 场没有空余场馆，须另行落实",
        "{sessions} sessions have no free venue: one must be found",
    ),
    "underspent": (
        "预算只用了 {share:.0%}：{limits}",
        "only {share:.0%} of the budget is used: {limits}",
    ),
    "left_out": (
        "{products} 个产品无法列入，原因见“未列入”",
        "{products} products cannot be planned; the reasons are listed",
    ),
    "default_eased": (
        "默认规则无法满足，已放宽：{rule}（{conflicts}）",
        "default rules could not be kept and were eased: {rule} ({conflicts})",
    ),
    "evenness_eased": (
        "限时内未找到满足默认均等约束的方案，已放宽均等约束",
        "no plan with the default evenness bound was found in time: the bound was eased",
    ),
    "default.min_shares": (
        "最低占比（新产品、新供应商、老年、儿童）",
        "minimum shares (new products, new suppliers, seniors, children)",
    ),
    "default.floors": ("居委与街道保底场次", "minimum sessions of committees and streets"),
    "default.evenness": ("均等约束", "evenness bound"),
    "default.halls": ("场馆每月场次上限", "sessions a venue and month"),
    "default.growth": ("场次增长上限", "growth of a street's sessions"),
    "few_products": (
        "目录只有 {products} 个产品，平常每季每街镇 {sessions:.0f} 场：同一产品允许 {most} 场",
        "{products} products for {sessions:.0f} sessions a street in a usual quarter: "
        "up to {most} sessions of a product",
    ),
    "default.supplier_share": ("单一供应商上限", "cap per supplier"),
    # Reasons of lines
    "required_item": ("规定采购：{reason}", "required: {reason}"),
    "demand_rank": (
        "预计每场 {people:.0f} 人次，需求列本街道第 {rank} 位",
        "{people:.0f} attendances a session expected; number {rank} of the street's demand",
    ),
    "cost_per_attendance": ("每人次 {yuan:.1f} 元", "{yuan:.1f} yuan an attendance"),
    "few_people": (
        "本街道依据不足 10 人，数字按全区水平乘以可及人口推算",
        "fewer than 10 people observed in the street: the district's rate for those within reach",
    ),
    "own_bookings": ("依据本街道 {bookings} 次预约", "from {bookings} bookings of the street"),
    "new_product": (
        "新产品，由同类产品、供应商与受众推算",
        "new product: inferred from its category, supplier and audience",
    ),
    "survey_votes": ("问卷中 {votes} 票选了本产品", "{votes} survey votes for this product"),
    "standing": (
        "本期已安排 {sessions} 场，按增加场次估算",
        "{sessions} sessions already stand in the period; these are further ones",
    ),
    "meets_minimum": ("满足最低要求：{group}", "meets a minimum: {group}"),
    "weighted": ("特色或品牌加权 {weight:g}", "speciality or brand weight {weight:g}"),
    "tours_not_placed": (
        "另有 {sessions} 场巡演未能排在同月，请与邻街商定日期",
        "{sessions} touring sessions found no common month: agree on days with the neighbour",
    ),
    "tour": (
        "巡演：建议 {day}，{street} {other_day}",
        "tour: {day} proposed, {street} on {other_day}",
    ),
    # Answers to why and why not
    "planned_cost": (
        "已列入：一场预计 {people:,.0f} 人次、{yuan:,.0f} 元，"
        "不买它而重排，全案预计少 {cost:,.1f} 人次",
        "planned: {people:,.0f} attendances and {yuan:,.0f} yuan a session; without it the plan "
        "loses {cost:,.1f} attendances",
    ),
    "planned_required": ("已列入：规则需要它", "planned: a rule needs it"),
    "unplanned_cost": (
        "未列入：一场预计 {people:,.0f} 人次、{yuan:,.0f} 元，"
        "若安排一场，全案预计少 {cost:,.1f} 人次",
        "not planned: {people:,.0f} attendances and {yuan:,.0f} yuan a session; with one session "
        "the plan loses {cost:,.1f} attendances",
    ),
    "unplanned_not_allowed": (
        "未列入：规则、场馆或目录不允许",
        "not planned: rules, venues or the catalogue do not allow it",
    ),
    # Rules that cannot hold together, and what else makes a plan impossible
    "conflict.budget": (
        "{place} 的预算：最多 {yuan:,.0f} 元",
        "budget of {place}: at most {yuan:,.0f} yuan",
    ),
    "conflict.floor_sessions": (
        "{place} 的保底：至少 {sessions:.0f} 场",
        "floor of {place}: at least {sessions:.0f} sessions",
    ),
    "conflict.floor_attendance": (
        "{place} 的保底：每千居民至少 {attendances:g} 人次",
        "floor of {place}: at least {attendances:g} attendances per 1,000 residents",
    ),
    "conflict.supplier_share": (
        "供应商 {subject}：最多占预算 {yuan:,.0f} 元的 {share:.0%}",
        "supplier {subject}: at most {share:.0%} of the budget of {yuan:,.0f} yuan",
    ),
    "conflict.sessions_max": (
        "目录：产品 {subject} 最多可订 {sessions:.0f} 场",
        "catalogue: product {subject} can be had {sessions:.0f} times at most",
    ),
    "conflict.required": (
        "规定采购：{place} 的产品 {subject}，至少 {sessions:.0f} 场",
        "required: product {subject} in {place}, at least {sessions:.0f} sessions",
    ),
    "conflict.required_over": (
        "{place} 的 {subject} 要求 {sessions:.0f} 场，而同一产品在一个街镇最多 {most:.0f} 场："
        "把它改为 {most:.0f} 场以内，或在规则文件中写明更大的 plan.sessions_per_product",
        "{sessions:.0f} sessions of {subject} in {place} are required, and one product comes to a"
        " street {most:.0f} times at most: ask for no more than {most:.0f}, or give"
        " plan.sessions_per_product a larger number in the rules",
    ),
    "conflict.evenness": (
        "均等：街镇间基尼系数最高 {gini:g}",
        "evenness: Gini over streets at most {gini:g}",
    ),
    "conflict.venue_slots": (
        "{place} 的场馆（{seats:g} 座以上）：最多 {sessions:.0f} 场",
        "venues of {place} with more than {seats:g} seats: at most {sessions:.0f} sessions",
    ),
    "conflict.most_sessions": (
        "{place}：最多 {sessions:.0f} 场",
        "{place}: at most {sessions:.0f} sessions",
    ),
    "conflict.quota.min_share": (
        "{subject}：至少占支出的 {share:.0%}",
        "{subject}: at least {share:.0%} of the spending",
    ),
    "conflict.quota.max_share": (
        "{subject}：最多占预算的 {share:.0%}",
        "{subject}: at most {share:.0%} of the budget",
    ),
    "conflict.quota.min_sessions": (
        "{subject}：至少 {sessions:.0f} 场",
        "{subject}: at least {sessions:.0f} sessions",
    ),
    "conflict.quota.max_sessions": (
        "{subject}：最多 {sessions:.0f} 场",
        "{subject}: at most {sessions:.0f} sessions",
    ),
    "conflict.allowed": (
        "{place} 不能安排 {subject}：目录、许可、场馆或排除规则",
        "{subject} may not be held in {place}: catalogue, licence, venue or an exclusion",
    ),
    "conflict.time_limit": (
        "限时内未找到方案",
        "no plan was found in the time allowed",
    ),
    # Stages (七个一); the official content was not found, these names are assumed
    "stage.survey": ("需求征集", "collecting wishes"),
    "stage.catalogue": ("目录发布", "publishing the catalogue"),
    "stage.suggestion": ("建议生成", "suggesting a plan"),
    "stage.street": ("街镇确认", "confirmation by the street"),
    "stage.district": ("区级审核", "review by the district"),
    "stage.order": ("下单配送", "ordering and delivery"),
    "stage.acceptance": ("验收评价", "acceptance and rating"),
    # Groups of products
    "group.category.performance": ("演出", "performances"),
    "group.category.lecture": ("讲座", "lectures"),
    "group.category.exhibition": ("展览", "exhibitions"),
    "group.category.tour": ("导赏", "guided tours"),
    "group.category.course": ("课程", "courses"),
    "group.category.film": ("电影", "films"),
    "group.category.activity": ("活动", "activities"),
    "group.category.reading": ("阅读", "reading"),
    "group.category.online": ("线上", "online"),
    "group.audience.all": ("全体", "everybody"),
    "group.audience.children": ("儿童", "children"),
    "group.audience.family": ("亲子", "families"),
    "group.audience.youth": ("青年", "young people"),
    "group.audience.adult": ("成人", "adults"),
    "group.audience.senior": ("老年", "seniors"),
    "group.audience.disabled": ("残障", "people with disabilities"),
    "group.new.products": ("新产品", "new products"),
    "group.new.suppliers": ("新供应商", "new suppliers"),
    # Rules of the file
    "rule.plan.caution": ("谨慎程度（1 按需求下限）", "caution (1: low end of demand)"),
    "rule.plan.shrinkage": (
        "向街道平均水平收缩估计的程度（0 不收缩）",
        "shrinkage of estimates towards the street's mean (0: none)",
    ),
    "rule.plan.sessions_per_product": (
        "同一街道同一产品最多场次",
        "most sessions of one product in a street",
    ),
    "rule.plan.matching": (
        "供需匹配权重（0 只看人次，1 资金随需求）",
        "weight of matching wants (0: attendances alone, 1: money follows wants)",
    ),
    "rule.plan.growth_max": (
        "每街镇场次上限（平常季度的倍数）",
        "sessions of a street at most (times a usual quarter's)",
    ),
    "rule.plan.lead_days": ("首场提前天数", "days before the first session"),
    "rule.plan.months": ("可安排的月份", "months that can be used"),
    "rule.floor.sessions_per_street": ("每街镇保底场次", "minimum sessions a street"),
    "rule.floor.sessions_per_committee": ("每居委保底场次", "minimum sessions a committee"),
    "rule.floor.attendance_per_1000": (
        "每千居民保底人次",
        "minimum attendances per 1,000 residents",
    ),
    "rule.evenness.gini_max": (
        "街镇间基尼系数上限",
        "upper bound on the Gini coefficient over streets",
    ),
    "rule.evenness.aim": (
        "为预测误差留余量（按上限的比例）",
        "margin for forecast errors (share of the bound)",
    ),
    "rule.supplier.share_max": (
        "单一供应商占预算上限",
        "largest share of the budget for one supplier",
    ),
    "rule.new.products_min_share": ("新产品最低占比", "minimum share of new products"),
    "rule.new.suppliers_min_share": ("新供应商最低占比", "minimum share of new suppliers"),
    "rule.new.stop_after_sessions": ("停止规则：至少场次", "stop rule: sessions at least"),
    "rule.new.stop_below_fill": (
        "停止规则：平均上座率低于",
        "stop rule: mean seat fill below",
    ),
    "rule.new.stop_below_satisfaction": (
        "停止规则：平均满意度低于",
        "stop rule: mean satisfaction below",
    ),
    "rule.touring.discount": ("巡演每场优惠", "discount on a touring session"),
    "rule.touring.distance_m": (
        "巡演街镇距离上限（米）",
        "largest distance between touring streets (m)",
    ),
    "rule.venues.sessions_per_month": ("每场馆每月场次上限", "sessions a venue and month at most"),
    "rule.splitting.threshold_yuan": (
        "化整为零提示限额（元）",
        "threshold of the splitting warning (yuan)",
    ),
    "rule.products.assumed_price_yuan": (
        "无价格时按（元）",
        "price assumed where none is known (yuan)",
    ),
    "rule.street": ("街镇特色权重", "weight of a street's speciality"),
    "rule.exclude": ("不予采购", "excluded"),
    "rule.require": ("规定采购", "required"),
    "rule.recuse": ("回避", "recusal"),
    "bound.min_share": ("最低占支出", "minimum share of the spending"),
    "bound.max_share": ("最高占预算", "maximum share of the budget"),
    "bound.min_sessions": ("最少场次", "minimum sessions"),
    "bound.max_sessions": ("最多场次", "maximum sessions"),
    "bound.weight": ("权重", "weight"),
    "bound_of_group": ("{group}：{bound}", "{group}: {bound}"),
}
"""Key to the Chinese and the English sentence."""
