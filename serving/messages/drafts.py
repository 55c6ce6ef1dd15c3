"""A plan while it is solved, edited, questioned and compared."""

MESSAGES: dict[str, tuple[str, str]] = {
    # While it is being solved
    "stage_reading": ("读取数据、估计需求", "reading the data, estimating demand"),
    "stage_solving": ("求解", "solving"),
    "stage_writing": ("排期、写出方案", "scheduling and writing it down"),
    "seconds": ("已用时间", "So far"),
    "seconds_value": ("{n}秒", "{n} s"),
    "incumbent": ("目前最好的方案", "Best plan so far"),
    "incumbent_value": ("加权{value}人次", "{value} weighted attendances"),
    "none_found": ("还没有", "none yet"),
    "gap": ("离最优最多还差", "At most this far from the best"),
    "gap_value": ("{gap}", "{gap}"),
    "gap_unknown": ("还不知道", "not known yet"),
    "cancel": ("停止求解", "Stop solving"),
    "cancelled": ("求解已停止", "The solving was stopped"),
    "cancelled_by": ("由 {who} 停止。可用同样的条件重新求解。", "By {who}. It can be made again."),
    "failed_conflict": (
        "下列规则或要求不能同时满足，请放宽其中一条后重新求解：",
        "These rules and wishes cannot all be kept; ease one of them and have the plan made again:",
    ),
    "failed_time": (
        "限定时间内没有找到方案。请减少一些要求，或稍后用同样的条件重新求解。",
        "No plan was found in the time allowed. Ask for less, or make the same plan again later.",
    ),
    "failed_ended": (
        "求解程序意外中断，你填写的内容都在。请用同样的条件重新求解；再次中断时请通知管理员。",
        "The planner was ended unexpectedly; what you entered is kept. Make the same plan again,"
        " and tell the operator if it ends once more.",
    ),
    "failed_asked": (
        "按所填的条件无法求解。请检查时期、预算和规则文件；下面是程序的说明：",
        "It cannot be solved as it was asked. Check the period, the budget and the rules file; the"
        " program says:",
    ),
    "retry": ("用同样的条件重新求解", "Make the same plan again"),
    # The draft
    "title": ("方案草稿", "Draft of the plan"),
    "edit": ("编辑草稿", "Edit a draft"),
    "help": (
        "在签署的方案旁边修改：每次修改都保存并立即检查规则，签署的方案不变。",
        "Changes beside the signed plan: each is kept and checked against the rules at once; the"
        " signed plan stays as it is.",
    ),
    "no_draft": (
        "这个方案由较早的版本生成，没有保存修改所需的数据。请重新生成后再编辑。",
        "An earlier release made this plan and did not keep what changing it needs. Make it again.",
    ),
    "changed_meanwhile": (
        "你打开本页之后，其他人修改了草稿。你填写的内容已保留，尚未保存；看过后再次提交即可。",
        "Somebody changed the draft since you opened this page. What you entered is kept below and"
        " not saved yet; look, and send it again.",
    ),
    "not_taken": ("没有保存：", "Not saved:"),
    "refused_change": ("没有这种修改。", "There is no such change."),
    "refused_when": ("日期应为月份或某一天。", "A date is a month or a day."),
    "refused_hall": ("没有这个场馆。", "There is no such hall."),
    "refused_product": ("请从列表中选择产品。", "Choose a product of the list."),
    "refused_buyer": ("该采购方不为本街镇采购。", "This buyer does not buy for the street."),
    "refused_count": ("场次为1至{most}的整数。", "Sessions are a whole number from 1 to {most}."),
    "was": ("方案中为{value}", "{value} in the plan"),
    "matching": ("供需匹配度", "Matching of wants"),
    "money": ("预算", "Budget"),
    "mix": ("类别构成（按金额）", "Mix by category (of the amount)"),
    "n_sessions": ("{n}场", "{n} sessions"),
    "broken_title": ("有{n}处不符合规则", "Does not keep the rules ({n})"),
    "and_more": ("另有{n}处。", "And {n} more."),
    "keeps_all": ("草稿符合全部规则。", "The draft keeps every rule."),
    "lines": ("{n}行", "{n} lines"),
    "place": ("场馆和时间", "Hall and time"),
    "change": ("修改", "Change"),
    "by_course": ("每期{n}课时，按整期采购", "{n} lessons a course, bought whole"),
    "for_all": ("全区采购一次", "once for all streets"),
    "added": ("新增", "added"),
    "removed": ("已删除", "removed"),
    "locked": ("已锁定", "locked"),
    "sessions_were": ("原为{n}场", "was {n}"),
    "move": ("换场馆或日期", "another hall or date"),
    "month": ("月份", "Month"),
    "day": ("日期（可不填）", "Day (may be left out)"),
    "sessions_of": ("{title}的场次", "Sessions of {title}"),
    "save": ("保存", "Save"),
    "lock": ("锁定", "Lock"),
    "unlock": ("解锁", "Unlock"),
    "remove": ("删除", "Remove"),
    "restore": ("恢复", "Put back"),
    "reset": ("还原", "As planned"),
    "add_title": ("新增一个产品", "Add a product"),
    "add": ("新增", "Add"),
    "offer": (
        "{title}（{category}，约{expected}人次，{price}）",
        "{title} ({category}, about {expected} attendances, {price})",
    ),
    "history": ("修改记录（{n}次）", "Changes so far ({n})"),
    "again": ("按我的修改重新求解", "Solve again around my changes"),
    "again_help": (
        "锁定、新增和改过场次的行至少保留这些场次，删除的不再安排，其余重新优化，得到一个注明来源的新方案。",
        "Locked, added and changed lines keep at least their sessions, removed ones stay out, and"
        " the rest is optimised again: a new plan that names this one.",
    ),
    "item_reason": ("{who}在草稿中的修改", "{who}’s change in the draft"),
    "parent": ("由方案 {plan} 修改后重新求解。", "Solved again around changes of plan {plan}."),
    "see_changes": ("看改了什么", "See what changed"),
    "did_sessions": (
        "{street} · {title}：改为{sessions}场",
        "{street} · {title}: {sessions} sessions",
    ),
    "did_place": ("{street} · {title}：{venue}，{when}", "{street} · {title}: {venue}, {when}"),
    "did_remove": ("{street} · {title}：删除", "{street} · {title}: removed"),
    "did_restore": ("{street} · {title}：恢复", "{street} · {title}: put back"),
    "did_lock": ("{street} · {title}：锁定", "{street} · {title}: locked"),
    "did_unlock": ("{street} · {title}：解锁", "{street} · {title}: unlocked"),
    "did_add": ("{street} · {title}：新增{sessions}场", "{street} · {title}: {sessions} added"),
    "did_reset": ("{street} · {title}：还原", "{street} · {title}: as planned again"),
    # Weighing and comparing
    "weigh": ("权衡", "Weigh"),
    "prices": ("每条规则的代价", "What each rule costs"),
    "prices_help": (
        "界限放宽一成，大约能多多少人次；按代价从大到小。",
        "Attendances that a tenth more of a bound would gain, largest first; by the linear"
        " relaxation.",
    ),
    "rule": ("规则", "Rule"),
    "gain": ("多出人次", "More attendances"),
    "no_prices": (
        "没有规则限制这个方案，或线性松弛没有给出代价。",
        "No rule holds this plan back, as far as the linear relaxation tells.",
    ),
    "more": ("再加一场，加在哪里最有用？", "Where would one more session help most?"),
    "more_help": (
        "在方案之外再加一场预计多出的人次；规则允许的排在前面。",
        "Attendances that one session beside the plan would add; what the rules allow comes first.",
    ),
    "price": ("每场价格", "Price a session"),
    "in_the_way": ("不符合的规则", "Rules in the way"),
    "nothing_in_the_way": ("规则允许", "the rules allow it"),
    "no_more": ("没有可以再加的场次。", "There is nothing that could be added."),
    "frontiers": ("其他取舍", "Other trade-offs"),
    "frontiers_help": (
        "每个点都重新求解一次，大约需要半分钟；方案本身不变。",
        "Every point is solved again, which takes about half a minute; the plan stays as it is.",
    ),
    "by_budget": ("预算", "Budget"),
    "by_evenness": ("均等", "Evenness"),
    "by_matching": ("供需匹配", "Matching of wants"),
    "by_shares": ("均分法（Equal Shares）", "Equal Shares"),
    "frontier_budget": ("不同预算下的预计人次", "Attendances at other budgets"),
    "frontier_evenness": (
        "不同均等要求下的预计人次",
        "Attendances at other bounds on unevenness",
    ),
    "frontier_matching": (
        "人次优先还是匹配优先",
        "Attendances as the matching of wants weighs more",
    ),
    "asked_budget": ("预算", "Budget"),
    "asked_evenness": ("基尼系数上限", "Gini at most"),
    "asked_matching": ("匹配的权重", "Weight of matching"),
    "no_points": ("没有得出任何方案。", "No plan came of it."),
    "shares_help": (
        "每位居民分得同样多的钱，由各街镇用来支持想看的活动；不考虑你的规则，只作参考。",
        "Every resident gets an equal part of the money for what their street wants. It knows none"
        " of your rules: an opinion to look at.",
    ),
    "agreed": ("与方案相同的场次：{share}。", "It buys {share} of the plan’s sessions, too."),
    "differ": ("不同之处（{n}处）", "Where it differs ({n})"),
    "compare": ("比较两个方案", "Compare two plans"),
    "compare_with": ("与哪个方案比较", "With which plan"),
    "nothing_to_compare": ("还没有别的方案。", "There is no other plan yet."),
    "figures": ("主要数字", "Figures"),
    "the_other": ("另一方案", "the other"),
    "this": ("本方案", "this one"),
    "figure_amount_fen": ("金额", "Amount"),
    "figure_sessions": ("场次", "Sessions"),
    "figure_expected": ("预计人次", "Attendances"),
    "figure_gini": ("街镇间基尼系数", "Gini over streets"),
    "figure_matching": ("供需匹配度", "Matching of wants"),
    "lines_differ": ("不同的行（{n}）", "Lines that differ ({n})"),
    "same_lines": ("两个方案的场次完全相同。", "Both plans buy the same sessions."),
    # What a draft breaks
    "broken": (
        "{rule}：{place} {subject} 为{found}，界限{bound}",
        "{rule}: {place} {subject} has {found}, the bound is {bound}",
    ),
    "broken_budget": (
        "预算：{place}要花{found}元，只有{bound}元",
        "budget: {place} spends {found} yuan and has {bound}",
    ),
    "broken_serves": (
        "采购范围：{subject}不为{place}采购",
        "buyers: {subject} does not buy for {place}",
    ),
    "broken_sessions_max": (
        "目录：{subject}共{found}场，最多可订{bound}场",
        "catalogue: {found} sessions of {subject}, which can be had {bound} times",
    ),
    "broken_sessions_per_cell": (
        "重复：{place}的{subject}有{found}场，同一产品最多{bound}场",
        "repetition: {found} sessions of {subject} in {place}, at most {bound} of one product",
    ),
    "broken_allowed": (
        "{place}不能安排{subject}：目录、许可、场馆或排除规则",
        "{subject} may not be held in {place}: catalogue, licence, venue or an exclusion",
    ),
    "broken_required": (
        "规定采购：{place}的{subject}只有{found}场，至少要{bound}场",
        "required: {found} sessions of {subject} in {place}, at least {bound} must be",
    ),
    "broken_evenness": (
        "均等：街镇间基尼系数{found}，最高{bound}",
        "evenness: Gini over streets {found}, at most {bound}",
    ),
    "broken_floor_sessions": (
        "保底：{place}只有{found}场，至少要{bound}场",
        "floor: {place} has {found} sessions, at least {bound} are due",
    ),
    "broken_floor_attendance": (
        "保底：{place}预计{found}人次，至少要{bound}人次",
        "floor: {found} attendances in {place}, at least {bound} are due",
    ),
    "broken_supplier_share": (
        "供应商：{subject}得{found}元，最多{bound}元",
        "supplier: {subject} gets {found} yuan, at most {bound}",
    ),
    "broken_venue_slots": (
        "场馆：{place}安排了{found}场，场馆只容{bound}场",
        "venues: {found} sessions in {place}, whose halls have room for {bound}",
    ),
    "broken_most_sessions": (
        "规模：{place}有{found}场，最多{bound}场",
        "volume: {place} has {found} sessions, at most {bound}",
    ),
    "broken_quota.min_share": (
        "{subject}：花{found}元，按比例至少要{bound}元",
        "{subject}: {found} yuan, at least {bound} by its share",
    ),
    "broken_quota.max_share": (
        "{subject}：花{found}元，按比例最多{bound}元",
        "{subject}: {found} yuan, at most {bound} by its share",
    ),
    "broken_quota.min_sessions": (
        "{subject}：{found}场，至少要{bound}场",
        "{subject}: {found} sessions, at least {bound}",
    ),
    "broken_quota.max_sessions": (
        "{subject}：{found}场，最多{bound}场",
        "{subject}: {found} sessions, at most {bound}",
    ),
    "misplaced_outside": (
        "{street} · {title}：{month}不在计划期内",
        "{street} · {title}: {month} is not in the period",
    ),
    "misplaced_closed": (
        "{street} · {title}：{month}不能演出（目录或许可）",
        "{street} · {title}: not to be had in {month} (catalogue or licence)",
    ),
    "misplaced_full": (
        "{street} · {title}：{venue}在{month}已排满",
        "{street} · {title}: {venue} is full in {month}",
    ),
    "misplaced_holiday": (
        "{street} · {title}：{month}是法定节假日，方案不在这天安排活动",
        "{street} · {title}: {month} is a public holiday, on which plans hold nothing",
    ),
    "misplaced_early": (
        "{street} · {title}：{month}太早，来不及准备",
        "{street} · {title}: {month} is before the lead time is over",
    ),
    "misplaced_elsewhere": (
        "{street} · {title}：{venue}不在本街镇",
        "{street} · {title}: {venue} is in another street",
    ),
    "misplaced_unsuitable": (
        "{street} · {title}：{venue}座位不足或没有无障碍设施",
        "{street} · {title}: {venue} has too few seats or steps",
    ),
}
