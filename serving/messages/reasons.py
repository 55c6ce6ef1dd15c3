"""Why an event is in a list, or is not: one sentence for each code of the core's reasons."""

MESSAGES = {
    # Why it is in the list.
    "attended_series": ("你参加过《{title}》", "you came to “{title}”"),
    "attended_supplier": (
        "你参加过同一团队的《{title}》",
        "you came to “{title}” by the same group",
    ),
    "attended_venue": ("你来过这个场馆看《{title}》", "you came to this venue for “{title}”"),
    "attended_category": (
        "你参加过同类活动《{title}》",
        "you came to a similar event: “{title}”",
    ),
    "followed": ("你关注了“{name}”", "you follow “{name}”"),
    "followed_category": ("你关注了“{category}”", "you follow “{category}”"),
    "walking_distance": ("步行约{minutes}分钟", "about {minutes} min on foot"),
    "distance": ("距你约{km:.1f}公里", "about {km:.1f} km away"),
    "popular_street": (
        "{street}居民最近常约",
        "residents of {street} have often booked this kind lately",
    ),
    "popular": ("近期预约热门", "popular lately"),
    "collaborative": ("与你喜好相近的居民也会选", "residents with interests like yours choose it"),
    "content": ("内容与你参加过的《{title}》相近", "similar in content to “{title}”"),
    "new": ("新上架", "new in the catalogue"),
    "time": ("时间合适", "at a time that suits you"),
    "quality": ("参加过的人评价高", "rated highly by those who came"),
    "price": ("票价合适", "the price suits you"),
    "policy": ("本区重点推广", "promoted by the district"),
    "alike": ("与《{title}》相近", "similar to “{title}”"),
    # Why it is not.
    "not_future": ("活动已经开始或结束", "it has begun or is over"),
    "not_published": ("活动尚未发布", "it is not published yet"),
    "not_open": ("活动已取消或预约已截止", "it is cancelled or booking has closed"),
    "not_seats": ("名额已满且候补未开放", "it is full and has no waiting list"),
    "not_age": ("未达到活动的最低年龄", "below the minimum age"),
    "not_audience": ("活动面向其他年龄的居民", "meant for another age group"),
    "not_guardian": ("付费活动需监护人同意", "a paid event needs a guardian's consent"),
    "not_access": ("场馆没有无障碍通道", "the venue is not known to be step-free"),
    "not_booked": ("你已预约该活动", "already booked"),
    "not_clash": (
        "与你已预约的活动时间冲突（含路程）",
        "overlaps a booking of the resident's, travel included",
    ),
    "not_reach": ("距离超出你的出行范围", "too far away"),
    "not_muted": ("你已选择不看此类活动", "muted by the resident"),
}
