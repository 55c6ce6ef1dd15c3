"""Who may call what: declared at the route, checked before it, shown in the documentation."""

from collections.abc import Callable
from typing import Any

import anyio.to_thread
from fastapi import Depends, HTTPException, Request

from serving.api.http.problems import responses
from serving.auth.roles import Principal, Role


class Access:
    """Who may call a route; anybody else gets 401 or 403.

    Parameters
    ----------
    roles
        Who may call.
    scope
        What a service's key must be allowed to do.
    own
        Path parameter that must be a resident's own pseudonym.
    area
        Path parameter that must be an area the officer acts for; a name is replaced by its code.
    """

    def __init__(
        self, *roles: Role, scope: str = "", own: str | None = None, area: str | None = None
    ) -> None:
        if Role.RESIDENT in roles and own is None:
            raise ValueError("a resident may only reach what is their own: say where it stands")
        self.roles = frozenset(roles)
        self.scope = scope
        self.own = own
        self.area = area

    async def __call__(self, request: Request) -> Principal:
        """Check; the principal is then ``request.scope["principal"]`` too.

        Raises
        ------
        HTTPException
            401 without a credential that holds, 403 without the right.
        """
        principal = await identify(request)
        if principal is None:
            raise HTTPException(
                401,
                "A valid bearer token or API key is needed.",
                {"WWW-Authenticate": 'Bearer realm="gongxu"'},
            )
        request.scope["principal"] = principal
        request.scope["caller"] = f"{principal.role}"
        if self.area is not None:
            area, service = request.path_params[self.area], request.app.state.service
            if area not in service.parents():
                code = await anyio.to_thread.run_sync(service.area_code, area)
                request.path_params[self.area] = code
        if not self.allows(principal, request):
            raise HTTPException(403, "This caller may not do that.")
        return principal

    def allows(self, principal: Principal, request: Request) -> bool:
        """Whether the principal may make this request.

        Parameters
        ----------
        principal, request
            The caller, and the request with its path parameters.

        Returns
        -------
        False for a role, scope, resident or area that the rule does not admit.
        """
        if principal.role not in self.roles:
            return False
        match principal.role:
            case Role.SERVICE:
                return bool(self.scope) and self.scope in principal.scopes
            case Role.RESIDENT:
                return (
                    self.own is not None and str(request.path_params[self.own]) == principal.subject
                )
            case Role.OFFICER if self.area is not None:
                parents = request.app.state.service.parents()
                return principal.acts_for(request.path_params[self.area], parents)
            case _:
                return True


async def identify(request: Request) -> Principal | None:
    """Whoever sent the request; ``None`` for nobody, or a credential that does not hold."""
    credential: str | None = request.scope["credential"]
    if credential is None:
        return None
    authenticator = request.app.state.service.authenticator
    known: Principal | None = authenticator.remembered(credential)
    if known is not None:
        return known
    checked: Principal | None = await anyio.to_thread.run_sync(
        authenticator.authenticate, credential
    )
    return checked


OPEN = "open"


def guarded(access: Access, *problems: int) -> dict[str, Any]:
    """Route options for a route that asks who calls."""
    return {
        "dependencies": [Depends(access)],
        "responses": responses(401, 403, 408, 413, 422, 429, 503, *problems),
        "openapi_extra": {
            "security": [{"bearer": []}, {"apiKey": []}],
            "x-roles": sorted(access.roles),
        },
    }


def unguarded(*problems: int) -> dict[str, Any]:
    """Route options for a route that anybody may call."""
    return {
        "responses": responses(408, 413, 422, 429, *problems),
        "openapi_extra": {"security": [], "x-roles": [OPEN]},
    }


def access_of(dependencies: list[Callable[..., Any] | None]) -> Access | None:
    """The access rule among a route's dependencies."""
    return next((call for call in dependencies if isinstance(call, Access)), None)
