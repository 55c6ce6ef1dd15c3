"""The short way for the commonest question: a list that was made before, for a known caller.

Does nothing that the route does not do too; whatever is out of the ordinary goes the long way.
"""

import re
from typing import TYPE_CHECKING

import orjson
from starlette.types import Message, Scope

from serving.auth.roles import Role

if TYPE_CHECKING:
    from serving.api.service import Service

ROUTE = "/v1/residents/{resident_id}/suggestions"
_PATH = re.compile(r"/v1/residents/([A-Za-z0-9_.:-]{1,200})/suggestions")
_QUERY = re.compile(rb"(?:n=([1-9]\d?|100))?")


class _Route:
    """What the request counter asks of a matched route."""

    path = ROUTE


def quick_answer(
    service: "Service", scope: Scope, headers: dict[bytes, bytes]
) -> list[Message] | None:
    """The messages of the whole answer; ``None`` when the request must go the long way.

    Parameters
    ----------
    service
        The application's parts.
    scope
        Of the request.
    headers
        Of the request, by lower-case name.
    """
    if scope["method"] != "GET":
        return None
    path = _PATH.fullmatch(scope["path"])
    if path is None:
        return None
    query = _QUERY.fullmatch(scope["query_string"])
    credential = _credential(headers)
    keeper = service.keeper
    memory = keeper.memory
    if query is None or credential is None or memory is None or keeper.degraded:
        return None
    principal = service.authenticator.remembered(credential)
    resident_id = path[1]
    if principal is None or not keeper.is_current():
        return None
    if principal.role is Role.SERVICE:
        allowed = "suggestions" in principal.scopes
    else:
        allowed = principal.role is Role.RESIDENT and principal.subject == resident_id
    if not allowed:
        return None
    now = service.now()
    answer = memory.ready(resident_id, int(query[1] or 10), now)
    if answer is None or not answer.columns:
        return None
    scope["route"] = _Route
    scope["caller"] = principal.role.value
    service.metrics.count_shown(answer.slots)
    service.recorder.read(
        caller=principal.subject,
        role=principal.role.value,
        action="suggestions",
        resident_id=resident_id,
        request=scope["request_id"],
    )
    head = orjson.dumps(
        {
            "at": now,
            "personal": answer.personal,
            "degraded": False,
            "model_version": memory.version,
            "why_empty": "",
        }
    )
    body = b"".join((head[:-1], b',"suggestions":', answer.rendered, b"}"))
    start: Message = {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    return [start, {"type": "http.response.body", "body": body}]


def _credential(headers: dict[bytes, bytes]) -> str | None:
    given = headers.get(b"authorization")
    if given is None:
        key = headers.get(b"x-api-key")
        return None if key is None else key.decode("latin-1")
    scheme, _, credential = given.partition(b" ")
    return credential.strip().decode("latin-1") if scheme.lower() == b"bearer" else None
