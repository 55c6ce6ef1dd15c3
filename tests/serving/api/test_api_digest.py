"""The weekly letters: only to those who follow, to a real mail server, once."""

import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.store.embedded import embedded_url
from data.store.store import Store
from recommender.errors import UsageError
from serving.settings import Settings
from serving.suggestions.digest import save_letters, send_letters, write_letters
from serving.suggestions.serving_snapshot import build, load_model

pytestmark = pytest.mark.usefixtures("world")


class Mailbox(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a sender needs."""

    def handle(self) -> None:
        def say(line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        say("220 here")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                say("354 go on")
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.decode())
                self.server.letters.append("".join(lines))
            say("221 bye" if word == b"QUIT" else "250 ok")
            if word == b"QUIT":
                return


@pytest.fixture
def mail() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.letters = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def suggester(api_home: Path):
    settings = Settings(home=api_home)
    store = Store.connect(embedded_url(api_home))
    try:
        with store.engine.begin() as connection:
            connection.execute(
                sa.text("INSERT INTO mutes VALUES ('r1', 'event', 'u0', :now)"),
                {"now": datetime.now(tz=UTC)},
            )
        snapshot = build(store, load_model(settings, store), api_home, at=datetime.now(tz=UTC))
        yield snapshot.suggester
    finally:
        store.close()


def test_letters_are_written_saved_and_sent_once(suggester, mail, tmp_path: Path) -> None:
    day = (datetime.now(tz=UTC) + timedelta(days=1)).date()
    letters = list(write_letters(suggester, ["r1", "r2"], day, n=9))
    assert [letter.resident_id for letter in letters] == ["r1", "r2"]
    assert "第u1场" in letters[0].text
    assert "第u0场" not in letters[0].text
    assert "第u0场" in letters[1].text
    saved = save_letters(letters, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r1.txt", "r2.txt"]
    server = f"smtp://127.0.0.1:{mail.server_address[1]}"
    given = {"sender": "digest@example.org", "address": "{resident}@push.example.org"}
    assert send_letters(saved, server, **given) == 2
    assert send_letters(saved, server, **given) == 0
    assert len(mail.letters) == 2
    first = message_from_string(mail.letters[0], policy=policy.default)
    assert first["To"] == "r1@push.example.org"
    assert first.get_content().replace("\r\n", "\n").rstrip("\n") == letters[0].text.rstrip("\n")


def test_nobody_gets_an_empty_letter(suggester) -> None:
    far = (datetime.now(tz=UTC) + timedelta(days=400)).date()
    assert list(write_letters(suggester, ["r1"], far)) == []
    assert list(write_letters(suggester, [], datetime.now(tz=UTC).date())) == []


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("smtp://x", "no-place"),
        ("http://x", "{resident}@y"),
        ("smtp://x", "{resident}@y\r\nBcc: z"),
    ],
)
def test_addresses_that_are_none(tmp_path: Path, server: str, address: str) -> None:
    with pytest.raises(UsageError):
        send_letters([], server, sender="a@b", address=address)
