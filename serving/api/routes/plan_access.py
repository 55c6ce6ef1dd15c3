"""Who may reach a plan."""

import anyio.to_thread
from fastapi import HTTPException, Request

from serving.api.http.access import Access
from serving.auth.roles import Principal, Role
from serving.planning.kept_plans import buyers_of, split_ending


class PlanAccess(Access):
    """Admits officers to plans whose buyers are all areas that they act for."""

    def __init__(self) -> None:
        super().__init__(Role.OFFICER, Role.DISTRICT)

    async def __call__(self, request: Request) -> Principal:
        """Check; see :class:`Access`."""
        principal = await super().__call__(request)
        if principal.role is Role.OFFICER:
            await anyio.to_thread.run_sync(self._check_buyers, principal, request)
        return principal

    def _check_buyers(self, principal: Principal, request: Request) -> None:
        service = request.app.state.service
        plan_id, _ = split_ending(str(request.path_params["plan_id"]))
        with service.database.engine().connect() as connection:
            buyers = buyers_of(connection, plan_id)
        parents = service.parents()
        if not buyers or not all(principal.acts_for(buyer, parents) for buyer in buyers):
            raise HTTPException(403, "This plan is of areas that the caller does not act for.")
