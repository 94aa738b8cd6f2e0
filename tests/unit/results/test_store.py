"""Result files: complete or not there, and an error names the invalid place."""

import json

import pytest
from cxrbench.errors import DataError, UsageError
from cxrbench.results import read_result
from cxrbench.results.store import read_table, to_parquet, write_atomically

TRACK = "brixia-severity/phantom/test"


@pytest.fixture
def document(constant, command) -> dict:
    return json.loads(command("evaluate", constant, "--track", TRACK, "--json").out)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: d.pop("coverage"), "coverage"),
        (lambda d: d["metrics"]["zone_mae"].update(value="low"), "zone_mae"),
        (lambda d: d.update(extra=1), "extra"),
        (lambda d: d.update(schema=99), "schema"),
        (lambda d: d["submission"].update(name="../up"), "name"),
    ],
)
def test_an_invalid_result_is_named_with_its_place(change, place, document, tmp_path):
    change(document)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(DataError, match=place) as caught:
        read_result(path)
    assert str(path) in caught.value.line


def test_nan_is_no_number_of_a_result(document, tmp_path):
    document["metrics"]["zone_mae"]["value"] = float("nan")
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(DataError):
        read_result(path)


def test_predictions_are_the_same_bytes_whatever_their_order():
    rows = {"b": {"A": 1.0, "B": 2.0}, "a": {"A": 0.5, "B": 0.1}}
    assert to_parquet(rows) == to_parquet(dict(reversed(rows.items())))


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    write_atomically(path, b"old")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file.json"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("text", "message"), [("id,A\n1,2\n", "case_id"), ("case_id,A\n1,2\n1,3\n", "twice"), ("", "cannot be read")]
)
def test_a_file_that_is_no_table_is_refused(text, message, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=message):
        read_table(path)
    with pytest.raises(UsageError):
        read_table(tmp_path / "nowhere.csv")
