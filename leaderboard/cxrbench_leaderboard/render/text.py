"""How numbers and strangers' words are shown: three decimals, a true minus, a dash for what is missing."""

import unicodedata
from decimal import Decimal
from functools import lru_cache
from urllib.parse import urlsplit

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def number(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """A number with fixed decimals; `signed` puts a plus before what is above zero, None is a dash.

    >>> number(0.40712), number(0.5, signed=True), number(-0.13107) == MINUS + "0.131", number(None) == MISSING
    ('0.407', '+0.500', True, True)
    """
    if value is None:
        return MISSING
    text = f"{value:.{digits}f}"
    if value > 0 and not signed:
        return text
    if not text.strip("-0."):
        return text.lstrip("-")
    return with_sign(text) if signed else text.replace("-", MINUS)


def with_sign(text: str) -> str:
    """A written number with its sign in front, plus or true minus.

    >>> with_sign("0.131"), with_sign("-0.036") == MINUS + "0.036"
    ('+0.131', True)
    """
    return text.replace("-", MINUS) if text.startswith("-") else f"+{text}"


def p_text(value: float | None) -> str:
    """A p-value with three decimals, below 0.001 as that.

    >>> p_text(0.0123), p_text(0.00001), p_text(None) == MISSING
    ('0.012', '< 0.001', True)
    """
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def interval(low: float | None, high: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """An interval in brackets, empty where there is none.

    >>> interval(0.3648, 0.4507)
    '[0.365, 0.451]'
    """
    if low is None or high is None:
        return ""
    return f"[{number(low, digits, signed=signed)}, {number(high, digits, signed=signed)}]"


def printed(value: Decimal, *, signed: bool = False) -> str:
    """A printed number with the digits that were printed, trailing zeros included.

    >>> printed(Decimal("0.560")), printed(Decimal("0.036"), signed=True)
    ('0.560', '+0.036')
    """
    text = format(value, "f")
    return with_sign(text) if signed else text.replace("-", MINUS)


def large(value: float | None) -> str:
    """A count in three significant digits with its prefix.

    >>> large(11_689_512), large(940), large(None) == MISSING
    ('11.7 M', '940', True)
    """
    if value is None:
        return MISSING
    for size, prefix in UNITS:
        if value >= size:
            return f"{value / size:.3g} {prefix}" if value < 999.5 * size else f"{value / size:.0f} {prefix}"
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """A stranger's text in one line, without control and direction-changing characters.

    >>> clean("a" + chr(0x202E) + "b" + chr(0) + "  c")
    'ab c'
    """
    kept = (
        char for char in " ".join(text.split()) if char not in BIDI and unicodedata.category(char) not in {"Cc", "Cs"}
    )
    return "".join(kept)


def cut(text: str, length: int) -> str:
    """The text, at most `length` characters, with an ellipsis where it was cut.

    >>> cut("radiologist", 6)
    'radio…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def safe_url(url: str) -> str:
    """The address if it is a plain web address, else nothing: no other scheme becomes a link.

    >>> safe_url("https://example.org/a"), safe_url("javascript:alert(1)"), safe_url("https://")
    ('https://example.org/a', '', '')
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in {"http", "https"} and parts.netloc else ""
