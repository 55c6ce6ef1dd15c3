"""The workbook of a plan: sheets, headings and notes; and what became of one read back."""

MESSAGES: dict[str, tuple[str, str]] = {
    "title": ("采购建议 {period}", "Purchase plan {period}"),
    "heading": ("公共文化采购建议 {period}", "Purchase plan for public culture {period}"),
    "disclaimer": (
        "本表是建议，由采购人员逐行决定并写明理由；预计人次为模型估计，区间为 80%。",
        "This workbook is a suggestion; officers decide on every line and state the reason. "
        "Attendances are model estimates with 80% intervals.",
    ),
    "interval": ("区间合计 {low:,.0f}–{high:,.0f}", "total interval {low:,.0f}–{high:,.0f}"),
    "page": ("第 &P 页，共 &N 页", "page &P of &N"),
    "line": ("行号", "Line"),
    "buyer": ("采购方", "Buyer"),
    "street": ("街镇", "Street"),
    "product": ("产品", "Product"),
    "category": ("类别", "Category"),
    "supplier": ("供应商", "Supplier"),
    "venue": ("场馆", "Venue"),
    "sessions": ("场次", "Sessions"),
    "amount_yuan": ("金额（元）", "Amount (yuan)"),
    "expected": ("预计人次", "Expected attendances"),
    "yuan_each": ("元/人次", "Yuan per attendance"),
    "grounds": ("建议依据", "Grounds of the suggestion"),
    "notes": ("提示", "Notes"),
    "product_id": ("产品编号", "Product ID"),
    "supplier_id": ("供应商编号", "Supplier ID"),
    "street_code": ("街镇代码", "Street code"),
    "venue_id": ("场馆编号", "Venue ID"),
    "optimal": ("已证明接近最优", "proven close to the optimum"),
    "feasible": ("满足全部规则", "all rules are kept"),
    "infeasible": ("规则冲突", "rules conflict"),
    "summary": ("汇总", "Summary"),
    "lines": ("明细", "Lines"),
    "by_street": ("按街镇", "By street"),
    "by_supplier": ("按供应商", "By supplier"),
    "by_category": ("按类别", "By category"),
    "rules": ("规则", "Rules"),
    "left_out": ("未列入", "Left out"),
    "data": ("数据", "Data"),
    "default": ("默认", "default"),
    "eased": ("（已放宽）", ", eased"),
    "line_of_file": ("第 ", "line "),
    "budget_yuan": ("预算（元）", "Budget (yuan)"),
    "planned_yuan": ("建议金额（元）", "Planned amount (yuan)"),
    "budget_used": ("预算使用率", "Share of the budget used"),
    "products": ("产品数", "Products"),
    "suppliers": ("供应商数", "Suppliers"),
    "streets": ("街镇数", "Streets"),
    "cost_each": ("每人次成本（元）", "Cost per attendance (yuan)"),
    "new_share": ("新产品金额占比", "Share of new products"),
    "gini": ("街镇间基尼系数", "Gini coefficient over streets"),
    "gini_note": (
        "每居民预计人次；0 为完全均等",
        "expected attendances per resident; 0 is perfect equality",
    ),
    "matching": ("供需匹配度", "Match of supply and wants"),
    "matching_note": ("各类别需求与计划见“按类别”", "wants and plan by category: see that sheet"),
    "status": ("求解状态", "Status of the solution"),
    "gap": ("与最优的差距不超过", "Gap to the optimum at most"),
    "gap_note": ("按预计人次计的上界", "upper bound on expected attendances"),
    "model": ("模型版本", "Model version"),
    "data_date": ("数据截至", "Data as of"),
    "plan_id": ("建议编号", "Plan ID"),
    "item": ("项目", "Item"),
    "value": ("数值", "Value"),
    "note": ("说明", "Note"),
    "stage": ("办理阶段", "Stage"),
    "officer": ("经办人", "Officer"),
    "remark": ("日期与意见", "Date and remark"),
    "yes": ("是", "yes"),
    "total": ("合计", "Total"),
    "count": ("行数", "Lines"),
    "share": ("金额占比", "Share of the amount"),
    "code": ("代码", "Code"),
    "id": ("编号", "ID"),
    "name_in_file": ("文件中的名称", "Name in the file"),
    "set_to": ("取值", "Set to"),
    "source": ("来源", "Source"),
    "reason": ("原因", "Reason"),
    # The lines as they are printed and decided
    "lines_heading": ("公共文化采购建议 {period}　{buyer}", "Purchase plan {period}: {buyer}"),
    "how_to_decide": (
        "逐行在“决定”选采纳、调整或不采纳，并写理由；调整须填场次；无利益冲突的选“是”，有的留空、交由他人决定（回避）。"
        "填好后：gongxu decide --from 本文件，或在工作台方案页上传。★ 新产品　▲ 有提示，见“提示”页",
        "Choose a decision in every line and give the reason; a change needs its sessions; declare "
        "that there is no own interest, or leave the line to another. Then: gongxu decide --from "
        "this file, or upload it at the plan's page. ★ new product, ▲ has notes",
    ),
    "officer_name": ("经办人", "Officer"),
    "column_line": ("行号", "Line"),
    "column_street": ("街镇", "Street"),
    "column_product": ("产品\n类别・供应商", "Product\ncategory, supplier"),
    "column_venue": ("场馆", "Venue"),
    "column_dates": ("排期", "Dates"),
    "run_of_days": ("{first}\n至 {last}", "{first}\nto {last}"),
    "column_sessions": ("场次", "Sessions"),
    "column_amount_yuan": ("金额（元）", "Amount (yuan)"),
    "column_expected": ("预计人次", "Expected"),
    "column_interval": ("80% 区间", "80% interval"),
    "column_last_year": ("去年同季同类", "Last year, same quarter and category"),
    "column_decision": ("决定", "Decision"),
    "column_new_sessions": ("调整为（场）", "Change to (sessions)"),
    "column_reason": ("理由", "Reason"),
    "column_no_interest": ("无利益冲突", "No own interest"),
    "last_year_cell": ("{sessions} 场\n{people} 人次", "{sessions} sessions\n{people} people"),
    "no_venue": ("另行落实", "to be found"),
    "page_total": ("本页小计", "This page"),
    "decision_accept": ("采纳", "accept"),
    "decision_change": ("调整", "change"),
    "decision_reject": ("不采纳", "reject"),
    "cannot_enter": ("不能这样填", "This cannot be entered"),
    "choose_decision": ("请从列表中选：采纳、调整、不采纳", "Choose from the list"),
    "whole_sessions": ("请填整数场次，1 至 999", "Whole sessions, 1 to 999"),
    "shorter_reason": ("理由不超过 {most} 字", "At most {most} characters"),
    "declare": (
        "没有利益冲突的选“是”；有的请留空，由他人决定",
        "Choose yes, or leave the line to another officer",
    ),
    "signatures": (
        "经办人：＿＿＿＿＿＿＿＿　　审核人：＿＿＿＿＿＿＿＿　　日期：＿＿＿＿＿＿＿＿",
        "Officer: ____________  Reviewer: ____________  Date: ____________",
    ),
    "page_foot": ("{plan}　模型 {version}", "{plan}, model {version}"),
    "page_number": ("第 {page} 页", "Page {page}"),
    "no_lines": ("本建议没有任何行。", "This plan has no lines."),
    "whole_district": ("全部采购方", "all buyers"),
    # Demand
    "demand_title": ("街镇需求 {period}", "Demand of the streets {period}"),
    "all_streets": ("全部街镇", "All streets"),
    "rank": ("排名", "Rank"),
    "low": ("下限", "Low"),
    "high": ("上限", "High"),
    "seats_planned": ("已排座位", "Seats planned"),
    "gap_of_seats": ("缺口", "Gap"),
    "evidence_bookings": ("依据：预约", "Bookings behind it"),
    "evidence_surveys": ("依据：问卷", "Votes behind it"),
    "suppressed": ("依据不足十人，不予显示", "rests on fewer than ten people: withheld"),
    "reading": ("说明", "How to read it"),
    "expected_means": (
        "预计人次：在该街镇常用场馆办一场、座位不限时，与平常一季的其他活动并存，预计到场的人次，含没有使用线上平台的居民。",
        "Expected: who would come to one session beside a usual quarter's others if seats were no "
        "limit, people without the app included.",
    ),
    "interval_means": (
        "下限、上限：80% 区间，真实人次大约五次中有四次落在其中；区间宽说明依据少。",
        "Low, high: an 80% interval; about four times of five the truth lies in it.",
    ),
    "evidence_means": (
        "依据：本街镇的预约数和问卷票数；少于十的留空。",
        "Behind it: the street's own bookings and votes; fewer than ten are left empty.",
    ),
    # Comparisons
    "by_audience": ("按人群", "By audience"),
    "audience": ("人群", "Audience"),
    "wants_share": ("需求份额", "Share of wants"),
    "attendances_share": ("预计人次份额", "Share of attendances"),
    "residents_share": ("占居民比例", "Share of residents"),
    "last_sessions": ("去年同季场次", "Sessions last year"),
    "last_attendances": ("去年同季人次", "Attendances last year"),
    "last_amount_yuan": ("去年同季金额（元）", "Amount last year (yuan)"),
    "last_year_note": (
        "去年同季 {sessions} 场、{people} 人次",
        "same quarter last year: {sessions} sessions, {people} attendances",
    ),
}

DECISIONS: dict[str, tuple[str, str]] = {
    # What became of a line
    "taken": ("已记录", "recorded"),
    "unchanged": ("未变", "unchanged"),
    "refused": ("不受理", "refused"),
    "accept": ("采纳，{sessions} 场", "accepted, {sessions} sessions"),
    "change": ("调整为 {sessions} 场", "changed to {sessions} sessions"),
    "reject": ("不采纳", "rejected"),
    "stands": ("已这样决定（{officer}）", "decided so already ({officer})"),
    "untouched": ("与下载时相同，未作改动", "as it was when the workbook was made"),
    "changed_meanwhile": (
        "下载之后 {officer} 已另作决定：请下载新的工作簿再定",
        "{officer} decided otherwise since the workbook was made: fetch it anew",
    ),
    "is_ordered": ("已下单，不能再改", "ordered already: it cannot be decided anew"),
    "is_delivered": ("已交付，不能再改", "delivered already: it cannot be decided anew"),
    "is_accepted": ("已验收，不能再改", "accepted already: it cannot be decided anew"),
    "recused": (
        "{officer} 须回避（{reason}），请由他人决定",
        "{officer} is recused ({reason}): another officer decides",
    ),
    "not_taken": ("{reason}", "{reason}"),
    # What is no workbook of this plan
    "not_xlsx": (
        "这个文件不是 .xlsx 工作簿，或已损坏：请下载方案的工作簿，填好后另存为 .xlsx 再上传。",
        "this file is no .xlsx workbook, or it is damaged. Fill in the plan's workbook and save it "
        "as .xlsx.",
    ),
    "too_large": (
        "这个工作簿解压后有 {mb:,.0f} MB，不像是方案的工作簿，没有读取。",
        "this workbook unpacks to {mb:,.0f} MB and was not read. A plan's workbook is smaller.",
    ),
    "far_cells": (
        "工作簿中有单元格远在表格之外（{rows:,} 行、{columns:,} 列），没有读取：请删掉表格以外的"
        "内容，或重新下载方案的工作簿。",
        "this workbook has cells far outside its table ({rows:,} rows, {columns:,} columns) and "
        "was not read. Delete them, or fetch it anew: gongxu plans save PLAN --out plan.xlsx",
    ),
    "lacks_sheets": (
        "工作簿缺少方案的“{lines}”页或“{data}”页：请重新下载方案的工作簿填写，不要删除或改名工作表。",
        "this workbook lacks the sheets {lines} and {data} of a plan. Fetch the plan's workbook: "
        "gongxu plans save PLAN --out plan.xlsx",
    ),
    "earlier_release": (
        "这个工作簿由旧版本生成，或隐藏的数据页被改动：请重新下载方案的工作簿。",
        "this workbook was made by an earlier release. Fetch the plan's workbook: "
        "gongxu plans save PLAN --out plan.xlsx",
    ),
    "data_changed": (
        "隐藏的“{data}”页被改动：请重新下载方案的工作簿。",
        "the sheet {data} was changed. Fetch the plan's workbook: "
        "gongxu plans save PLAN --out plan.xlsx",
    ),
    "not_one_plan": (
        "工作簿中没有方案的行，或混有几个方案的行：请重新下载方案的工作簿。",
        "this workbook holds no line, or lines of several plans. Fetch the plan's workbook: "
        "gongxu plans save PLAN --out plan.xlsx",
    ),
    "lacks_columns": (
        "“{lines}”页缺少列：{columns}。请重新下载方案的工作簿填写。",
        "the sheet {lines} lacks {columns}. Fetch the plan's workbook: "
        "gongxu plans save PLAN --out plan.xlsx",
    ),
    "no_headings": (
        "“{lines}”页没有标题行：请重新下载方案的工作簿填写。",
        "the sheet {lines} has no row of headings. Fetch the plan's workbook: "
        "gongxu plans save PLAN --out plan.xlsx",
    ),
    "other_plan": (
        "这个工作簿属于方案 {plan}，不是 {own}：请到那个方案上传，或下载本方案的工作簿。",
        "this workbook is of plan {plan}, not of {own}. Take it to that plan, or fetch this "
        "plan's: gongxu plans save {own} --out plan.xlsx",
    ),
    "not_kept": (
        "这个工作簿属于方案 {plan}，这里没有保存该方案：请从数据库（不带 --data）生成方案，"
        "再填它的工作簿。",
        "this workbook is of plan {plan}, which is not kept here. Make the plan from the database, "
        "without --data, and fill in its workbook.",
    ),
    "other_version": (
        "这个工作簿与方案 {plan} 现在的内容不符（行 {line}）：请重新下载方案的工作簿。",
        "this workbook is of another version of {plan}: line {line} differs. Fetch the plan's "
        "workbook anew: gongxu plans save {plan} --out plan.xlsx",
    ),
    # What does not fit
    "unknown_line": ("方案中没有行号 {line}", "the plan has no line {line}"),
    "no_line": ("这一行没有行号，决定写在了行外", "this row has no line number"),
    "line_twice": ("行号出现不止一次", "the line number occurs more than once"),
    "row_missing": ("明细页中缺少这一行", "the sheet lacks this line"),
    "error_cell": (
        "是错误值 {said}，请直接填写内容",
        "it holds the error {said}: write the value itself",
    ),
    "formula": ("是公式，请直接填写内容", "it is a formula: write the value itself"),
    "other_product": (
        "与方案不符，这一行应为《{title}》",
        "it is not the plan's product, {title}",
    ),
    "sessions_changed": (
        "建议场次 {sessions} 被改动：要改场次，请在“决定”选调整并填“调整为（场）”",
        "the proposed {sessions} sessions were overwritten: choose change and fill in that column",
    ),
    "amount_changed": (
        "建议金额 {yuan:,.2f} 元被改动：金额随场次计算，不能直接改",
        "the amount of {yuan:,.2f} yuan was overwritten: it follows from the sessions",
    ),
    "decision_missing": (
        "没有选决定：请选采纳、调整或不采纳",
        "no decision: choose accept, change or reject",
    ),
    "decision_unknown": (
        "“{said}”不是决定：请选采纳、调整或不采纳",
        "{said!r} is no decision: choose accept, change or reject",
    ),
    "sessions_missing": ("选了调整，没有填场次", "a change says how many sessions"),
    "sessions_wrong": (
        "“{said}”不是场次：请填 1 至 {most} 的整数",
        "{said!r} is no number of sessions from 1 to {most}",
    ),
    "sessions_without_change": (
        "填了场次，决定却不是调整",
        "sessions are filled in, but the decision is not a change",
    ),
    "reason_missing": ("没有写理由", "the reason is missing"),
    "reason_long": ("理由超过 {most} 字", "the reason is longer than {most} characters"),
    "declaration_missing": (
        "没有声明无利益冲突：有冲突的请由他人决定（回避）",
        "the declaration is missing: an officer with an interest leaves the line to another",
    ),
    "own_interest": (
        "有利益冲突，请由他人决定（回避）",
        "an officer with an interest leaves the line to another",
    ),
    "declaration_unknown": (
        "“{said}”不是声明：没有利益冲突的请选“是”",
        "{said!r} is no declaration: choose yes",
    ),
    # Ways to answer
    "said_yes": ("是 √ ✓", "yes y true 1"),
    "said_no": ("否 有 ×", "no n false 0"),
    # The page and the command
    "read_back": ("读回填好的工作簿", "Read back a filled-in workbook"),
    "read_back_help": (
        "在“明细”页填好决定、理由和声明后上传；合格的行照常记录，其余逐格说明原因。",
        "Fill in decisions, reasons and declarations and upload it: good lines are recorded, "
        "and for every other one the cell and the reason are told.",
    ),
    "check_only": ("只检查，不记录", "Check only, record nothing"),
    "upload": ("上传", "Upload"),
    "no_file": ("请选择一个 .xlsx 工作簿。", "Choose an .xlsx workbook."),
    "summary": (
        "已记录 {taken} 行，未变 {unchanged} 行，不受理 {refused} 行，未决定 {open} 行",
        "{taken} lines recorded, {unchanged} unchanged, {refused} refused, {open} undecided",
    ),
    "summary_dry": (
        "只检查，未作记录：可记录 {taken} 行，未变 {unchanged} 行，不受理 {refused} 行，"
        "未决定 {open} 行",
        "checked only: {taken} lines could be recorded, {unchanged} are unchanged, {refused} "
        "refused, {open} undecided; nothing was recorded",
    ),
    "head_cell": ("单元格", "Cell"),
    "head_line": ("行号", "Line"),
    "head_product": ("产品", "Product"),
    "head_outcome": ("结果", "Outcome"),
    "head_why": ("说明", "Why"),
}
