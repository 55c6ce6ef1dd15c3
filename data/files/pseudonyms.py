"""Names, phone and identity numbers where a pseudonym belongs, and hiding them in reports."""

import datetime as dt
import re

MAY_BE_PERSONAL = (
    r"(?i)^(tel|phone|mobile|mob|cell|sfz|idcard|id)?[\d\s+\-()._:#=|/]{10,30}X?$"
    r"|^[a-z]+([._:|~+=#\-][a-z]+)+$|[^\w\-.:+=#~|]"
)
"""What could be personal (RE2): mostly digits, words with marks between, or no plain word."""

_SEPARATORS = re.compile(r"[\s\-()（）._:#=|/]")
_PREFIX = re.compile(r"^(?:tel|phone|mobile|mob|cell|sfz|idcard|id)(?=[\W_\d])", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
_LANDLINE = re.compile(r"(?:\+?86[-. ]?)?\(?0?\d{2,3}\)?[-._ ]\d{3,4}[-._ ]?\d{4}", re.ASCII)
_IDENTITY = re.compile(r"[1-9]\d{5}(\d{8})\d{3}[\dXx]", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff·]")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LATIN_NAME = re.compile(r"[A-Za-z.'-]+(?:[ ,]+[A-Za-z.'-]+)+|[A-Za-z]{2,}(?:\.[A-Za-z]{2,})+")
_WORDS = re.compile(r"[._:|~+=#-]")
_SURNAMES = (
    " an bai bao bi bian bu cai cao cen chai chang chen cheng chi chu cui dai deng di ding dong"
    " dou du duan fan fang fei feng fu gan gao ge geng gong gu guan guo han hang hao he hong hou"
    " hu hua huang huo ji jia jian jiang jiao jin jing kang ke kong kuang lai lan lang lei leng"
    " li lian liang liao lin ling liu long lou lu luo lv ma mao mei meng mi miao min ming mo mu"
    " ni nie ning niu ouyang pan pang pei peng pi ping pu qi qian qiang qiao qin qiu qu quan ran"
    " ren rong ruan rui sha shan shang shao shen sheng shi shu si sima song su sui sun tan tang"
    " tao teng tian tong tu wan wang wei wen weng wu xi xia xiang xiao xie xin xing xiong xu"
    " xuan xue yan yang yao ye yi yin ying you yu yuan yue yun zang zeng zha zhai zhan zhang"
    " zhao zhen zheng zhong zhou zhu zhuang zhuge zhuo zong zou zu zuo"
    " "
)
"""Frequent surnames in pinyin, a blank around each."""
_SYLLABLE = (
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|"
    r"un|uo|ve|a|e|i|o|u|v)"
)
_GIVEN_NAME = re.compile(rf"(?:{_SYLLABLE}){{1,2}}")
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
    number = _PREFIX.sub("", text.strip()).strip("-_.:#=|/ ")
    bare = _SEPARATORS.sub("", number)
    if _PHONE.fullmatch(bare) or _LANDLINE.fullmatch(number):
        return "a phone number"
    if _IDENTITY.fullmatch(bare) and _is_identity_number(bare):
        return "an identity number"
    if _MAIL.fullmatch(text.strip()):
        return "an e-mail address"
    if _HAN.search(text) or _LATIN_NAME.fullmatch(text.strip()) or _is_pinyin_name(text):
        return "a name"
    return None


def _is_pinyin_name(text: str) -> bool:
    """Whether words between marks are a Chinese name: ``ZHANG_SAN``, ``san-zhang``."""
    words = [word.lower() for word in _WORDS.split(text.strip())]
    if not 2 <= len(words) <= 3 or not all(_GIVEN_NAME.fullmatch(word) for word in words):
        return False
    return any(f" {word} " in _SURNAMES for word in (words[0], words[-1]))


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
