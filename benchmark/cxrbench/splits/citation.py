"""How a split is cited: BibTeX with version and hash."""

from cxrbench.splits.split import Head, Split

YEAR = 2026
"""The year in which the splits of this release were drawn."""
_SPECIAL = {"\\": r"\textbackslash{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"}}


def format_bibtex(split: Head) -> str:
    """A BibTeX entry that pins a split: name, version and hash; a rule has no numbers of its own."""
    fields = {
        "title": f"{{cxrbench split {_plain(split.label)}, version {split.version}}}",
        "author": "{The cxrbench developers}",
        "year": str(YEAR),
        "note": f"{_plain(split.origin)}; {_size(split)}; SHA-256 {split.sha256}",
    }
    key = f"cxrbench-{split.label.replace('@', '-')}-v{split.version}"
    return "\n".join([f"@misc{{{key},", *(f"  {name} = {{{value}}}," for name, value in fields.items()), "}"])


def _size(split: Head) -> str:
    if not isinstance(split, Split):
        return "a rule, evaluated on the user's copy"
    used = split.cases("all")
    return f"{len(used)} cases of {len({split.patients[case] for case in used})} patients"


def _plain(text: str) -> str:
    """Text as TeX prints it."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
