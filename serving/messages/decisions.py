"""A filled-in workbook read back: what became of every line, and what does not fit."""

MESSAGES: dict[str, tuple[str, str]] = {
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
    # What does not fit
    "unknown_line": ("方案中没有行号 {line}", "the plan has no line {line}"),
    "no_line": ("这一行没有行号，决定写在了行外", "this row has no line number"),
    "line_twice": ("行号出现不止一次", "the line number occurs more than once"),
    "row_missing": ("明细页中缺少这一行", "the sheet lacks this line"),
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
