"""What everybody may know: events as JSON-LD, and how lists come about."""

import re

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("world")


def test_an_event_is_a_schema_org_event(client: httpx.Client) -> None:
    answer = client.get("/v1/events/u1")
    assert answer.headers["content-type"] == "application/ld+json"
    event = answer.json()
    assert (event["@context"], event["identifier"]) == ("https://schema.org", "u1")
    assert event["startDate"] < event["endDate"]
    assert event["startDate"].endswith("+08:00")
    assert event["location"]["@type"] == "Place"
    assert event["isAccessibleForFree"] is True
    assert client.get("/v1/events/nowhere").status_code == 404


def test_an_event_that_did_not_change_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.get("/v1/events/u1").headers["etag"]
    same = client.get("/v1/events/u1", headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    other = client.get("/v1/events/u2", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_the_page_on_ranking_is_open_and_speaks_both_languages(client: httpx.Client) -> None:
    answer = client.get("/v1/ranking")
    assert answer.headers["content-type"].startswith("text/html")
    for words in ("关闭个性化", "不感兴趣", "Switch personalisation off", "under 14"):
        assert words in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("path", ["/docs", "/v1/ranking"])
def test_pages_of_the_api_hold_no_inline_style(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "<style" not in answer.text
    (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', answer.text)
    assert client.get(style).headers["content-type"].startswith("text/css")
