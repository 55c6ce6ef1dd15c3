"""The weekly digest: what is on for those who follow something, as files and by mail."""

import smtplib
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from data.district_time import district_zone
from recommender.errors import UsageError
from recommender.types import Suggestion
from serving.messages.catalogue import reasons_text, text
from serving.suggestions.refusals import NothingEligibleError
from serving.suggestions.suggester import Suggester

DAYS = 7
_ASKED = 40


@dataclass(frozen=True, slots=True)
class Letter:
    """One resident's digest."""

    resident_id: str
    subject: str
    text: str


def write_letters(
    suggester: Suggester, followers: Iterable[str], day: date, *, n: int = 5
) -> Iterable[Letter]:
    """Letters for those who follow something; nobody gets an empty one.

    Parameters
    ----------
    suggester
        At the moment of writing.
    followers
        Residents who follow something: nobody else is written to.
    day
        The first of the seven days that the letters speak of, in local time.
    n
        At most so many events.

    Yields
    ------
    One letter a resident who has something to read.
    """
    first = datetime(day.year, day.month, day.day, tzinfo=district_zone())
    last = first + timedelta(days=DAYS)
    for resident in followers:
        try:
            found = suggester.for_resident(resident, _ASKED)
        except NothingEligibleError:
            continue
        chosen = [line for line in found if first <= line.starts_at < last][:n]
        if chosen:
            subject = text("document.digest_subject", "zh", first=first)
            yield Letter(resident, subject, _text(suggester, chosen))


def save_letters(letters: Iterable[Letter], out: Path) -> list[tuple[Letter, Path]]:
    """One file a resident, ``RESIDENT.txt``.

    Parameters
    ----------
    letters
        What to save.
    out
        Folder of the files; made if missing.

    Returns
    -------
    Each letter with its file.

    Raises
    ------
    UsageError
        If a pseudonym cannot be a file's name.
    """
    out.mkdir(parents=True, exist_ok=True)
    saved = []
    for letter in letters:
        path = out / f"{letter.resident_id}.txt"
        if path.parent != out or not path.name.isprintable():
            raise UsageError(f"{letter.resident_id!r} cannot be a file's name.")
        path.write_text(f"{letter.subject}\n\n{letter.text}", encoding="utf-8")
        saved.append((letter, path))
    return saved


def send_letters(
    saved: Sequence[tuple[Letter, Path]],
    server: str,
    *,
    sender: str,
    address: str,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Hand letters to a mail server; a letter that was handed over is not handed over again.

    Parameters
    ----------
    saved
        Letters and their files; ``RESIDENT.sent`` beside them marks those that went out.
    server
        ``smtp://host:port`` (with STARTTLS where it is offered) or ``smtps://…``, with
        ``user:password@`` where it is asked for.
    sender
        The ``From`` of all letters.
    address
        The ``To``, with ``{resident}`` where the pseudonym goes: only the gateway behind it knows
        whose it is.
    told
        Hears how many have gone out.

    Returns
    -------
    How many went out now.

    Raises
    ------
    UsageError
        If the addresses are none.
    OSError
        If the server does not take them (``smtplib``'s errors are such).
    """
    if "{resident}" not in address or any(sign in address + sender for sign in "\r\n"):
        raise UsageError("--to needs {resident} in it.", "Such as {resident}@push.example.org")
    parts = urlsplit(server)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise UsageError(f"{server!r} is no mail server.", "Such as smtp://localhost:25")
    waiting = [(letter, path) for letter, path in saved if not _mark(path).exists()]
    if not waiting:
        return 0
    with _connected(parts.scheme, parts.hostname, parts.port) as mail:
        if parts.username:
            mail.login(unquote(parts.username), unquote(parts.password or ""))
        for number, (letter, path) in enumerate(waiting, start=1):
            message = EmailMessage()
            message["From"] = sender
            message["To"] = address.format(resident=letter.resident_id)
            message["Subject"] = letter.subject
            message.set_content(letter.text)
            mail.send_message(message)
            _mark(path).touch()
            told(number)
    return len(waiting)


def _connected(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=30, context=context)
    mail = smtplib.SMTP(host, port or 25, timeout=30)
    mail.ehlo()
    if mail.has_extn("starttls"):
        mail.starttls(context=context)
    return mail


def _mark(path: Path) -> Path:
    return path.with_suffix(".sent")


def _text(suggester: Suggester, chosen: Sequence[Suggestion]) -> str:
    shown = suggester.list_tables.text
    places = dict(zip(shown.event_id, shown.venue_name, strict=True))
    parts = []
    for line in chosen:
        at = line.starts_at.astimezone(district_zone())
        weekday = text(f"document.weekday_{at.weekday()}", "zh")
        when = text("document.digest_time", "zh", at=at, weekday=weekday)
        where = places.get(line.event_id) or text("document.online", "zh")
        why = reasons_text(line.reasons, "zh", separator="；")
        parts.append(f"{line.title}\n{when} · {where}" + (f"\n{why}" if why else ""))
    parts.append(text("document.digest_foot", "zh"))
    return "\n\n".join(parts) + "\n"
