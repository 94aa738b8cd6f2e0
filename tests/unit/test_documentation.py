"""The documentation names what exists: every dotted name in it can be imported."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "submissions" / "README.md"]
NAME = re.compile(r"`(cxrbench(?:_[a-z]+)?(?:\.\w+)+)(?:\(\))?`")
HISTORY = "CHANGELOG.md"


def find(name: str) -> object:
    """The object of a dotted name: the longest prefix that is a module, then attributes."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for part in parts[n:]:
            value = getattr(value, part)
        return value
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_name_in_the_documentation_exists(page):
    names = set() if page.name == HISTORY else set(NAME.findall(page.read_text("utf-8")))
    groups = {"cxrbench.commands", "cxrbench.datasets", "cxrbench.baselines", "cxrbench.metrics"}
    assert [name for name in sorted(names - groups) if find(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
