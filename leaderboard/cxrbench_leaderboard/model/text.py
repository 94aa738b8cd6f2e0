"""How numbers and texts of submissions are written: three decimals, a true minus, a dash for a missing value."""

import unicodedata
from decimal import Decimal
from functools import lru_cache
from urllib.parse import urlsplit

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def format_number(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """Write a number with fixed decimals.

    Args:
        value: The number, or None for a missing one.
        digits: Decimals shown.
        signed: Whether a number above zero has a plus sign.

    Returns:
        The number with a true minus sign, or a dash for None; a number that rounds to zero has no sign.

    Example:
        >>> format_number(0.40712), format_number(0.5, signed=True)
        ('0.407', '+0.500')
        >>> format_number(-0.13107) == MINUS + "0.131", format_number(None) == MISSING
        (True, True)
    """
    if value is None:
        return MISSING
    text = f"{value:.{digits}f}"
    if value > 0 and not signed:
        return text
    if not text.strip("-0."):
        return text.lstrip("-")
    return add_sign(text) if signed else text.replace("-", MINUS)


def add_sign(text: str) -> str:
    """Put the sign in front of a written number.

    Args:
        text: A number, with a hyphen before it where it is below zero.

    Returns:
        The number with a plus or a true minus.

    Example:
        >>> add_sign("0.131"), add_sign("-0.036") == MINUS + "0.036"
        ('+0.131', True)
    """
    return text.replace("-", MINUS) if text.startswith("-") else f"+{text}"


def format_p_value(value: float | None) -> str:
    """Write a p-value with three decimals.

    Args:
        value: The p-value in [0, 1], or None.

    Returns:
        The p-value, "< 0.001" for a smaller one, a dash for None.

    Example:
        >>> format_p_value(0.0123), format_p_value(0.00001), format_p_value(None) == MISSING
        ('0.012', '< 0.001', True)
    """
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def format_interval(low: float | None, high: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """Write an interval in brackets.

    Args:
        low: The lower bound, or None.
        high: The upper bound, or None.
        digits: Decimals shown.
        signed: Whether a bound above zero has a plus sign.

    Returns:
        The interval; empty where a bound is missing.

    Example:
        >>> format_interval(0.3648, 0.4507)
        '[0.365, 0.451]'
    """
    if low is None or high is None:
        return ""
    return f"[{format_number(low, digits, signed=signed)}, {format_number(high, digits, signed=signed)}]"


def format_reported(value: Decimal, *, signed: bool = False) -> str:
    """Write a number of a paper with the digits of the paper, trailing zeros included.

    Args:
        value: The number with the digits of the paper.
        signed: Whether a number above zero has a plus sign.

    Returns:
        The number with a true minus sign.

    Example:
        >>> format_reported(Decimal("0.560")), format_reported(Decimal("0.036"), signed=True)
        ('0.560', '+0.036')
    """
    text = format(value, "f")
    return add_sign(text) if signed else text.replace("-", MINUS)


def format_magnitude(value: float | None) -> str:
    """Write a large count with three significant digits and a prefix.

    Args:
        value: The count, or None.

    Returns:
        The count, or a dash for None.

    Example:
        >>> format_magnitude(11_689_512), format_magnitude(940), format_magnitude(None) == MISSING
        ('11.7 M', '940', True)
    """
    if value is None:
        return MISSING
    for size, prefix in UNITS:
        if value >= size:
            return f"{value / size:.3g} {prefix}" if value < 999.5 * size else f"{value / size:.0f} {prefix}"
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def round_stable(value: float | None) -> float | None:
    """Round a computed number to the digits that do not depend on the machine.

    Args:
        value: The number, or None.

    Returns:
        The number with nine decimals, or None.
    """
    return None if value is None else round(value, 9)


def round_p_value(value: float | None) -> float | None:
    """Round a p-value to six significant digits, however small it is.

    Args:
        value: The p-value, or None.

    Returns:
        The rounded p-value, or None.

    Example:
        >>> round_p_value(1.23456789e-8)
        1.23457e-08
    """
    return None if value is None else float(f"{value:.6g}")


@lru_cache(maxsize=4096)
def clean_text(text: str) -> str:
    """Put a text of a submission on one line, without control and direction-changing characters.

    Args:
        text: Any text.

    Returns:
        The text with single blanks.

    Example:
        >>> clean_text("a" + chr(0x202E) + "b" + chr(0) + "  c")
        'ab c'
    """
    kept = (
        char for char in " ".join(text.split()) if char not in BIDI and unicodedata.category(char) not in {"Cc", "Cs"}
    )
    return "".join(kept)


def shorten_text(text: str, length: int) -> str:
    """Shorten a text to a number of characters.

    Args:
        text: Any text.
        length: The most characters, at least 1.

    Returns:
        The text, with an ellipsis at its end where it was shortened.

    Example:
        >>> shorten_text("radiologist", 6)
        'radio…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def to_web_address(url: str) -> str:
    """Keep a plain web address; no other scheme may become a link.

    Args:
        url: An address as a submission declares it.

    Returns:
        The address without blanks around it, or nothing.

    Example:
        >>> to_web_address("https://example.org/a"), to_web_address("javascript:alert(1)"), to_web_address("https://")
        ('https://example.org/a', '', '')
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in {"http", "https"} and parts.netloc else ""
