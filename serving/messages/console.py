"""The officers' console."""

MESSAGES: dict[str, tuple[str, str]] = {
    "title": ("供需工作台", "Demand and supply"),
}
