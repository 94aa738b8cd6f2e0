"""`splits cite` prints BibTeX that a parser accepts."""

import re

import pytest
from cxrbench.splits import SplitHeader, find_split, format_bibtex, list_splits
from cxrbench.splits.citation import YEAR


def parse_bibtex(entry: str) -> dict[str, str]:
    """Parse one BibTeX entry: balanced braces, one field per line."""
    kind, key, body = re.fullmatch(r"@(\w+)\{([^,\s{}]+),\n(.*)\n\}", entry, re.DOTALL).groups()
    fields = dict(re.fullmatch(r"  (\w+) = \{(.*)\},", line).groups() for line in body.splitlines())
    for value in fields.values():
        assert value.replace(r"\{", "").count("{") == value.replace(r"\}", "").count("}")
    return {"kind": kind, "key": key, **fields}


@pytest.mark.parametrize("header", list_splits(), ids=lambda header: header.label)
def test_every_split_can_be_cited(header):
    split = find_split(header.dataset, header.name)
    entry = parse_bibtex(format_bibtex(split))
    assert entry["kind"] == "misc"
    assert {"title", "author", "year", "note"} <= set(entry)
    assert entry["year"] == str(YEAR)
    assert split.sha256 in entry["note"]
    assert len(split.sha256) == 64
    assert f"version {split.version}" in entry["title"]
    assert "http" not in format_bibtex(split)


def test_keys_are_unique():
    keys = [parse_bibtex(format_bibtex(find_split(header.dataset, header.name)))["key"] for header in list_splits()]
    assert len(keys) == len(set(keys))


def test_numbers_are_those_of_the_parts():
    assert "11254 cases of 5413 patients" in format_bibtex(find_split("rsna"))
    assert "a rule" in format_bibtex(find_split("brixia"))


def test_special_characters_of_tex_are_escaped():
    header = SplitHeader(dataset="a_b", origin="50 % & more {#1}", licence="", note="", sha256="0")
    assert r"50 \% \& more \{\#1\}" in format_bibtex(header)
    assert r"a\_b" in format_bibtex(header)


def test_the_command(command):
    done = command("splits", "cite", "danilov@published")
    assert done.code == 0
    assert parse_bibtex(done.out.rstrip("\n"))["key"] == "cxrbench-danilov-published-v1"
