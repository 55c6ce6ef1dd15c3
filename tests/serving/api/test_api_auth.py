"""Who gets in, and how they are kept out."""

import base64
import json
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from pwdlib import PasswordHash

from recommender.errors import UsageError
from serving.api.app import create_app
from serving.api.service import Service
from serving.api.settings import ServiceSettings
from serving.auth import local_issuer
from serving.auth.authenticator import REMEMBERED_S, STALE_S, Authenticator
from serving.auth.keys import add_key, check_key, list_keys, revoke_key
from serving.auth.local_issuer import issue_token, key_set
from serving.auth.roles import Principal, Role
from serving.auth.tokens import Issuer, IssuerDownError
from serving.auth.users import (
    MEMORY_KIB,
    TIME_COST,
    SignInBusyError,
    SignInRefusedError,
    TooManyTriesError,
    add_user,
    check_session,
    disable_user,
    sign_in,
    sign_out,
)
from serving.settings import Settings
from serving.store_tables import api_keys, console_users

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ISSUER = "http://issuer.test"


@pytest.fixture
def engine(service: Service) -> sa.Engine:
    return service.database.engine()


def test_a_key_is_stored_as_a_digest_and_dies_when_revoked(engine: sa.Engine) -> None:
    made = add_key(engine, "app", role=Role.SERVICE, scopes=["ingest"], now=NOW)
    with engine.connect() as connection:
        row = connection.execute(sa.select(api_keys).where(api_keys.c.key_id == made.key_id)).one()
    assert made.secret not in str(row)
    assert check_key(engine, made.secret, now=NOW) == Principal(
        made.key_id, Role.SERVICE, frozenset(), frozenset({"ingest"})
    )
    (listed,) = [one for one in list_keys(engine) if one["key_id"] == made.key_id]
    assert listed["last_used_at"] == NOW
    assert "digest" not in listed
    revoke_key(engine, made.key_id, now=NOW)
    assert check_key(engine, made.secret, now=NOW) is None
    assert check_key(engine, made.secret + "x", now=NOW) is None


def test_a_key_runs_out(engine: sa.Engine) -> None:
    made = add_key(engine, "x", role=Role.OPERATOR, now=NOW, expires_at=NOW + timedelta(days=1))
    assert check_key(engine, made.secret, now=NOW) is not None
    assert check_key(engine, made.secret, now=NOW + timedelta(days=1)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": Role.RESIDENT},
        {"role": Role.SERVICE},
        {"role": Role.SERVICE, "scopes": ["everything"]},
        {"role": Role.OFFICER},
    ],
)
def test_keys_that_make_no_sense_are_refused(engine: sa.Engine, wrong) -> None:
    with pytest.raises(UsageError):
        add_key(engine, "x", now=NOW, **wrong)


def test_a_user_signs_in_and_out(engine: sa.Engine) -> None:
    add_user(engine, "anna", "a long password", role=Role.OFFICER, areas=["310105"], now=NOW)
    with engine.connect() as connection:
        stored = connection.execute(sa.select(console_users.c.password_hash)).scalars().first()
    assert stored.startswith("$argon2id$")
    session = sign_in(engine, "anna", "a long password", address="a", now=NOW)
    who = check_session(engine, session, now=NOW)
    assert who == Principal("anna", Role.OFFICER, frozenset({"310105"}))
    assert check_session(engine, session, now=NOW + timedelta(hours=12)) is None
    sign_out(engine, session)
    assert check_session(engine, session, now=NOW) is None
    with pytest.raises(UsageError, match="already"):
        add_user(engine, "anna", "a long password", role=Role.OPERATOR, now=NOW)
    with pytest.raises(UsageError, match="too short"):
        add_user(engine, "bert", "short", role=Role.OPERATOR, now=NOW)


def test_a_disabled_user_is_out_at_once(engine: sa.Engine) -> None:
    add_user(engine, "carl", "a long password", role=Role.OPERATOR, now=NOW)
    session = sign_in(engine, "carl", "a long password", address="c", now=NOW)
    disable_user(engine, "carl", now=NOW)
    assert check_session(engine, session, now=NOW) is None
    with pytest.raises(SignInRefusedError):
        sign_in(engine, "carl", "a long password", address="c", now=NOW)


def test_guessing_is_throttled_for_a_while(engine: sa.Engine) -> None:
    add_user(engine, "dora", "a long password", role=Role.OPERATOR, now=NOW)
    for _ in range(5):
        with pytest.raises(SignInRefusedError):
            sign_in(engine, "dora", "wrong", address="d", now=NOW)
    with pytest.raises(TooManyTriesError):
        sign_in(engine, "dora", "a long password", address="e", now=NOW)
    assert sign_in(engine, "dora", "a long password", address="e", now=NOW + timedelta(minutes=16))


def test_attempts_side_by_side_are_not_all_judged(engine: sa.Engine) -> None:
    add_user(engine, "frida", "a long password", role=Role.OPERATOR, now=NOW)

    def guess(number: int) -> type[Exception]:
        while True:
            try:
                sign_in(engine, "frida", f"wrong {number}", address=f"f{number}", now=NOW)
            except SignInBusyError:
                time.sleep(0.05)
            except (SignInRefusedError, TooManyTriesError) as error:
                return type(error)
            else:
                raise AssertionError("a wrong password was taken")

    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(guess, range(40)))
    assert outcomes == {SignInRefusedError: 5, TooManyTriesError: 35}


def test_sign_ins_wait_in_a_short_queue(client: httpx.Client, engine: sa.Engine) -> None:
    add_user(engine, "gerda", "a long password", role=Role.OPERATOR, now=NOW)
    body = {"username": "gerda", "password": "a long password"}

    def attempt(_: int) -> httpx.Response:
        return client.post("/v1/sessions", json=body)

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(attempt, range(40)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 429, 503}
    assert statuses[503] > 0
    assert statuses[201] > 0
    assert all("retry-after" in a.headers for a in answers if a.status_code in (429, 503))
    assert client.post("/v1/sessions", json=body).status_code == 201  # nothing was held against her


def test_a_costly_hash_of_an_earlier_release_is_replaced(engine: sa.Engine) -> None:
    add_user(engine, "hilda", "a long password", role=Role.OPERATOR, now=NOW)
    earlier = PasswordHash.recommended().hash("a long password")
    with engine.begin() as connection:
        change = console_users.update().where(console_users.c.username == "hilda")
        connection.execute(change.values(password_hash=earlier))
    assert sign_in(engine, "hilda", "a long password", address="h", now=NOW)
    with engine.connect() as connection:
        query = sa.select(console_users.c.password_hash)
        held = connection.execute(query.where(console_users.c.username == "hilda")).scalar_one()
    assert f"m={MEMORY_KIB},t={TIME_COST},p=1" in held
    assert sign_in(engine, "hilda", "a long password", address="h", now=NOW)


def test_unknown_and_wrong_are_told_alike(client: httpx.Client) -> None:
    answers = [
        client.post("/v1/sessions", json={"username": name, "password": "wrong"})
        for name in ("nobody-here", "anna")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_a_session_opens_and_closes_over_http(client: httpx.Client, engine: sa.Engine) -> None:
    add_user(engine, "emil", "a long password", role=Role.OPERATOR, now=NOW)
    made = client.post("/v1/sessions", json={"username": "emil", "password": "a long password"})
    assert made.status_code == 201
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert client.get("/metrics", headers=headers).status_code == 200
    assert client.delete("/v1/sessions/current", headers=headers).status_code == 204
    assert client.get("/metrics", headers=headers).status_code == 401


def test_a_revoked_key_is_out_within_the_time_remembered(engine: sa.Engine) -> None:
    clock = [1_800_000_000.0]
    authenticator = Authenticator(lambda: engine, [], passed=lambda: clock[0])
    made = add_key(engine, "app", role=Role.OPERATOR, now=NOW)
    assert authenticator.authenticate(made.secret) is not None
    revoke_key(engine, made.key_id, now=NOW)
    clock[0] += REMEMBERED_S
    assert authenticator.remembered(made.secret) is None
    assert authenticator.authenticate(made.secret) is None


def test_known_keys_outlive_an_outage_but_not_for_ever(engine: sa.Engine) -> None:
    clock, down = [1_800_000_000.0], [False]

    def opened() -> sa.Engine:
        if down[0]:
            raise ConnectionError
        return engine

    authenticator = Authenticator(opened, [], passed=lambda: clock[0])
    made = add_key(engine, "app", role=Role.OPERATOR, now=NOW)
    assert authenticator.authenticate(made.secret) is not None
    down[0] = True
    clock[0] += STALE_S - 1
    assert authenticator.authenticate(made.secret) is not None
    with pytest.raises(ConnectionError):
        authenticator.authenticate(made.secret + "x")
    clock[0] += 2
    with pytest.raises(ConnectionError):
        authenticator.authenticate(made.secret)


def signed(home: Path, **changes) -> str:
    given = {
        "role": Role.RESIDENT,
        "issuer": ISSUER,
        "audience": "gongxu",
        "now": datetime.now(tz=UTC),
    }
    return issue_token(home, "r1", **{**given, **changes})


def test_a_token_holds_only_as_it_was_signed(api_home: Path) -> None:
    issuer = Issuer(ISSUER, audience="gongxu", keys=key_set(api_home))
    good = signed(api_home)
    found = issuer.verify(good)
    assert found is not None
    assert found[0] == Principal("r1", Role.RESIDENT)
    head, body, signature = good.split(".")
    long_ago = datetime.now(tz=UTC) - timedelta(hours=3)
    claims = jwt.decode(good, options={"verify_signature": False})
    key_id = jwt.get_unverified_header(good)["kid"]
    stranger = ec.generate_private_key(ec.SECP256R1())
    for bad in (
        "",
        "rubbish",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        signed(api_home, now=long_ago),
        signed(api_home, issuer="http://other.test"),
        signed(api_home, audience="another"),
        signed(api_home, role=Role.SERVICE),
        jwt.encode(claims, None, algorithm="none", headers={"kid": key_id}),
        jwt.encode(claims, "k" * 32, algorithm="HS256", headers={"kid": key_id}),
        jwt.encode(claims, stranger, algorithm="ES256", headers={"kid": key_id}),
        jwt.encode({**claims, "roles": ["king"]}, stranger, algorithm="ES256"),
    ):
        assert issuer.verify(bad) is None, bad


NEST = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    "odd",
    [
        {"roles": [{"a": 1}]},
        {"roles": [["operator"]]},
        {"roles": {"operator": True}},
        {"roles": 7},
        {"areas": [{"code": "310105"}]},
        {"areas": "310105"},
        {"sub": ["r1"]},
        {"sub": {"id": "r1"}},
        {"sub": 5},
        {"aud": {"gongxu": 1}},
        {"iss": [ISSUER]},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"exp": "soon"},
        {"iat": [1]},
        {"exp": None},
    ],
)
def test_a_signed_token_of_an_odd_shape_is_401(client, api_home: Path, odd) -> None:
    now = int(datetime.now(tz=UTC).timestamp())
    usual = {"sub": "r1", "roles": ["operator"], "iss": ISSUER, "aud": "gongxu"}
    claims = json.dumps(usual | {"iat": now, "exp": now + 600} | odd).encode()
    kid = key_set(api_home)["keys"][0]["kid"]
    signed = jwt.api_jws.encode(
        claims, local_issuer._private_key(api_home), algorithm="ES256", headers={"kid": kid}
    )
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {signed}"})
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("part", [NEST, "[]", "7", '{"alg": ["ES256"]}', '{"alg": {}, "kid": 5}'])
def test_a_token_with_an_odd_header_is_401(client: httpx.Client, part: str) -> None:
    head = base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {head}.e30.x"})
    assert answer.status_code == 401


def test_keys_are_discovered_from_a_running_issuer(tmp_path: Path, running) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = ServiceSettings(local_issuer=address, rate_per_minute=0)
    issuing = create_app(service=Service(Settings(home=tmp_path), options))
    with running(issuing, port=port):
        issuer = Issuer(address, audience="gongxu")
        found = issuer.verify(signed(tmp_path, issuer=address))
        assert found is not None
        assert found[0].subject == "r1"
        assert issuer.verify(signed(tmp_path, issuer=address, audience="another")) is None
    with pytest.raises(IssuerDownError):
        Issuer(address, audience="gongxu").verify(signed(tmp_path, issuer=address))


def test_officers_act_for_their_areas_and_what_is_below() -> None:
    parents = {"310105001": "310105", "310105001001": "310105001", "a": "b", "b": "a"}
    officer = Principal("o", Role.OFFICER, frozenset({"310105001"}))
    assert officer.acts_for("310105001", parents)
    assert officer.acts_for("310105001001", parents)
    assert not officer.acts_for("310105", parents)
    assert not officer.acts_for("310105002", parents)
    assert not officer.acts_for("a", parents)
    assert Principal("d", Role.DISTRICT).acts_for("310105", parents)
