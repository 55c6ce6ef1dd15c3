"""Adds the pages to the application."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from serving.console import (
    accounts,
    catalogue,
    counter,
    imports,
    models,
    operations,
    orders,
    sign_in,
    streets,
    today,
)
from serving.console import requests as officers_requests
from serving.console.plans import drafts, solving, trail, weighing, workbook
from serving.console.plans import pages as plans
from serving.console.plans import questions as plan_questions
from serving.pages import bookings, for_me, preferences, requests, screen, whats_on
from serving.pages import events as event_pages
from serving.pages import sign_in as residents_sign_in
from serving.web import assets
from serving.web.route import add_not_found

ROUTERS = (
    whats_on.router,
    event_pages.router,
    residents_sign_in.router,
    bookings.router,
    for_me.router,
    requests.router,
    preferences.router,
    screen.router,
    sign_in.router,
    today.router,
    streets.router,
    trail.router,
    workbook.router,
    solving.router,
    drafts.router,
    weighing.router,
    plan_questions.router,
    plans.router,
    catalogue.router,
    counter.router,
    imports.router,
    orders.router,
    officers_requests.router,
    accounts.router,
    operations.router,
    models.router,
    assets.router,
)


def add_pages(app: FastAPI, otherwise: Callable[[Request, Exception], Any]) -> None:
    """Include every page's router.

    Parameters
    ----------
    app
        The application, its problem handlers added.
    otherwise
        Answers programs where no route matches.
    """
    for router in ROUTERS:
        app.include_router(router)
    add_not_found(app, otherwise)
