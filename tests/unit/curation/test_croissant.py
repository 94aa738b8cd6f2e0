"""`cxrbench datasets croissant`: valid for mlcroissant's own reader, and with the rows of our splits."""

import json
import logging
import sys
import warnings

import pytest
from cxrbench.catalog import read_cards
from cxrbench.splits import load_split

mlc = pytest.importorskip("mlcroissant", reason="needs the extra croissant")


@pytest.fixture
def read(monkeypatch):
    """mlcroissant's own reader, without its warnings about its parsers and about the missing date of publication."""
    monkeypatch.setattr(logging.getLogger("absl"), "disabled", True)

    def reading(path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return mlc.Dataset(path)

    return reading


@pytest.mark.parametrize("name", sorted(read_cards()))
def test_every_card_is_valid_and_keeps_its_terms(name, command, tmp_path, read):
    assert command("datasets", "croissant", name, "--out", tmp_path / "c.json").code == 0
    metadata, card = read(tmp_path / "c.json").metadata, read_cards()[name]
    assert not metadata.ctx.issues.errors
    assert metadata.name == name
    assert metadata.license == [card.licence]
    assert (metadata.cite_as or "") == card.citation.strip()
    assert card.layout.strip() in metadata.description


@pytest.mark.parametrize(("label", "part"), [("brixia-cohen", "default"), ("brixia-cohen", "published")])
def test_the_records_are_the_rows_of_the_split(label, part, command, tmp_path, read):
    assert command("datasets", "croissant", label, "--out", tmp_path / "c.json").code == 0
    split = load_split(label, part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = [
            [row[f"cases@{part}/{key}"].decode() for key in ("case_id", "patient_id", "part")]
            for row in read(tmp_path / "c.json").records(f"cases@{part}")
        ]
    assert rows == [[case, split.patients[case], part_of_case] for case, part_of_case in split.part_of.items()]


def test_a_list_of_patients_and_a_rule(command):
    by_patient = json.loads(command("datasets", "croissant", "covid-19-ar").out)
    assert [field["name"] for field in by_patient["recordSet"][0]["field"]] == ["patient_id", "part"]
    rule = json.loads(command("datasets", "croissant", "brixia").out)
    assert "recordSet" not in rule
    assert "Split brixia, version 1, is a rule" in rule["description"]


def test_without_mlcroissant_the_error_names_the_extra(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlcroissant", None)
    done = command("datasets", "croissant", "cohen")
    assert done.code == 2
    assert done.error_lines == ["error: Croissant needs mlcroissant: cohen; pip install 'cxrbench[croissant]'"]


def test_an_unknown_name(command):
    done = command("datasets", "croissant", "coen")
    assert done.code == 2
    assert "cohen" in done.error_lines[0]
