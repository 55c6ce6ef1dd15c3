"""Headings as people write them: trimmed, in any case, broken over lines, or in Chinese."""

import re
from collections.abc import Sequence
from typing import Any

from data.files.columns import BLANKS
from data.schema import Table
from recommender.errors import InputRejectedError

_COMMON = {
    "area_code": "行政区划代码 区划代码 街道代码 街镇代码 街镇编码 地区代码 居住街道代码",
    "age_band": "年龄段 年龄组",
    "sex": "性别",
    "lat": "纬度",
    "lon": "经度",
    "seats": "座位数 座位 座席数",
    "venue_id": "场馆编号 场馆代码 场地编号",
    "supplier_id": "供应商编号 供给主体编号 主体编号",
    "product_id": "产品编号 产品代码 项目编号",
    "event_id": "活动编号 活动场次编号 场次编号",
    "resident_id": "居民编号 用户编号",
    "booking_id": "预约编号 预订编号",
    "status": "状态",
    "updated_at": "更新时间",
    "target_kind": "对象类型",
    "target": "对象",
    "period": "期间 周期",
    "buyer_code": "采购方代码 采购街道代码",
    "order_id": "订单编号 订单号",
    "suggestion_id": "推荐编号 推荐列表编号",
    "amount_fen": "金额（分） 金额(分) 预算（分） 预算(分)",
}
"""Headings of any table by the column they mean; a blank between them."""

_OF_TABLE = {
    "areas": {
        "name": "名称 地区名称 街道名称",
        "level": "级别 层级",
        "parent_code": "上级代码 上级编码",
        "population": "人口 常住人口",
        "workers": "就业人口",
    },
    "population": {
        "people": "人口 人数",
    },
    "venues": {
        "name": "名称 场馆名称",
        "level": "级别",
        "kind": "类型 场馆类型",
        "step_free": "无障碍",
        "open_hours_per_week": "每周开放小时",
    },
    "suppliers": {
        "name": "名称 供应商名称 主体名称",
        "kind": "类型",
        "licences": "资质 许可",
        "licence_valid_until": "许可有效期 资质有效期",
    },
    "products": {
        "title": "产品名称 项目名称 名称 标题",
        "description": "产品简介 简介 产品介绍",
        "category": "类别 产品类别",
        "tags": "标签",
        "price_fen": "价格（分） 价格(分) 单价（分）",
        "duration_min": "时长（分钟） 时长(分钟)",
        "audience_max": "观众上限 人数上限",
        "min_seats": "最少座位",
        "audience_groups": "适合人群 受众",
        "min_age": "最低年龄 最小年龄",
        "licence_required": "所需资质",
        "listed_from": "上架日期",
        "listed_until": "下架日期",
        "sessions_max": "最多场次 场次上限",
    },
    "events": {
        "title": "活动名称 名称 标题",
        "starts_at": "开始时间 活动时间",
        "ends_at": "结束时间",
        "ticket_fen": "票价（分） 票价(分)",
        "published_at": "发布时间",
        "booking_closes_at": "预约截止时间 预约截止",
    },
    "residents": {
        "joined_at": "注册时间 加入时间",
        "personalised": "个性化",
        "guardian_consent": "监护人同意",
    },
    "bookings": {
        "booked_at": "预约时间 预订时间",
        "seats": "人数 预约人数",
    },
    "ratings": {
        "stars": "评分 星级",
        "rated_at": "评价时间",
        "comment": "评价 评论",
    },
    "surveys": {
        "survey_id": "问卷编号 调查编号",
        "votes": "票数 得票",
        "respondents": "受访人数",
        "channel": "渠道",
        "collected_at": "收集日期 调查日期",
    },
    "follows": {
        "since": "关注时间",
    },
    "requests": {
        "request_id": "诉求编号 需求编号",
        "asked_at": "提出时间",
        "answer": "答复",
    },
    "holidays": {
        "date": "日期",
        "name": "名称 节假日",
        "kind": "类型 类别",
    },
    "orders": {
        "plan_id": "计划编号",
        "sessions": "场次 场次数",
        "scheduled_on": "安排日期",
        "satisfaction": "满意度",
        "reason": "理由",
    },
}
"""The same for one table, where they come first."""


def _columns_by_heading(headings: dict[str, str]) -> dict[str, str]:
    return {word: name for name, words in headings.items() for word in words.split()}


_ANY = _columns_by_heading(_COMMON)
_ONE = {table: _columns_by_heading(headings) for table, headings in _OF_TABLE.items()}


def column_of(cell: Any, table: Table) -> str | None:
    """The contract's name of the column that a heading means, or ``None``.

    Parameters
    ----------
    cell
        The heading as written.
    table
        The contract table.

    Returns
    -------
    The column's name; ``None`` where the heading is none of the table's.
    """
    written = "" if cell is None else str(cell).strip(BLANKS)
    name = re.sub(r"[\s_]+", "_", written.lower())
    if name in table.column_names:
        return name
    bare = re.sub(r"[\s*＊：:]", "", written)
    return _ONE.get(table.name, {}).get(bare) or _known(_ANY.get(bare), table)


def _known(name: str | None, table: Table) -> str | None:
    return name if name in table.column_names else None


def recognised(cells: Sequence[Any], table: Table) -> int:
    """How many columns of a table a row of cells names.

    Parameters
    ----------
    cells
        One row.
    table
        The contract table.

    Returns
    -------
    Number of different columns.
    """
    return len({column_of(cell, table) for cell in cells} - {None})


def match_headings(
    file: str, header: Sequence[Any], table: Table
) -> tuple[dict[str, int], list[str], list[str]]:
    """Positions of the table's columns among headings.

    Parameters
    ----------
    file
        Its name, for messages.
    header
        The headings as written.
    table
        The contract table.

    Returns
    -------
    Positions by column name in the table's order, headings that name none, and notes.

    Raises
    ------
    InputRejectedError
        If a required column is missing or a column is there twice.
    """
    positions: dict[str, int] = {}
    unknown, notes = [], []
    for position, cell in enumerate(header):
        written = "" if cell is None else " ".join(str(cell).strip(BLANKS).split())
        name = column_of(cell, table)
        if name is None:
            if written:
                unknown.append(written)
        elif name in positions:
            raise InputRejectedError(f"{file} has two columns {name}.", "Remove one of them.")
        else:
            positions[name] = position
            if not written.isascii():
                notes.append(f"{file}: {written} read as {name}")
    missing = [c.name for c in table.columns if c.required and c.name not in positions]
    if missing:
        raise InputRejectedError(
            f"{file} lacks the required column {', '.join(missing)}.",
            f"It has: {', '.join(str(cell)[:50] for cell in header[:40])}.",
        )
    ordered = {name: positions[name] for name in table.column_names if name in positions}
    return ordered, unknown, notes
