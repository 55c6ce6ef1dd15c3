"""Names of the indices (``gongxu indices``)."""

MESSAGES = {
    "seat_fill": ("上座率", "seats filled"),
    "no_show_rate": ("爽约率", "no-show rate"),
    "venue_use": ("场馆使用率", "venue use"),
    "delight": ("愉悦指数", "satisfaction"),
    "response_rate": ("评价率", "rating response rate"),
    "participation": ("群文参与度", "participation"),
    "evenness": ("优质均衡指数", "evenness of service"),
    "match": ("供需匹配度", "match of supply and demand"),
}
