"""Who may open which page of the console; the same rules as the API's."""

from fastapi import Request

from serving.api.http.access import Access
from serving.api.routes.plan_access import PlanAccess
from serving.auth.roles import Principal, Role

ANY_USER = Access(Role.OFFICER, Role.DISTRICT, Role.COUNTER, Role.OPERATOR)
COUNTERS = Access(Role.COUNTER, Role.DISTRICT)
OFFICERS = Access(Role.OFFICER, Role.DISTRICT)
OPERATORS = Access(Role.OPERATOR)
IMPORTERS = Access(Role.DISTRICT, Role.OPERATOR)
OF_STREET = Access(Role.OFFICER, Role.DISTRICT, area="code")
OF_PLAN = PlanAccess()


def acts_for(request: Request, area_code: str) -> bool:
    """Whether the signed-in user acts for an area.

    Parameters
    ----------
    request
        After its access was checked.
    area_code
        The area.

    Returns
    -------
    True for a district's user, and for an officer of the area or of one above it.
    """
    principal: Principal = request.scope["principal"]
    return principal.acts_for(area_code, request.app.state.service.parents())
