"""Ready users of the demonstration: made anew, with new passwords, at each start."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from recommender.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class DemoUser(NamedTuple):
    """A user of the demonstration.

    Attributes
    ----------
    name, password
        To sign in with.
    role
        officer, district, counter or operator.
    areas
        Codes of an officer's areas.
    """

    name: str
    password: str
    role: str
    areas: tuple[str, ...]


def require_loopback(host: str) -> None:
    """Make sure that a demonstration is only reached from this machine.

    Raises
    ------
    UsageError
        If the address is another one.
    """
    if host not in LOOPBACK:
        raise UsageError(
            "the demonstration listens on this machine only.", "Leave --host out, or --demo."
        )


def make_users(engine: sa.Engine, *, now: datetime) -> list[DemoUser]:
    """Make the users; earlier ones of the same names go, with their sessions.

    Parameters
    ----------
    engine
        The demonstration's database.
    now
        The clock.

    Returns
    -------
    An officer of the largest street, a district's officer, a counter's user and an operator.

    Raises
    ------
    UsageError
        If the database holds no street: the demonstration was not made yet.
    """
    import sqlalchemy as sa

    from serving.auth.roles import Role
    from serving.auth.users import add_user
    from serving.store_tables import console_sessions, console_users

    largest = sa.text(
        "SELECT area_code FROM areas WHERE level = 'street'"
        " ORDER BY population DESC NULLS LAST, area_code LIMIT 1"
    )
    with engine.begin() as connection:
        street = connection.execute(largest).scalar()
        if street is None:
            raise UsageError("there is no demonstration yet.", "Run `gongxu demo` first.")
        areas = {Role.OFFICER: (str(street),)}
        roles = (Role.OFFICER, Role.DISTRICT, Role.COUNTER, Role.OPERATOR)
        users = [
            DemoUser(f"demo-{role}", secrets.token_urlsafe(12), role.value, areas.get(role, ()))
            for role in roles
        ]
        names = [user.name for user in users]
        for table in (console_sessions, console_users):
            connection.execute(table.delete().where(table.c.username.in_(names)))
    for user, role in zip(users, roles, strict=True):
        add_user(engine, user.name, user.password, role=role, areas=user.areas, now=now)
    return users


def ready_residents(engine: sa.Engine) -> list[str]:
    """Three grown-up residents of the demonstration: two who go out often, one who is new.

    Parameters
    ----------
    engine
        The demonstration's database.

    Returns
    -------
    Their pseudonyms.
    """
    import sqlalchemy as sa

    query = sa.text(
        "SELECT r.resident_id FROM residents r LEFT JOIN bookings b USING (resident_id)"
        " WHERE r.age_band NOT IN ('0-13', '14-17') AND r.personalised"
        " GROUP BY r.resident_id ORDER BY count(b.booking_id) {order}, r.resident_id LIMIT :n"
    )
    with engine.connect() as connection:
        return [
            str(resident)
            for order, n in (("DESC", 2), ("ASC", 1))
            for resident in connection.execute(
                sa.text(query.text.format(order=order)), {"n": n}
            ).scalars()
        ]
