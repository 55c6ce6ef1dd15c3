"""What every page has: a strict policy, errors as pages, addresses that stay on this site."""

import re
import sys
from importlib import metadata

import httpx
import pytest

from serving.web import assets
from serving.web.forms import local_path

PAGES = ("/", "/events/u1", "/how-ranking-works", "/nowhere", "/events/none")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_a_strict_policy_and_no_inline_code(site: httpx.Client, path: str) -> None:
    answer = site.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    html = re.sub(r'<script type="application/ld\+json">.*?</script>', "", answer.text, flags=re.S)
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


def test_programs_keep_problem_documents(site: httpx.Client) -> None:
    for path, accept in (("/nowhere", "*/*"), ("/v1/nowhere", "text/html")):
        answer = site.get(path, headers={"accept": accept})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_asset_is_kept_for_as_long_as_it_is_the_same(site: httpx.Client) -> None:
    (path,) = set(re.findall(r'href="(/static/site.css[^"]*)"', site.get("/").text))
    answer = site.get(path)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in site.get("/static/site.css").headers["cache-control"]
    assert site.get("/static/none.css").status_code == 404
    assert site.get("/static/..%2froute.py").status_code in (404, 422)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/a\r\nX: y",
        "",
        "a",
    ],
)
def test_other_sites_are_no_place_to_go_next(site: httpx.Client, path: str) -> None:
    assert local_path(path, "/") == "/"
    answer = site.get("/display", params={"lang": "zh", "next": path})
    assert answer.headers["location"] == "/"


def test_own_pages_are() -> None:
    assert local_path("/events/u1?place=310105001", "/") == "/events/u1?place=310105001"
    assert local_path(None, "/console") == "/console"


def test_the_script_for_changes_in_place_is_had_without_its_package(monkeypatch) -> None:
    before = set(sys.modules)
    script = assets.installed_htmx()
    assert not {name for name in set(sys.modules) - before if "django" in name}
    if script is not None:  # it is installed by `make demo` and `make test`
        assert b"htmx" in script
        assert assets.assets()[assets.HTMX] == script

    def nowhere(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nowhere)
    assert assets.installed_htmx() is None
