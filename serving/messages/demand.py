"""Steps of a street's figure."""

MESSAGES: dict[str, tuple[str, str]] = {
    "features": (
        "先验：类别、文本、供应方、价格与问卷",
        "Prior from category, text, supplier, price and surveys",
    ),
    "own_bookings": (
        "产品自身的预约，向先验收缩（{exposure}）",
        "Own bookings so far, shrunk towards the prior ({exposure})",
    ),
    "own_bookings_none": (
        "产品尚无预约，沿用先验",
        "No bookings of its own so far: the prior stands",
    ),
    "sold_out": ("补计约满场次中未显现的需求", "Demand censored by sold-out sessions"),
    "population": (
        "由注册用户推算到可达范围内的全部人口，按年龄段",
        "From registered users to the whole population within reach, by age band",
    ),
    "street_ratio": (
        "可达范围内街镇与全区之比，相近街镇相互借用信息",
        "Ratio of the streets within reach to the district, pooled over similar streets",
    ),
    "hours_and_shows": (
        "目标人群的常用时段、爽约与近一年已办场次",
        "Typical hours for its audience, no-shows, and how often it was held in the past year",
    ),
    "season": ("所在时段的季节因素", "Season of the period"),
    "impressions_missing": (
        "曝光未记录，按与其吸引力相称的平均曝光计",
        "impressions not recorded; exposure taken as average for its appeal",
    ),
    "impressions": (
        "按 {sample:,.0f} 次有效曝光折算",
        "relative to {sample:,.0f} effective impressions",
    ),
}
"""Step, as :mod:`recommender.demand.explain` names it, to its Chinese and English sentence."""
