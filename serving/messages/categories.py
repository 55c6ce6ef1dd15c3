"""Categories of products as residents and officers call them."""

MESSAGES = {
    "performance": ("演出", "performance"),
    "lecture": ("讲座", "lecture"),
    "exhibition": ("展览", "exhibition"),
    "tour": ("导赏", "guided tour"),
    "course": ("课程", "course"),
    "film": ("电影", "film"),
    "activity": ("活动", "activity"),
    "reading": ("阅读", "reading"),
    "online": ("线上活动", "online activity"),
}
