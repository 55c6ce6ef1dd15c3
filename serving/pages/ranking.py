"""The public page on how lists come about, in Chinese and English."""

from functools import lru_cache
from typing import Any

from jinja2 import Environment

from recommender.ranking.features.registry import FAMILIES
from serving.web.assets import asset_path

SPOKEN = {
    "affinity": ("你参加过的系列、团体和场馆", "series, groups and venues that you went to"),
    "collaborative": (
        "与你去过相近活动的居民还去了什么",
        "where people go who went where you went",
    ),
    "content": (
        "活动说明与你去过的活动是否相近",
        "how like its words are to those of events you went to",
    ),
    "distance": ("离你所在街镇的距离", "the distance from your street"),
    "nearby": ("你所在街道和年龄段的居民常约什么", "what your street and age group book"),
    "schedule": ("活动时间与你常去的时段", "the hour, and the hours you usually go at"),
    "popularity_trend": ("近来有多少人预约", "how many booked lately"),
    "quality": ("参加者的评分与到场率", "stars given and how many came"),
    "price": ("票价与座位数", "the ticket's price and the number of seats"),
    "preference_deviation": ("你多久参加一次活动", "how often you go out"),
}
"""What each family of signals looks at, in words."""

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>推荐是怎样产生的 · How lists come about</title>
<link rel="stylesheet" href="{{ style }}"></head><body>
<main><h1>推荐是怎样产生的</h1>
<p>先按规则筛选：只显示已发布、未满座或可候补、年龄相符、你能到达、且与你已有预约不冲突的活动。再排序，看的是：</p>
<ul>{% for zh, _ in families %}<li>{{ zh }}</li>{% endfor %}</ul>
<p>每个列表为参加人数还很少的活动留一个位置。供应商不能付费提高排名。票价不因人而异。不使用摄像头、人脸或位置轨迹。</p>
<h2>你可以做什么</h2>
<ul><li>一步关闭个性化：之后看到的是所在地点的列表，同一地点的人看到的相同。</li>
<li>查看并删除系统记录的兴趣标签；把活动、类别或团体标为“不感兴趣”。</li>
<li>导出系统保存的关于你的全部数据，或要求删除。</li>
<li>每条推荐都写明理由；未满14岁不做个性化，14至17岁须监护人同意。</li></ul>
<section lang="en"><h1>How lists come about</h1>
<p>First the rules: only events that are published, have seats or a waiting list, suit your age, lie
within reach and do not clash with your own bookings. Then their order, which looks at:</p>
<ul>{% for _, en in families %}<li>{{ en }}</li>{% endfor %}</ul>
<p>One place in a list is kept for events that few know yet. Nobody can pay for a place. Prices
do not depend on who you are. No cameras, no faces, no tracks of where you go.</p>
<h2>What you can do</h2>
<ul><li>Switch personalisation off in one step: you then see the list of your place, the same for
everybody there.</li>
<li>See and delete the interests held on you; mark what does not interest you.</li>
<li>Take away everything that is held on you, or have it erased.</li>
<li>Every suggestion says why it is there. Nobody under 14 is profiled, and from 14 to 17
only with a guardian's consent.</li></ul></section>
{% if version %}<p><small>模型 model: {{ version }}</small></p>{% endif %}
</main></body></html>
"""


@lru_cache(maxsize=1)
def _template() -> Any:
    return Environment(autoescape=True).from_string(_PAGE)


def ranking_page(version: str | None) -> str:
    """The page.

    Parameters
    ----------
    version
        Of the model that answers.
    """
    page: str = _template().render(
        families=[SPOKEN[family] for family in FAMILIES],
        version=version,
        style=asset_path("reference.css"),
    )
    return page
