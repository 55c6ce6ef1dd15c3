"""The files of `deploy/`: units that systemd takes, a proxy that runs, alarms that can ring."""

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.serving.drill import free_port
from serving.api.http.metrics import Metrics
from serving.exports.health_metrics import health_exposition
from serving.known_settings import require_known_settings
from serving.operations.status import Disk, Health

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])


def test_what_the_image_copies_is_there() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = [word for line in re.findall(r"^COPY (.*)$", text, re.M) for word in line.split()[:-1]]
    assert {"recommender", "features", "data", "training", "serving"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_settings_are_known() -> None:
    text = (DEPLOY / "gongxu.env").read_text(encoding="utf-8")
    named = re.findall(r"^#?(GONGXU_\w+)=", text, re.M)
    assert "GONGXU_HOME" in named
    require_known_settings(dict.fromkeys(named, ""))


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/gongxu/.venv/bin/gongxu", "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    names = [str(tmp_path / unit.name) for unit in UNITS if "@" not in unit.name]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    complaints = [line for line in done.stderr.splitlines() if "gongxu" in line]
    assert complaints == []


def test_alarms_watch_figures_that_are_shown() -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))
    watched = {
        name
        for group in rules["groups"]
        for rule in group["rules"]
        for name in re.findall(r"gongxu_\w+", rule["expr"])
    }
    health = Health(1.0, 1.0, "failed", 1.0, 1, 1, Disk(2, 1, 1))
    shown = Metrics(CollectorRegistry()).exposition() + health_exposition(health)
    families = {family.name for family in text_string_to_metric_families(shown.decode())}
    assert len(watched) >= 7
    assert watched - families == set()


class Echo(BaseHTTPRequestHandler):
    """Stands for the service: answers with the headers that it got."""

    def do_GET(self) -> None:
        """Answer."""
        body = "\n".join(f"{name.lower()}: {value}" for name, value in self.headers.items())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "culture.example.org")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """nginx with the example, on other ports, in front of :class:`Echo`: plain and TLS port."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    plain, tls = free_port(), free_port()
    behind = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    write_certificate(tmp_path)
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for old, new in {
        "127.0.0.1:8000;": f"127.0.0.1:{behind.server_port};",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
        "/etc/ssl/gongxu": str(tmp_path),
    }.items():
        assert old in text
        text = text.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
        f" events {{}} http {{ access_log off; {temporary} {text} }}"
    )
    (tmp_path / "nginx.conf").write_text(whole, encoding="utf-8")
    run = ["nginx", "-e", f"{tmp_path}/error.log", "-p", str(tmp_path), "-c"]
    process = subprocess.Popen([*run, str(tmp_path / "nginx.conf")])
    try:
        for _ in range(200):
            assert process.poll() is None, (tmp_path / "error.log").read_text()
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", tls)) == 0:
                    break
            time.sleep(0.05)
        yield plain, tls
    finally:
        process.terminate()
        process.wait(timeout=20)
        behind.shutdown()
        behind.server_close()


def test_the_proxy_speaks_tls_and_believes_no_visitor(proxy: tuple[int, int]) -> None:
    plain, tls = proxy
    moved = httpx.get(f"http://127.0.0.1:{plain}/events?x=1", headers={"Host": "a.example.org"})
    assert (moved.status_code, moved.headers["location"]) == (
        301,
        "https://a.example.org/events?x=1",
    )
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with httpx.Client(base_url=f"https://127.0.0.1:{tls}", verify=unchecked) as visitor:
        got = visitor.get("/", headers={"X-Forwarded-For": "10.9.8.7", "Host": "a.example.org"})
        assert got.headers["strict-transport-security"].startswith("max-age=")
        seen = dict(line.split(": ", 1) for line in got.text.splitlines())
        assert seen["x-forwarded-for"] == "127.0.0.1"
        assert seen["x-forwarded-proto"] == "https"
        assert seen["host"] == "a.example.org"
        assert visitor.get("/metrics").status_code == 404
        assert visitor.post("/", content=bytes(18_000_000)).status_code == 413
