"""`datasets list` and `show`, `splits list` and `show` on a terminal of 80 columns."""

import json

import pytest
from cxrbench.catalog import read_cards
from cxrbench.splits import list_splits


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("group", ["datasets", "splits"])
def test_lists_fit_the_terminal_and_are_complete(command, group):
    lines = command(group, "list").out.splitlines()
    assert max(map(len, lines)) <= 80
    names = sorted(read_cards()) if group == "datasets" else [header.label for header in list_splits()]
    assert [line.split()[0] for line in lines[1:]] == names


def test_the_json_has_what_the_list_cuts(command, monkeypatch):
    licence = read_cards()["cohen"].licence
    assert licence not in command("datasets", "list").out
    assert json.loads(command("datasets", "list", "--json").out)["cohen"]["licence"] == licence
    monkeypatch.setenv("COLUMNS", "300")
    assert licence in command("datasets", "list").out


@pytest.mark.parametrize("name", sorted(read_cards()))
def test_a_card_is_wrapped_except_layout_and_citation(command, name):
    shown = command("datasets", "show", name).out
    kept = {
        line.strip() for text in (read_cards()[name].layout, read_cards()[name].citation) for line in text.splitlines()
    }
    free = [line for line in shown.splitlines() if line.strip() not in kept and "://" not in line]
    assert max(map(len, free)) <= 80
    for line in kept - {""}:
        assert line in shown
    words = " ".join(shown.split())
    for problem in read_cards()[name].problems:
        assert " ".join(problem.split()) in words


@pytest.mark.parametrize("label", [header.label for header in list_splits()])
def test_a_split_is_shown_within_the_terminal(command, label):
    done = command("splits", "show", label)
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 17 + 64
    assert "sha256:" in done.out
