"""Which plans there are, for the officers who may see them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from serving.auth.roles import Principal, Role
from serving.planning.progress import DONE
from serving.store_tables import plan_requests

RECENT = timedelta(days=7)
"""How long a request without a plan is listed."""

_PLANS = sa.text(
    "SELECT p.plan_id, p.period, p.made_at, p.made_by, p.document->'summary' AS summary,"
    " jsonb_array_length(p.document->'lines') AS lines,"
    " (SELECT array_agg(DISTINCT line->>'buyer_code')"
    "  FROM jsonb_array_elements(p.document->'lines') line) AS buyers,"
    " (SELECT count(*) FROM orders o WHERE o.plan_id = p.plan_id AND o.status <> 'proposed')"
    " AS decided FROM plans p ORDER BY p.made_at DESC LIMIT 200"
)


def read_plans(
    connection: sa.Connection, principal: Principal, parents: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Kept plans whose buyers are all areas of the user's, newest first.

    Parameters
    ----------
    connection
        The database.
    principal
        The signed-in user.
    parents
        Parent's code by area code.

    Returns
    -------
    Plan, period, when and by whom, summary, number of lines and of those decided.
    """
    return [
        dict(row)
        for row in connection.execute(_PLANS).mappings()
        if _may_see(principal, row["buyers"] or [], parents)
    ]


def read_requests(
    connection: sa.Connection,
    principal: Principal,
    parents: Mapping[str, str],
    *,
    now: datetime,
) -> list[dict[str, Any]]:
    """Requests of the last days that no plan came of yet, newest first.

    Parameters
    ----------
    connection
        The database.
    principal, parents
        See :func:`read_plans`.
    now
        The clock.

    Returns
    -------
    Rows of ``plan_requests``.
    """
    query = (
        sa.select(plan_requests)
        .where(plan_requests.c.status != DONE, plan_requests.c.asked_at > now - RECENT)
        .order_by(plan_requests.c.asked_at.desc())
        .limit(20)
    )
    return [
        dict(row)
        for row in connection.execute(query).mappings()
        if _may_see(principal, [row["asked"].get("buyer") or ""], parents)
    ]


def _may_see(principal: Principal, buyers: list[str], parents: Mapping[str, str]) -> bool:
    if principal.role is Role.DISTRICT:
        return True
    return bool(buyers) and all(principal.acts_for(buyer, parents) for buyer in buyers)
