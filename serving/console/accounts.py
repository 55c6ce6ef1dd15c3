"""Users of the console and keys of other systems, for operators."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from recommender.errors import UsageError
from serving.api.http.access import guarded
from serving.auth.keys import add_key, list_keys, revoke_key
from serving.auth.roles import SCOPES, Role, parse_role
from serving.auth.users import CONSOLE_ROLES, add_user, disable_user, list_users
from serving.console.access import OPERATORS
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_Name = Annotated[str, Form(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
_Id = Annotated[str, Path(max_length=200)]


@router.get("/console/accounts", **guarded(OPERATORS))
def accounts(request: Request) -> Response:
    """Who signs in, and which systems have a key."""
    return _show(request)


@router.post("/console/accounts/users", **guarded(OPERATORS, 409))
def new_user(
    request: Request,
    username: _Name = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    role: Annotated[str, Form(max_length=20)] = "officer",
    areas: _Name = "",
) -> Response:
    """Open a user's account."""
    service = request.app.state.service
    codes = areas.replace(",", " ").split()
    try:
        if not username.strip():
            raise UsageError("a user needs a name.")
        unknown = [code for code in codes if code not in service.parents()]
        if unknown:
            raise UsageError(f"there is no area {unknown[0]!r}.")
        add_user(
            service.database.engine(),
            username.strip(),
            password,
            role=parse_role(role),
            areas=codes,
            now=service.now(),
        )
    except UsageError as error:
        return _show(request, status=422, problem=error.message)
    return Response(status_code=303, headers={"Location": "/console/accounts"})


@router.post("/console/accounts/users/{username}/disable", **guarded(OPERATORS, 404))
def close_user(request: Request, username: _Id) -> Response:
    """Close a user's account and end its sessions; nobody closes their own."""
    service = request.app.state.service
    if username == request.scope["principal"].subject:
        return _show(request, status=422, problem="nobody closes their own account.")
    disable_user(service.database.engine(), username, now=service.now())
    return Response(status_code=303, headers={"Location": "/console/accounts"})


@router.post("/console/accounts/keys", **guarded(OPERATORS, 409))
async def new_key(request: Request) -> Response:
    """Make a key of another system; its secret is shown once."""
    from anyio.to_thread import run_sync

    form = await request.form()
    name = str(form.get("name", "")).strip()
    scopes = [str(scope) for scope in form.getlist("scope")]
    days = str(form.get("days", ""))

    def work() -> Response:
        service = request.app.state.service
        now = service.now()
        try:
            if not name:
                raise UsageError("a key needs a name.")
            made = add_key(
                service.database.engine(),
                name[:200],
                role=Role.SERVICE,
                scopes=scopes,
                now=now,
                expires_at=now + timedelta(days=int(days)) if days.isdecimal() else None,
            )
        except (UsageError, OverflowError) as error:
            return _show(request, status=422, problem=str(error))
        return _show(request, secret=made.secret)

    return await run_sync(work)


@router.post("/console/accounts/keys/{key_id}/revoke", **guarded(OPERATORS, 404))
def end_key(request: Request, key_id: _Id) -> Response:
    """Revoke a key."""
    service = request.app.state.service
    revoke_key(service.database.engine(), key_id, now=service.now())
    return Response(status_code=303, headers={"Location": "/console/accounts"})


def _show(request: Request, *, status: int = 200, problem: str = "", secret: str = "") -> Response:
    engine = request.app.state.service.database.engine()
    return page(
        request,
        "accounts.html",
        status=status,
        users=list_users(engine),
        keys=list_keys(engine),
        roles=[role.value for role in CONSOLE_ROLES],
        scopes=SCOPES,
        problem=problem,
        secret=secret,
    )
