"""Signing in by form: tokens, where it leads, how it ends."""

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("users")


def test_whoever_is_not_signed_in_is_led_to_the_form_and_back(site: httpx.Client) -> None:
    answer = site.get("/console/streets?measure=gap")
    assert answer.status_code == 303
    to = answer.headers["location"]
    assert to == "/console/sign-in?next=/console/streets%3Fmeasure%3Dgap"
    assert 'value="/console/streets?measure=gap"' in site.get(to).text


def test_a_session_lasts_until_it_is_ended(as_user, form_token) -> None:
    browser = as_user("district")
    home = browser.get("/console")
    assert home.status_code == 200
    assert "district，你好" in home.text
    secret = browser.cookies["gongxu_session"]
    sent = {"form_token": form_token(home.text)}
    assert browser.post("/console/sign-out", data=sent).headers["location"] == "/console/sign-in"
    old = {"gongxu_session": secret}
    assert httpx.get(f"{browser.base_url}/console", cookies=old).status_code == 303


def test_the_sessions_cookie_is_out_of_reach_of_scripts(site: httpx.Client, form_token) -> None:
    token = form_token(site.get("/console/sign-in").text)
    sent = {"username": "operator", "password": "a long password", "form_token": token}
    answer = site.post("/console/sign-in", data=sent)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    site.cookies.clear()


def test_a_wrong_password_is_told_at_the_form(site: httpx.Client, form_token) -> None:
    token = form_token(site.get("/console/sign-in").text)
    sent = {"username": "<b>", "password": "wrong", "form_token": token}
    answer = site.post("/console/sign-in", data=sent)
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert 'value="&lt;b&gt;"' in answer.text


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/", "/console/sign-out"])
def test_signing_in_leads_nowhere_else(site: httpx.Client, form_token, to: str) -> None:
    token = form_token(site.get("/console/sign-in").text)
    sent = {"username": "operator", "password": "a long password", "form_token": token, "next": to}
    answer = site.post("/console/sign-in", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    site.cookies.clear()


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {}),
        ({"form_token": "x" * 64}, {}),
        ({"form_token": "right"}, {"sec-fetch-site": "cross-site"}),
        ({"form_token": "right"}, {"cookie": ""}),
    ],
)
def test_a_forged_form_is_refused(site: httpx.Client, form_token, fields, headers) -> None:
    token = form_token(site.get("/console/sign-in").text)
    sent = {"username": "operator", "password": "a long password", **fields}
    if fields.get("form_token") == "right":
        sent["form_token"] = token
    answer = site.post("/console/sign-in", data=sent, headers=headers)
    assert answer.status_code == 403
    assert "gongxu_session" not in answer.headers.get("set-cookie", "")


def test_another_sessions_token_is_refused(as_user, form_token) -> None:
    operator, officer = as_user("operator"), as_user("officer")
    token = form_token(operator.get("/console").text)
    answer = officer.post("/console/sign-out", data={"form_token": token})
    assert answer.status_code == 403
    assert officer.get("/console").status_code == 200


def test_the_api_takes_no_cookie_and_pages_no_header(as_user) -> None:
    operator = as_user("operator")
    assert operator.get("/v1/models").status_code == 401
    secret = operator.cookies["gongxu_session"]
    bearer = {"authorization": f"Bearer {secret}"}
    assert httpx.get(f"{operator.base_url}/v1/models", headers=bearer).status_code == 200
    assert httpx.get(f"{operator.base_url}/console", headers=bearer).status_code == 303
