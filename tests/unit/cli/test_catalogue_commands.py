"""`datasets list` and `show`, `splits list` and `show` on a terminal of 80 columns."""

import json

import pytest
from cxrbench.catalog import cards
from cxrbench.splits import catalogue


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("group", ["datasets", "splits"])
def test_lists_fit_and_name_everything(command, group):
    lines = command(group, "list").out.splitlines()
    assert max(map(len, lines)) <= 80
    names = sorted(cards()) if group == "datasets" else [head.label for head in catalogue()]
    assert [line.split()[0] for line in lines[1:]] == names


def test_what_a_list_cuts_the_document_has(command, monkeypatch):
    licence = cards()["cohen"].licence
    assert licence not in command("datasets", "list").out
    assert json.loads(command("datasets", "list", "--json").out)["cohen"]["licence"] == licence
    monkeypatch.setenv("COLUMNS", "300")
    assert licence in command("datasets", "list").out


@pytest.mark.parametrize("name", sorted(cards()))
def test_a_card_is_wrapped_but_for_its_layout_and_citation(command, name):
    shown = command("datasets", "show", name).out
    kept = {line.strip() for text in (cards()[name].layout, cards()[name].citation) for line in text.splitlines()}
    free = [line for line in shown.splitlines() if line.strip() not in kept and "://" not in line]
    assert max(map(len, free)) <= 80
    for line in kept - {""}:
        assert line in shown
    words = " ".join(shown.split())
    for problem in cards()[name].problems:
        assert " ".join(problem.split()) in words


@pytest.mark.parametrize("label", [head.label for head in catalogue()])
def test_a_split_is_shown_within_the_terminal(command, label):
    done = command("splits", "show", label)
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 17 + 64
    assert "sha256:" in done.out
