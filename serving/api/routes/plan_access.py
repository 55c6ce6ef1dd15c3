"""Who may see a kept plan."""

import anyio.to_thread
from fastapi import Request

from serving.api.http.access import Access
from serving.api.http.problems import ProblemError
from serving.auth.roles import Principal, Role
from serving.planning.kept_plans import buyers_of, split_ending


class PlanAccess(Access):
    """Lets officers at plans whose buyers are all areas of theirs."""

    def __init__(self) -> None:
        super().__init__(Role.OFFICER, Role.DISTRICT)

    async def __call__(self, request: Request) -> Principal:
        """Check; see :class:`Access`."""
        principal = await super().__call__(request)
        if principal.role is not Role.OFFICER:
            return principal
        service = request.app.state.service
        plan_id, _ = split_ending(str(request.path_params["plan_id"]))

        def read() -> set[str]:
            with service.database.engine().connect() as connection:
                return buyers_of(connection, plan_id)

        buyers = await anyio.to_thread.run_sync(read)
        parents = service.parents()
        if not buyers or not all(principal.acts_for(buyer, parents) for buyer in buyers):
            raise ProblemError(403, "This plan is of areas that the caller does not act for.")
        return principal
