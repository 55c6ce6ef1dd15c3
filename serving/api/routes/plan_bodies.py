"""What goes in and out of the routes of plans."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

NAME = r"^[^\x00-\x1f/?#]{1,200}$"
"""A code or a name of an area, a product or a supplier."""


class ChangeIn(BaseModel):
    """What is changed: the budget, the rules, or both."""

    model_config = ConfigDict(extra="forbid")

    budget_fen: int | None = Field(default=None, ge=0, le=10**15, examples=[40000000])
    budget_yuan: float | None = Field(
        default=None, ge=0, le=10**13, examples=[400000], description="The same in yuan."
    )
    rules: str | None = Field(
        default=None,
        max_length=100_000,
        pattern=r"^[^\x00]*$",
        description="The officer's rules as TOML (docs/plans.md).",
    )

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.budget_fen is not None and self.budget_yuan is not None:
            raise ValueError("budget_fen and budget_yuan say the same: give one of them")
        return self

    def asked(self) -> dict[str, Any]:
        """What was given, money in fen."""
        given = self.model_dump(exclude_none=True)
        yuan = given.pop("budget_yuan", None)
        return given if yuan is None else {**given, "budget_fen": round(100 * yuan)}


class PlanIn(ChangeIn):
    """What a plan is made for."""

    period: str = Field(pattern=r"^\d{4}(Q[1-4]|-(0[1-9]|1[0-2]))?$", examples=["2027Q1"])
    buyer: str | None = Field(
        default=None,
        pattern=NAME,
        description="Only this buyer, by its area's code or name; all of the table `budgets` when "
        "left out.",
        examples=["310105001"],
    )


class PlanAsked(BaseModel):
    """A plan that is being made."""

    id: str = Field(examples=["ask-0a1b2c3d4e5f6071"])
    status: Literal["solving"] = "solving"
    path: str = Field(description="Where the plan will be.")


class DecisionIn(BaseModel):
    """What an officer decides about a line."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["accept", "change", "reject"]
    reason: str = Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*\S[^\x00]*$")
    no_conflict: bool = Field(
        description="Declaration that the officer has no interest in the matter."
    )
    sessions: int | None = Field(default=None, ge=1, le=10_000, description="For `change`.")


class DecisionOut(BaseModel):
    """The order that the decision made."""

    order_id: str
    decision: str


class LineVerdict(BaseModel):
    """What became of one line of a workbook."""

    line_id: str
    title: str
    cell: str = Field(examples=["K12"], description="Where it stands in the workbook.")
    outcome: str = Field(description="taken, unchanged or refused.", examples=["taken"])
    code: str = Field(examples=["reason_missing"])
    reason: str = Field(examples=["没有写理由"])


class WorkbookOut(BaseModel):
    """A workbook that was read back; counts are of lines."""

    taken: int
    unchanged: int
    refused: int
    open: int = Field(description="Lines left undecided.")
    lines: list[LineVerdict]


class Exchanged(BaseModel):
    """Sessions more or fewer of another product or street."""

    street_code: str
    product_id: str
    title: str
    sessions: int


class WhyNotOut(BaseModel):
    """Why a product is in the plan for a street or not, and what the opposite would cost.

    As `gongxu why` answers.
    """

    product_id: str = Field(examples=["P0123"])
    title: str
    street_code: str = Field(examples=["310105001"])
    street: str
    planned: bool = Field(description="Whether the plan has it.")
    possible: bool = Field(description="Whether the opposite plan is feasible.")
    cost: float | None = Field(description="Attendances that the opposite plan loses.")
    expected: float = Field(description="Attendances at one session.")
    price_fen: int
    reasons: list[str] = Field(examples=[["未列入：一场预计 40 人次、3,000 元"]])
    changes: list[Exchanged] = Field(description="What would be bought instead.")


class Figures(BaseModel):
    """A plan in four figures."""

    amount_fen: int
    sessions: int
    expected: float = Field(description="Attendances.")
    gini: float = Field(
        description="Gini coefficient of attendances per resident across streets; 0 is even."
    )


class ChangedCell(BaseModel):
    """A product in a street, of which the two plans buy different numbers of sessions."""

    street_code: str
    street: str
    product_id: str
    title: str
    sessions_before: int
    sessions_after: int
    change: int


class WhatIfOut(BaseModel):
    """The plan as it is and as it would be, as `gongxu what-if` compares them."""

    before: Figures
    after: Figures
    changes: list[ChangedCell] = Field(description="Largest difference first.")
