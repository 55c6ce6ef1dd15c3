"""`demo`: the whole way on a simulated district, each step a command one can repeat."""

import os
import shlex
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

SHOWN_STREETS = 2
PRESENT = "2026-10-01T00:00+08:00"
"""The simulated present: history ends here, the quarter to plan begins."""
MORNING = "2026-10-01T09:00+08:00"
"""Where the clock of the served demonstration starts."""
PERIOD = "2026Q4"
FEWEST_EVENTS, FEWEST_PRODUCTS = 250, 100
EVALUATED_FROM = "2026-09-01T00:00+08:00"


def register(app: typer.Typer) -> None:
    """Add this module's commands to the root."""

    @app.command()
    def demo(
        preset: Annotated[str, typer.Option(help="Size of the district, as in simulate.")] = "demo",
        residents: Annotated[
            int | None,
            typer.Option(help="Number of residents; events and products fall with it."),
        ] = None,
        seed: Annotated[int, typer.Option(help="Random seed of the simulated district.")] = 1,
    ) -> None:
        """Simulate a district, import it, train, evaluate, suggest, estimate and plan.

        Works in the folder `demo` under GONGXU_HOME with a database of its own, so it never
        touches yours. A second run reuses what is unchanged.

        Example: gongxu demo
        """
        _Walk(app, demo_home()).run(preset, residents, seed)


def demo_home() -> Path:
    """The demonstration's home, which this process uses from now on."""
    # Set for this process only: every step below then finds the demo's own database.
    home = Path(os.environ.get("GONGXU_HOME", "var")) / "demo"
    os.environ["GONGXU_HOME"] = str(home)
    os.environ.pop("GONGXU_DATABASE_URL", None)
    return home


def _size(preset: str, residents: int) -> tuple[object, ...]:
    """A smaller district with as many events for each resident, but never hardly any."""
    from data.simulate.settings import PRESETS

    usual = PRESETS[preset]
    share = min(1.0, residents / usual["residents"])
    events = max(FEWEST_EVENTS, round(share * usual["events"]))
    products = max(FEWEST_PRODUCTS, round(share * usual["products"]))
    return "--residents", residents, "--events", events, "--products", products


class _Walk:
    def __init__(self, app: typer.Typer, home: Path) -> None:
        self.app = app
        self.home = home
        self.console = Console(highlight=False)

    def run(self, preset: str, residents: int | None, seed: int) -> None:
        world = self.home / f"{preset}-{residents or 'all'}-{seed}"
        self.heading("1. A simulated district 模拟城区")
        if (world / "bookings.csv").exists():
            self.console.print(f"{world} exists from an earlier run.", soft_wrap=True)
        else:
            size = _size(preset, residents) if residents else ()
            self.step(
                *("simulate", "--preset", preset, "--seed", seed, "--until", PRESENT),
                *(*size, "--out", world),
            )

        self.heading("2. Import of its tables 导入")
        self.step("init")
        self.step("import", world)

        self.heading("3. Training, evaluation and gate 训练")
        self.step("retrain", "--as-of", PRESENT, "--if-needed", "--seed", str(seed))

        self.heading("4. Evaluation of every scorer 评估")
        self.step("evaluate", "--cutoff", EVALUATED_FROM)

        self.heading("5. Lists for three residents 居民推荐")
        for who, resident in self.three_residents().items():
            self.console.print(f"\n[bold]{who}[/]")
            self.step("suggest", resident, "-n", "5", "--at", PRESENT)

        self.heading("6. Demand of two streets in the next quarter 街镇需求")
        for street in self.two_streets():
            self.step("demand", "--period", PERIOD, "--street", street, "-n", "8")

        self.heading("7. A purchase plan under the budgets 采购建议")
        plan = self.home / f"plan-{PERIOD}.xlsx"
        self.step("plan", "--period", PERIOD, "--time-limit", 10, "--gap", 0.01, "--out", plan)
        self.console.print(
            f"\nNow try it yourself: [bold]export GONGXU_HOME={self.home}[/], then any command "
            "above, or gongxu --help. [bold]gongxu serve --demo[/] opens console and residents' "
            "pages on this machine.",
            soft_wrap=True,
        )

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{text}", align="left")

    def step(self, *words: object) -> None:
        arguments = [str(word) for word in words]
        self.console.print(f"[cyan]$ gongxu {shlex.join(arguments)}[/]", soft_wrap=True)
        begun = time.perf_counter()
        self.app(arguments, standalone_mode=False)
        self.console.print(f"[dim]{time.perf_counter() - begun:.1f} s[/]")

    def three_residents(self) -> dict[str, str]:
        import pandas as pd

        from serving.composition import open_store
        from serving.settings import Settings

        known = open_store(Settings()).load(["residents", "bookings"])
        people = known["residents"].set_index("resident_id")
        people = people[people["age_band"].isin(["18-34", "35-59", "60-69", "70+"])]
        times = known["bookings"].groupby("resident_id").size().reindex(people.index, fill_value=0)
        on = people["personalised"].fillna(False).astype(bool)
        joined = people["joined_at"].fillna(pd.Timestamp(PRESENT)).where(times == 0)
        return {
            "A regular 常客": str(times[on].idxmax()),
            "Someone new, without any booking 新用户": str(joined[on].idxmax()),
            "Someone who switched personalisation off 已关闭个性化": str(times[~on].idxmax()),
        }

    def two_streets(self) -> list[str]:
        from serving.composition import open_store
        from serving.settings import Settings

        areas = open_store(Settings()).load(["areas"])["areas"]
        streets = areas.loc[areas["level"] == "street"].sort_values("population", ascending=False)
        return streets["area_code"].head(SHOWN_STREETS).tolist()
