"""`POST /v1/ingest/{table}`: rows from other systems."""

from typing import Annotated, Any, Literal

import orjson
import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from pydantic import BaseModel, Field

from data.schema import TABLES
from serving.api.http.access import Access, guarded
from serving.api.http.idempotency import IdempotencyKey, once
from serving.auth.roles import Role
from serving.outcomes.ingest import ROWS_MAX, merge_rows

router = APIRouter(tags=["ingest"])

TableName: Any = Literal[tuple(TABLES)]


class RowVerdict(BaseModel):
    """The verdict on one row."""

    row: int = Field(description="Its place in the request, from 0.", examples=[0])
    verdict: Literal["new", "changed", "same", "bad"] = Field(
        description="`same`: a repeat, or older than the version that is held.", examples=["new"]
    )
    column: str = Field(default="", description="For a bad row.", examples=["event_id"])
    reason: str = Field(default="", description="For a bad row.", examples=["is not in events"])


class IngestAnswer(BaseModel):
    """The verdicts on all rows: `received = new + changed + same + bad`."""

    table: str = Field(examples=["bookings"])
    received: int
    new: int
    changed: int
    same: int
    bad: int
    rows: list[RowVerdict]


_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["rows"],
                "properties": {
                    "rows": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": ROWS_MAX,
                        "description": "Objects by the contract's column names; lists as arrays.",
                        "items": {"type": "object"},
                    }
                },
            },
            "example": {
                "rows": [
                    {
                        "booking_id": "b-1",
                        "resident_id": "r-1",
                        "event_id": "e-1",
                        "booked_at": "2027-01-05T09:30:00+08:00",
                        "seats": 2,
                        "status": "booked",
                        "updated_at": "2027-01-05T09:30:00+08:00",
                    }
                ]
            },
        }
    },
}
_OPTIONS = guarded(Access(Role.SERVICE, scope="ingest"), 400)
_OPTIONS["openapi_extra"] = {**_OPTIONS["openapi_extra"], "requestBody": _BODY}


async def raw_body(request: Request) -> bytes:
    """The body as it was sent."""
    return await request.body()


@router.post("/v1/ingest/{table}", response_model=IngestAnswer, **_OPTIONS)
def ingest(
    request: Request,
    table: Annotated[TableName, Path(description="A table of the contract.")],
    body: Annotated[bytes, Depends(raw_body)],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Store rows. Bad rows are named, good ones are stored; what is acknowledged is committed.

    The newest state of a booking by `updated_at` is kept, in whatever order states arrive.
    """
    service, now = request.app.state.service, request.app.state.service.now()
    rows = _rows(body)

    def merge(connection: sa.Connection) -> bytes:
        verdicts = merge_rows(connection, TABLES[table], rows, now=now, erasures=service.erasures)
        for word, count in verdicts.counts().items():
            service.metrics.ingested.labels(table, word).inc(count)
        answer = {"table": table, "received": len(rows), **verdicts.counts()}
        return orjson.dumps({**answer, "rows": verdicts.documents()})

    if not service.ingesting.acquire(blocking=False):
        raise HTTPException(503, "Too many rows are coming in.", {"Retry-After": "1"})
    try:
        content, repeated = once(
            service.database.engine(),
            merge,
            caller=request.scope["principal"].subject,
            key=idempotency_key,
            route=f"ingest/{table}",
            body=body,
            now=now,
        )
    finally:
        service.ingesting.release()
    if not repeated:
        service.change_counter.increment()
    headers = {"Idempotency-Replayed": "true"} if repeated else None
    return Response(content, 200, headers, media_type="application/json")


def _rows(body: bytes) -> list[Any]:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"The body is not JSON: {error}.") from None
    rows = sent.get("rows") if isinstance(sent, dict) else sent
    if not isinstance(rows, list):
        raise HTTPException(422, 'The body is not {"rows": [...]}.')
    if not 1 <= len(rows) <= ROWS_MAX:
        raise HTTPException(422, f"One to {ROWS_MAX:,} rows are taken at a time.")
    return rows
