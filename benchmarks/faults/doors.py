"""Questions that reach figures about people, at every route of the service and every command.

One list of routes and one of commands: what each is asked, or why its answer holds no such figure.
Tests walk over the application's routes and commands and fail at one that is in neither list.
"""

from dataclasses import dataclass

FREE = "[plan]\nshrinkage = 0\n[evenness]\ngini_max = false\n[supplier]\nshare_max = 1.0\n"
"""Nothing between the estimate and the figures, and plans that are found at once."""


@dataclass(frozen=True)
class Target:
    """What is asked about.

    Attributes
    ----------
    street, product
        The cell.
    category, supplier
        The product's.
    period, month, year
        Of demand and plans: a quarter, its first month and its year.
    past
        Of the indices.
    """

    street: str
    product: str
    category: str
    supplier: str
    period: str
    month: str
    year: str
    past: str
    budget_fen: int

    @property
    def rules(self) -> str:
        """The officer's rules: the cell is required, with nothing taken off its figure."""
        wanted = f'product = "{self.product}"\nstreet = "{self.street}"\nreason = "x"\n'
        return f"{FREE}[[require]]\n{wanted}"


_STREET = "/v1/streets/{street}/demand?limit=1000&period="
_PAGE = "/console/streets/{street}"
ROUTES: dict[str, tuple[str, ...]] = {
    "GET /v1/streets/{code}/demand": (
        _STREET + "{period}",
        _STREET + "{period}&category={category}",
        _STREET + "{month}",
        _STREET + "{year}",
    ),
    "GET /v1/indices": ("/v1/indices?period={past}",),
    "GET /v1/suppliers/{supplier_id}/scorecard": ("/v1/suppliers/{supplier}/scorecard",),
    "GET /v1/plans/{plan_id}": tuple(
        f"/v1/plans/{{plan}}{ending}" for ending in ("", ".csv", ".xlsx", ".ocds.json")
    ),
    "GET /v1/plans/{plan_id}/why-not/{product}/{street}": (
        "/v1/plans/{plan}/why-not/{product}/{street}",
    ),
    "POST /v1/plans/{plan_id}/what-if": ("/v1/plans/{plan}/what-if",),
    "GET /console": ("/console",),
    "GET /console/streets": tuple(
        f"/console/streets?period={{period}}&measure={measure}"
        for measure in ("expected", "gap", "supply")
    ),
    "GET /console/streets/{code}": (
        _PAGE + "?all=1&period={period}",
        _PAGE + "?period={period}&category={category}",
        _PAGE + "?all=1&period={month}",
    ),
    "GET /console/streets/{code}/demand.csv": (_PAGE + "/demand.csv?period={period}",),
    "GET /console/streets/{code}/products/{product}": (
        _PAGE + "/products/{product}?period={period}",
    ),
    "GET /console/catalogue": ("/console/catalogue?street={street}&period={period}",),
    "GET /console/catalogue/products/{product_id}": (
        "/console/catalogue/products/{product}?period={period}",
    ),
    "GET /console/catalogue/suppliers/{supplier_id}": ("/console/catalogue/suppliers/{supplier}",),
    "GET /console/orders": ("/console/orders",),
    "GET /v1/orders": ("/v1/orders",),
    "GET /console/plans/{plan_id}/draft": ("/console/plans/{plan}/draft?street={street}",),
    "GET /console/plans/{plan_id}/weigh": ("/console/plans/{plan}/weigh?what=shares",),
    "GET /console/plans/{plan_id}/compare": ("/console/plans/{plan}/compare",),
    "GET /console/requests": ("/console/requests",),
    "GET /console/plans": ("/console/plans",),
    "GET /console/plans/{plan_id}": (
        "/console/plans/{plan}",
        "/console/plans/{plan}?street={street}",
    ),
    "GET /console/plans/{plan_id}/{name}": ("/console/plans/{plan}/plan.csv",),
    "GET /console/plans/{plan_id}/why-not": (
        "/console/plans/{plan}/why-not?product={product}&street={street}",
    ),
    "GET /console/plans/{plan_id}/what-if": (
        "/console/plans/{plan}/what-if?budget_yuan={other_yuan}",
    ),
    "GET /console/plans/{plan_id}/audit": ("/console/plans/{plan}/audit",),
}
"""Addresses that are asked, by route; ``{plan}`` is a plan that was made for the attack."""

_MAKES, _OWN, _SEATS = "asks for a plan", "a resident's own", "seats, which everybody sees"
_FORM, _RUNNING = "takes a form and shows a page that is asked", "how the service runs"
_LISTS, _MODELS = "events in order, without figures", "measures of models over all residents"
ROUTES_WITHOUT_FIGURES = {
    "POST /v1/plans": _MAKES, "POST /console/plans": _MAKES,
    "POST /console/plans/{plan_id}/cancel": _MAKES, "POST /console/plans/{plan_id}/retry": _MAKES,
    "POST /console/plans/{plan_id}/again": _MAKES, "POST /console/plans/{plan_id}/draft": _FORM,
    "POST /console/plans/{plan_id}/workbook": _FORM,
    "POST /v1/plans/{plan_id}/lines/{line}/decision": "an order's name",
    "POST /v1/plans/{plan_id}/decisions": "orders' names",
    "POST /v1/orders/{order_id}/status": "what officers did",
    "GET /v1/models": _MODELS, "GET /console/models": _MODELS,
    "POST /v1/models/{version}/promote": _MODELS, "POST /v1/models/rollback": _MODELS,
    "POST /console/models/rollback": _MODELS, "POST /console/models/{version}/promote": _MODELS,
    "GET /metrics": _RUNNING, "GET /console/operations": _RUNNING, "GET /healthz": _RUNNING,
    "GET /readyz": _RUNNING, "GET /docs": _RUNNING,
    "GET /.well-known/openid-configuration": _RUNNING, "GET /.well-known/jwks.json": _RUNNING,
    "POST /v1/sessions": "signs in", "DELETE /v1/sessions/current": "signs out",
    "GET /console/sign-in": "signs in", "POST /console/sign-in": "signs in",
    "POST /console/sign-out": "signs out",
    "POST /v1/ingest/{table}": "verdicts on the caller's own rows",
    "GET /v1/residents/{resident_id}/suggestions": _OWN,
    "GET /v1/residents/{resident_id}/preferences": _OWN,
    "PUT /v1/residents/{resident_id}/preferences": _OWN,
    "GET /v1/residents/{resident_id}/export": _OWN, "DELETE /v1/residents/{resident_id}": _OWN,
    "POST /v1/residents/{resident_id}/calendar-token": _OWN,
    "DELETE /v1/residents/{resident_id}/calendar-token": _OWN,
    "GET /v1/residents/{resident_id}/calendar.ics": _OWN,
    "GET /v1/places/{area_or_venue}/suggestions": _LISTS,
    "GET /v1/events/{event_id}/similar": _LISTS, "GET /v1/ranking": _LISTS,
    "GET /v1/events/{event_id}": _SEATS,
    "GET /console/counter": _SEATS, "GET /console/counter/{event_id}": _SEATS,
    "POST /console/counter/{event_id}/book": _SEATS,
    "POST /console/counter/{event_id}/cancel": _SEATS,
    "GET /console/accounts": "users and keys", "POST /console/accounts/users": "users and keys",
    "POST /console/accounts/users/{username}/disable": "users and keys",
    "POST /console/accounts/keys": "users and keys",
    "POST /console/accounts/keys/{key_id}/revoke": "users and keys",
    "GET /console/imports": "the user's own file", "POST /console/imports": "the user's own file",
    "GET /console/imports/template.xlsx": "headings",
    "POST /console/imports/{upload}/keep": "the user's own file",
    "GET /console/imports/{upload}/quarantine.csv": "the user's own file",
    "POST /console/orders/{order_id}/advance": _FORM, "POST /console/requests/answer": _FORM,
    "POST /console/requests/surveys": _FORM, "POST /console/plans/{plan_id}/decisions": _FORM,
    "POST /console/plans/{plan_id}/stages": _FORM,
}  # fmt: skip
"""Routes of the API and the console that are not asked, each with the reason."""

_PLANNED = ("--period", "{period}", "--rules", "{rules_file}", "--budget-fen", "{budget_fen}")
_QUICK = ("--time-limit", "4")
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "demand": (
        ("--period", "{period}", "--format", "json"),
        ("--period", "{period}", "--street", "{street}", "--format", "csv"),
        ("--period", "{period}", "--street", "{street}", "--category", "{category}"),
        ("--period", "{month}", "--explain", "{street}", "{product}", "--format", "json"),
        ("--period", "{period}", "--speciality", "--format", "json"),
        ("--period", "{year}", "--out", "{folder}/demand.xlsx"),
    ),
    "plan": tuple(
        (*_PLANNED, "--gap", "0.05", "--out", f"{{folder}}/plan.{ending}")
        for ending in ("json", "pdf")
    ),
    "why": (("{product}", "{street}", *_PLANNED, *_QUICK, "--format", "json"),),
    "what-if": ((*_PLANNED, *_QUICK, "--new-budget-fen", "{other_fen}", "--format", "json"),),
    "frontier": (("budget", *_PLANNED, *_QUICK, "--format", "json"),),
    "second-opinion": ((*_PLANNED, *_QUICK, "--format", "json"),),
    "indices": (("--period", "{past}", "--venues", "--format", "json"),),
    "exposure": (("--sample", "40", "--format", "json"),),
    "overbooking": (("--format", "json"),),
    "orders list": (("--format", "json"),),
    "plans list": (("--format", "json"),),
}
"""Words that are given, by command."""

COMMANDS_WITHOUT_FIGURES = {
    **dict.fromkeys(("init", "import", "convert", "simulate", "backup", "restore"), "files"),
    **dict.fromkeys(("suggest", "digest", "forget", "export-resident"), "a named resident's own"),
    **dict.fromkeys(("retrain", "evaluate"), _MODELS),
    **dict.fromkeys(("models list", "models show", "models promote", "models rollback"), _MODELS),
    **dict.fromkeys(("serve", "demo"), "starts what is attacked"),
    **dict.fromkeys(("keys add", "keys list", "keys revoke"), "users and keys"),
    **dict.fromkeys(("users add", "users list", "users disable", "users token"), "users and keys"),
    **dict.fromkeys(("audit list", "audit verify"), "what officers did"),
    **dict.fromkeys(("decide", "stages", "orders advance"), "what officers did"),
    "rules": "an empty form",
    "plans save": "a plan that is asked as GET /v1/plans/{plan_id}",
}
"""Commands that are not asked, each with the reason."""
