"""A plan while it is solved, edited, questioned and compared."""

MESSAGES: dict[str, tuple[str, str]] = {
    # While it is being solved
    "stage_reading": ("读取数据、估计需求", "reading the data, estimating demand"),
    "stage_solving": ("求解", "solving"),
    "stage_writing": ("排期、写出方案", "scheduling and writing it down"),
    "seconds": ("已用时间", "So far"),
    "seconds_value": ("{n}秒", "{n} s"),
    "incumbent": ("目前最好的方案", "Best plan so far"),
    "incumbent_value": ("加权{value}人次", "{value} weighted attendances"),
    "none_found": ("还没有", "none yet"),
    "gap": ("离最优最多还差", "At most this far from the best"),
    "gap_value": ("{gap}", "{gap}"),
    "gap_unknown": ("还不知道", "not known yet"),
    "cancel": ("停止求解", "Stop solving"),
    "cancelled": ("求解已停止", "The solving was stopped"),
    "cancelled_by": ("由 {who} 停止。可用同样的条件重新求解。", "By {who}. It can be made again."),
    "retry": ("用同样的条件重新求解", "Make the same plan again"),
}
