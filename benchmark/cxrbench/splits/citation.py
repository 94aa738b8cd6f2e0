"""How a split is cited: BibTeX with version and hash."""

from cxrbench.splits.split import Split, SplitHeader

YEAR = 2026
"""The year in which the splits of this release were drawn."""
_SPECIAL = {"\\": r"\textbackslash{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"}}


def format_bibtex(split: SplitHeader) -> str:
    """Format a BibTeX entry that pins a split by name, version and hash.

    Args:
        split: The split; for a rule the entry states no numbers of cases, since these depend on the user's copy.

    Returns:
        One `@misc` entry without a trailing line break.

    Example:
        >>> from cxrbench.splits import find_split
        >>> print(format_bibtex(find_split("jsrt")).splitlines()[0])
        @misc{cxrbench-jsrt-v1,
    """
    fields = {
        "title": f"{{cxrbench split {_escape_tex(split.label)}, version {split.version}}}",
        "author": "{The cxrbench developers}",
        "year": str(YEAR),
        "note": f"{_escape_tex(split.origin)}; {_describe_size(split)}; SHA-256 {split.sha256}",
    }
    key = f"cxrbench-{split.label.replace('@', '-')}-v{split.version}"
    return "\n".join([f"@misc{{{key},", *(f"  {name} = {{{value}}}," for name, value in fields.items()), "}"])


def _describe_size(split: SplitHeader) -> str:
    if not isinstance(split, Split):
        return "a rule, evaluated on the user's copy"
    used = split.cases("all")
    return f"{len(used)} cases of {len({split.patients[case] for case in used})} patients"


def _escape_tex(text: str) -> str:
    """Escape the characters that TeX would interpret."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
