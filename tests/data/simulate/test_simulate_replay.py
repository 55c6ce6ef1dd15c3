"""A quarter under a plan: seats, saturation, evenness, and agreement with the truth."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from data.simulate.evaluation.oracle import read_oracle, seated
from data.simulate.evaluation.plan_files import read_plan
from data.simulate.evaluation.replay import replay
from data.simulate.evaluation.replay_inputs import Stage
from data.simulate.evaluation.wants import set_attendance, true_wants
from data.simulate.saving import write_world
from data.simulate.settings import settings_for
from data.simulate.world import create_world
from recommender.errors import UsageError
from serving.cli.app import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("world")
    settings = settings_for("demo", 11, residents=4_000, products=150, events=400, years=1)
    write_world(create_world(settings), out)
    return out


@pytest.fixture(scope="module")
def stage(folder) -> Stage:
    return Stage.load(folder)


@pytest.fixture(scope="module")
def oracle(folder) -> pd.DataFrame:
    return read_oracle(folder)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ordinary(stage: Stage) -> np.ndarray:
    return stage.product_ids[~stage.online]


def test_a_quarter_replays_alike_from_the_same_seed(stage):
    plan = pd.DataFrame({"product_id": ordinary(stage)[:20], "street_code": stage.street_codes[0]})
    one, two, other = (replay(stage, plan, rng=rng(seed)) for seed in (4, 4, 5))
    pd.testing.assert_frame_equal(one.sessions, two.sessions)
    assert one.summary() == two.summary()
    assert other.attendance != one.attendance


def test_attendance_keeps_to_seats_and_adds_up(stage):
    streets = np.resize(stage.street_codes, len(ordinary(stage)))
    plan = pd.DataFrame({"product_id": ordinary(stage), "street_code": streets, "sessions": 2})
    result = replay(stage, plan, rng=rng())
    assert len(result.sessions) == 2 * len(plan)
    assert (result.sessions["attendance"] <= result.sessions["seats"]).all()
    assert result.sessions["turned_away"].sum() > 0
    assert result.attendance == result.sessions["attendance"].sum()
    assert result.streets["attendance"].sum() == result.attendance
    assert result.streets["attendance_by_home"].sum() == pytest.approx(result.attendance)
    price = pd.Series(stage.price_fen, index=stage.product_ids)
    assert result.spend_fen == 2 * price[plan["product_id"]].sum()
    assert 0 < result.gini < 1
    assert result.starved == 0


def test_single_sessions_draw_what_the_truth_expects(stage, oracle):
    first = oracle[(oracle["k"] == 1) & oracle["product_id"].isin(ordinary(stage))]
    roomy = first[first["alone"] < 0.4 * first["seats"]]
    chosen = roomy.sample(120, random_state=1)
    drawn = [
        replay(stage, chosen.iloc[[i]], rng=rng(3 * i + turn)).attendance
        for i in range(len(chosen))
        for turn in range(3)
    ]
    assert np.sum(drawn) / 3 == pytest.approx(chosen["alone"].sum(), rel=0.1)
    assert chosen["expected"].sum() < 0.95 * chosen["alone"].sum(), "usual sessions take some"


def test_a_second_session_draws_fewer_in_truth_and_in_replay(stage, oracle):
    tiers = oracle.pivot_table(index=["street_code", "product_id"], columns="k", values="expected")
    assert (tiers[2] < tiers[1]).all()
    assert (tiers[3] < tiers[2]).all()
    often = pd.DataFrame(
        {
            "product_id": ordinary(stage)[:8],
            "street_code": stage.street_codes[0],
            "sessions": 12,
        }
    )
    result = replay(stage, often, rng=rng(2))
    asked = result.sessions.sort_values("starts_at").groupby("product_id")["asked"]
    assert asked.tail(6).sum() < 0.9 * asked.head(6).sum()


def mixed(stage: Stage, count: int, seed: int) -> pd.DataFrame:
    """So many products, each once, in streets by chance."""
    draw = rng(seed)
    return pd.DataFrame(
        {
            "product_id": draw.choice(ordinary(stage), count, replace=False),
            "street_code": draw.choice(stage.street_codes, count),
        }
    )


def test_sessions_take_visitors_from_each_other(stage):
    """Nobody has more evenings than she has: the more sessions, the fewer come to each."""
    wide = replace(stage, seat_scarcity=np.array(1e-3))
    few, many = (replay(wide, mixed(wide, n, 5), rng=rng(6)) for n in (12, 140))
    each = few.attendance / 12, many.attendance / 140
    assert each[1] < 0.9 * each[0]
    people = stage.street_people.sum()
    evenings = np.average(stage.person_evenings, weights=stage.person_weight) * people
    assert many.reached < people
    # A booking is for 1.24 seats in the mean; an evening lets one booking through.
    assert many.attendance / 1.24 < evenings
    assert few.reached < many.reached


def test_like_sessions_take_more_from_each_other_than_unlike_ones(stage):
    wide = replace(stage, seat_scarcity=np.array(1e-3), event_effect_sd=np.array(0.0))
    largest = np.bincount(stage.category).argmax()
    own = stage.product_ids[stage.category == largest]
    mine, like, unlike = own[:12], own[12:30], stage.product_ids[stage.category != largest][:18]

    def drawn(*parts) -> pd.Series:
        products = np.concatenate(parts)
        plan = pd.DataFrame(
            {
                "product_id": np.tile(products, len(stage.street_codes)),
                "street_code": np.repeat(stage.street_codes, len(products)),
            }
        )
        runs = [replay(wide, plan, rng=rng(turn)).sessions for turn in range(2)]
        return pd.concat(runs).groupby("product_id")["attendance"].sum()

    alone = drawn(mine).sum()

    def taken(rivals) -> float:
        """Visits to ``mine`` lost for each visit to the rivals."""
        came = drawn(mine, rivals)
        return (alone - came[mine].sum()) / came[rivals].sum()

    assert taken(like) > 1.2 * taken(unlike) > 0


def test_wants_are_shares_that_a_larger_offer_comes_nearer_to(stage):
    wants = true_wants(stage)
    assert wants.shape == (len(stage.street_codes), 9)
    assert wants.sum(axis=1).to_numpy() == pytest.approx(1)
    assert wants.std(axis=0).max() > 0.01, "streets differ"

    def matching(count: int) -> float:
        seen = replay(stage, mixed(stage, count, 2), rng=rng(1)).categories
        share = seen.div(seen.sum(axis=1).clip(lower=1e-9), axis=0)
        return float((1 - (share - wants).abs().sum(axis=1) / 2).mean())

    assert matching(12) < matching(140) < 1


def test_what_a_set_draws_is_the_mean_over_quarters(stage):
    plan = mixed(stage, 30, 4)
    found = set_attendance(stage, plan, rng=rng(9), times=3)
    draw = rng(9)
    runs = [replay(stage, plan, rng=draw).attendance for _ in range(3)]
    assert found.to_numpy().sum() == pytest.approx(np.mean(runs))
    assert set(found.index) == set(plan["street_code"])


def test_an_empty_plan_gives_an_empty_quarter(stage):
    result = replay(stage, pd.DataFrame(columns=["product_id", "street_code"]), rng=rng())
    assert result.attendance == 0
    assert result.starved == len(stage.street_codes)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"product_id": "P1", "street_code": "310105001"}, "not listed"),
        ({"product_id": None, "street_code": "999"}, "street '999' is unknown"),
        ({"product_id": None, "venue_id": "V9999"}, "venue 'V9999' is unknown"),
        ({"product_id": None, "street_code": "310105001", "sessions": -1}, "whole numbers"),
        ({"product_id": None}, "lacks"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(stage, row, told):
    row = {**row, "product_id": row["product_id"] or ordinary(stage)[0]}
    with pytest.raises(UsageError, match=told):
        replay(stage, pd.DataFrame([row]), rng=rng())


def test_luck_and_seats_lower_what_an_oracle_counts_on():
    found = seated(np.array([10.0, 100.0]), np.array([1_000, 100]), 0.35)
    assert found[0] == pytest.approx(10)
    assert 80 < found[1] < 95


def test_plans_are_read_from_every_kind_of_file(tmp_path):
    plan = pd.DataFrame(
        {"product_id": ["P1", "P2"], "street_code": ["310105001", "310105002"], "sessions": [1, 2]}
    )
    plan.to_csv(tmp_path / "p.csv", index=False)
    (tmp_path / "p.json").write_text(json.dumps({"lines": plan.to_dict("records")}))
    with pd.ExcelWriter(tmp_path / "p.xlsx") as book:
        pd.DataFrame({"总数": [2]}).to_excel(book, sheet_name="汇总", index=False)
        plan.astype({"street_code": int}).to_excel(book, sheet_name="明细", index=False, startrow=2)
    for ending in ("csv", "json", "xlsx"):
        read = read_plan(tmp_path / f"p.{ending}")
        assert read["street_code"].tolist() == ["310105001", "310105002"]
        assert read["sessions"].astype(int).tolist() == [1, 2]
    for bad in ("none.csv", "p.txt"):
        (tmp_path / "p.txt").write_text("x")
        with pytest.raises(UsageError):
            read_plan(tmp_path / bad)


def test_the_command_replays_a_plan_in_a_world(folder, stage, tmp_path):
    path = tmp_path / "plan.csv"
    plan = pd.DataFrame({"product_id": ordinary(stage)[:5], "street_code": stage.street_codes[1]})
    plan.to_csv(path, index=False)
    call = ["simulate", "--replay", str(path), "--world", str(folder), "--seed", "3"]
    done = CliRunner().invoke(app, [*call, "--format", "json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["sessions"] == 5
    assert told["attendance"] == replay(stage, read_plan(path), rng=rng(3)).attendance
    wrong = CliRunner().invoke(app, [*call[:3], "--world", str(tmp_path)])
    assert isinstance(wrong.exception, UsageError)
