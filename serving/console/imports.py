"""Importing by dropping a workbook: preview with findings, then keep the good rows."""

import re
import secrets
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi import Path as Part
from starlette.datastructures import UploadFile

from data.files.quarantine import write_quarantine
from data.files.readers import find_tables
from data.files.reading import ImportReport
from recommender.errors import GongxuError, InputRejectedError, UsageError
from serving.api.http.access import guarded
from serving.api.service import Service
from serving.console.access import IMPORTERS
from serving.exports.template import catalogue_template
from serving.outcomes.importing import import_files
from serving.web.display import display_of
from serving.web.rendering import page
from serving.web.route import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SHOWN = 200
"""Findings on the page; the file holds all."""

KEPT_S = 24 * 3600.0
_ENDINGS = (".csv", ".xlsx", ".xlsm", ".xls", ".parquet")
Upload = Annotated[str, Part(pattern=r"^[0-9a-f]{32}$")]


@router.get("/console/imports", **guarded(IMPORTERS))
def imports(request: Request) -> Response:
    """The form, and the template to fill in."""
    return page(request, "imports.html", report=None, problem="", detail="")


@router.get("/console/imports/template.xlsx", **guarded(IMPORTERS))
def template(request: Request) -> Response:
    """The empty workbook."""
    made = catalogue_template(display_of(request).lang)
    headers = {"Content-Disposition": 'attachment; filename="catalogue.xlsx"'}
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(made, 200, headers, media_type=kind)


@router.post("/console/imports", **guarded(IMPORTERS, 409))
async def preview(request: Request) -> Response:
    """Judge a file without storing anything, and show every finding."""
    given = (await request.form()).get("file")
    name = Path(given.filename or "").name if isinstance(given, UploadFile) else ""
    if not isinstance(given, UploadFile) or not name.lower().endswith(_ENDINGS):
        return page(request, "imports.html", status=422, report=None, problem="no_file", detail="")
    content = await given.read()
    upload = secrets.token_hex(16)

    def work() -> ImportReport:
        service: Service = request.app.state.service
        _clear(_folder(service))
        folder = _folder(service) / upload
        folder.mkdir(parents=True, mode=0o700)
        file = folder / re.sub(r"[^\w.()-]", "_", name)[-100:]
        file.write_bytes(content)
        return _import(service, folder, dry_run=True)

    try:
        report = await anyio.to_thread.run_sync(work)
    except (UsageError, InputRejectedError) as error:
        shown: dict[str, Any] = {"report": None, "problem": "unreadable", "detail": error.message}
        return page(request, "imports.html", status=422, **shown)
    return _shown(request, report, upload, name)


@router.post("/console/imports/{upload}/keep", **guarded(IMPORTERS, 404, 409))
async def keep(
    request: Request, upload: Upload, name: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Store the good rows of a file that was judged before."""
    service: Service = request.app.state.service

    def work() -> ImportReport:
        folder = _folder(service) / upload
        if not folder.is_dir():
            raise HTTPException(404, "This file is not here any more; choose it again.")
        return _import(service, folder, dry_run=False)

    return _shown(request, await anyio.to_thread.run_sync(work), upload, name)


@router.get("/console/imports/{upload}/quarantine.csv", **guarded(IMPORTERS, 404))
def quarantine(request: Request, upload: Upload) -> Response:
    """The findings as a file, to be mended and sent again."""
    file = _folder(request.app.state.service) / upload / "findings" / "quarantine.csv"
    if not file.is_file():
        raise HTTPException(404, "There are no findings of this file.")
    headers = {"Content-Disposition": 'attachment; filename="quarantine.csv"'}
    return Response(file.read_bytes(), 200, headers, media_type="text/csv; charset=utf-8")


def _import(service: Service, folder: Path, *, dry_run: bool) -> ImportReport:
    if not service.importing.acquire(blocking=False):
        raise GongxuError("another file is being imported.", "Try again in a minute.")
    try:
        (file,) = (path for path in folder.iterdir() if path.is_file())
        sources, ignored = find_tables(file)
        report = import_files(
            service.database.store(),
            sources,
            ignored,
            home=service.settings.home,
            now=service.now(),
            dry_run=dry_run,
        )
    finally:
        service.importing.release()
    if not report.quarantine.empty:
        write_quarantine(report.quarantine, folder / "findings")
    return report


def _shown(request: Request, report: ImportReport, upload: str, name: str) -> Response:
    findings = report.quarantine.head(SHOWN).to_dict(orient="records")
    return page(
        request,
        "imports.html",
        report=report,
        tables=report.to_frame().to_dict(orient="records"),
        findings=findings,
        upload=upload,
        name=name,
        problem="",
        detail="",
    )


def _folder(service: Service) -> Path:
    return service.settings.home / "uploads"


def _clear(folder: Path) -> None:
    """Uploads of earlier days go."""
    if not folder.is_dir():
        return
    for each in folder.iterdir():
        if time.time() - each.stat().st_mtime > KEPT_S:
            shutil.rmtree(each, ignore_errors=True)
