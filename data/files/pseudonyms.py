"""Names, phone and identity numbers where a pseudonym belongs, and hiding them in reports."""

import datetime as dt
import re

_SEPARATORS = re.compile(r"[\s\-()（）]")
_PHONE = re.compile(r"(?:tel:)?(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII | re.IGNORECASE)
_LANDLINE = re.compile(r"0\d{2,3}-\d{7,8}", re.ASCII)
_IDENTITY = re.compile(r"[1-9]\d{5}(\d{8})\d{3}[\dXx]", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff·]")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LATIN_NAME = re.compile(r"[A-Za-z.'-]+(?:[ ,]+[A-Za-z.'-]+)+")
_NUMBERS = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|[1-9]\d{16}[\dXx])(?!\d)", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def personal_trait(text: str) -> str | None:
    """What personal thing a would-be pseudonym is.

    Returns
    -------
    ``a phone number``, ``an identity number`` (居民身份证: a possible birth date and the check
    digit of GB 11643), ``a name``, ``an e-mail address``, or ``None``. Digits inside a longer
    word, such as a hash, are not looked at: chance would find phone numbers there.
    """
    bare = _SEPARATORS.sub("", text)
    if _PHONE.fullmatch(bare) or _LANDLINE.fullmatch(text.strip()):
        return "a phone number"
    if _IDENTITY.fullmatch(bare) and _is_identity_number(bare):
        return "an identity number"
    if _MAIL.fullmatch(text.strip()):
        return "an e-mail address"
    if _HAN.search(text) or _LATIN_NAME.fullmatch(text.strip()):
        return "a name"
    return None


def _is_identity_number(text: str) -> bool:
    try:
        born = dt.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=False))
    return 1850 <= born.year <= 2199 and _CHECKS[total % 11] == text[17].upper()


def mask_numbers(text: str) -> str:
    """Free text with the phone and identity numbers in it masked."""
    return _NUMBERS.sub(lambda found: mask(found[0]), text)


def mask(text: str) -> str:
    """A personal value that its owner can still recognise, and nobody else can use."""
    if len(text) <= 2:
        return text[:1] + "*" * (len(text) - 1)
    ends = 1 if len(text) < 7 else 2
    return text[:ends] + "*" * (len(text) - 2 * ends) + text[-ends:]
