"""Values as people write them in Chinese tables: names of choices, units, hours of the day.

Only what has one meaning is read; the rest is left to be a finding.
"""

import re

_CHOICES = {
    # areas, venues
    "city": "市 市级",
    "district": "区 区级",
    "street": "街道 街镇 街镇级 街道级",
    "neighbourhood": "居委 居委会 居民区",
    # residents
    "f": "女 女性",
    "m": "男 男性",
    "u": "未知 不详",
    "0-13": "0-13岁 13岁及以下",
    "14-17": "14-17岁",
    "18-34": "18-34岁",
    "35-59": "35-59岁",
    "60-69": "60-69岁",
    "70+": "70岁以上 70岁及以上",
    # products
    "performance": "演出 文艺演出",
    "lecture": "讲座",
    "exhibition": "展览",
    "tour": "导赏 导览",
    "course": "课程 培训",
    "film": "电影 放映",
    "activity": "活动 体验活动",
    "reading": "阅读",
    "online": "线上 在线 线上活动",
    "all": "全年龄 全体 不限 所有人 全体市民",
    "children": "儿童 少儿",
    "family": "亲子 家庭 亲子家庭",
    "youth": "青年 青少年",
    "adult": "成人 成年人",
    "senior": "老年 老年人 老人",
    "disabled": "残障 残疾人 残障人士",
    "company": "企业 公司",
    "social_organisation": "社会组织 社会团体",
    "public_institution": "事业单位",
    # events, bookings
    "open": "开放 可预约 报名中",
    "cancelled": "已取消 取消",
    "done": "已结束 已举办",
    "booked": "已预约 预约成功",
    "waitlisted": "候补 排队中",
    "attended": "已参加 已到场 已签到 已核销",
    "no_show": "未到场 爽约 未签到",
    # orders, surveys, holidays
    "proposed": "已建议",
    "approved": "已批准 已通过",
    "rejected": "已否决",
    "ordered": "已下单",
    "delivered": "已交付",
    "accepted": "已验收",
    "paper": "纸质",
    "meeting": "座谈会 会议",
    "holiday": "放假 休息 节假日",
    "workday": "上班 调休上班",
}
CODES = {word: code for code, words in _CHOICES.items() for word in words.split()}
"""The code that a word stands for, where the column has that code."""

UNITS = {
    "seats": "座 个座位 席 位 人",
    "audience_max": "人 位",
    "min_seats": "座 席 位",
    "duration_min": "分钟 分",
    "sessions_max": "场 次",
    "sessions": "场 次",
    "min_age": "岁",
    "people": "人",
    "population": "人",
    "workers": "人",
    "votes": "票",
    "respondents": "人",
    "stars": "星",
    "satisfaction": "星",
}
"""By column, what may follow a whole number without changing what it means."""


def without_unit(text: str, column: str) -> str:
    """A number's text without the unit of its column.

    Parameters
    ----------
    text
        As written.
    column
        The column's name.

    Returns
    -------
    The text itself where no such unit ends it.
    """
    for unit in UNITS.get(column, "").split():
        number = text.removesuffix(unit).rstrip()
        if number != text and number[-1:].isdigit():
            return number
    return text


_PARTS = {
    "凌晨": range(6),
    "清晨": range(4, 9),
    "早上": range(5, 12),
    "早晨": range(5, 12),
    "上午": range(6, 12),
    "中午": range(11, 15),
    "下午": range(12, 20),
    "傍晚": range(16, 21),
    "晚上": range(17, 24),
    "晚间": range(17, 24),
}
"""Parts of the day, and the hours that they may mean, counted to 24."""
_CLOCK = re.compile(
    rf"(?P<part>{'|'.join(_PARTS)})?\s*(?<!\d)(?P<hour>\d{{1,2}})"
    r"(?:[:：]\s*(?P<minute>\d{2})(?!\d|[:：])|[点时](?:(?P<spoken>\d{1,2})分?|(?P<half>半)|整)?(?!\d))"
)
_SPOKEN = re.compile(rf"{'|'.join(_PARTS)}|[点时](?!\d)")


def plain_clock(text: str) -> str:
    """A time with its hours counted to 24, as in ``下午2点半`` and ``上午9:30-11:00``.

    A second clock without a part of the day has that of the first one, if its hour can be in it.

    Parameters
    ----------
    text
        As written.

    Returns
    -------
    The text itself where nobody speaks of a part of the day or of whole hours, or where a part of
    the day and its hour contradict each other (上午15点, 晚上12点, 晚上3点).
    """
    if not _SPOKEN.search(text):
        return text
    part, is_clear = "", True

    def plain(found: re.Match[str]) -> str:
        nonlocal part, is_clear
        part = found["part"] or part
        hour = int(found["hour"])
        meant = [each for each in (hour, hour + 12 * (hour > 0)) if each in _PARTS.get(part, ())]
        if meant:
            hour = meant[0]
        elif found["part"]:
            is_clear = False
        minute = found["minute"] or found["spoken"] or ("30" if found["half"] else "0")
        return f" {hour:02d}:{int(minute):02d}"

    told = _CLOCK.sub(plain, text)
    return re.sub(r"\s+", " ", told).strip() if is_clear else text
