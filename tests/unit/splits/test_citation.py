"""`splits cite` prints BibTeX that a parser takes."""

import re

import pytest
from cxrbench.splits import Head, format_bibtex, catalogue, registered_split
from cxrbench.splits.citation import YEAR


def fields(entry: str) -> dict[str, str]:
    """A small reader of one BibTeX entry: balanced braces, one field a line."""
    kind, key, body = re.fullmatch(r"@(\w+)\{([^,\s{}]+),\n(.*)\n\}", entry, re.DOTALL).groups()
    found = dict(re.fullmatch(r"  (\w+) = \{(.*)\},", line).groups() for line in body.splitlines())
    for value in found.values():
        assert value.replace(r"\{", "").count("{") == value.replace(r"\}", "").count("}")
    return {"kind": kind, "key": key, **found}


@pytest.mark.parametrize("head", catalogue(), ids=lambda head: head.label)
def test_every_split_can_be_cited(head):
    split = registered_split(head.dataset, head.name)
    found = fields(format_bibtex(split))
    assert found["kind"] == "misc"
    assert {"title", "author", "year", "note"} <= set(found)
    assert found["year"] == str(YEAR)
    assert split.sha256 in found["note"]
    assert len(split.sha256) == 64
    assert f"version {split.version}" in found["title"]
    assert "http" not in format_bibtex(split)


def test_keys_are_unique():
    keys = [fields(format_bibtex(registered_split(head.dataset, head.name)))["key"] for head in catalogue()]
    assert len(keys) == len(set(keys))


def test_numbers_are_of_the_parts():
    assert "11254 cases of 5413 patients" in format_bibtex(registered_split("rsna"))
    assert "a rule" in format_bibtex(registered_split("brixia"))


def test_signs_of_tex_are_escaped():
    head = Head(dataset="a_b", origin="50 % & more {#1}", licence="", note="", sha256="0")
    assert r"50 \% \& more \{\#1\}" in format_bibtex(head)
    assert r"a\_b" in format_bibtex(head)


def test_the_command(command):
    done = command("splits", "cite", "danilov@published")
    assert done.code == 0
    assert fields(done.out.rstrip("\n"))["key"] == "cxrbench-danilov-published-v1"
