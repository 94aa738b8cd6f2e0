"""Split files: a changed file is refused, and the files that ship are valid."""

import hashlib
import shutil

import pytest
from cxrbench.case import Case
from cxrbench.errors import DataError, UsageError
from cxrbench.splits import (
    ALL,
    FOLDER,
    UNUSED,
    SplitRule,
    files,
    find_split,
    list_case_files,
    list_splits,
    load_split,
    read_checksums,
)

HEAD = "# dataset: d\n# name: default\n# version: 1\n# origin: ours\n# seed: none\n# licence: none\n# note: a test\n"


@pytest.fixture
def write_split(tmp_path, monkeypatch):
    """An empty registry, and a function that writes a split file and registers it."""
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    (tmp_path / "SHA256SUMS").write_text("")

    def write(name, text):
        (tmp_path / name).write_bytes(text.encode())
        with (tmp_path / "SHA256SUMS").open("a") as sums:
            sums.write(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n")
        return tmp_path / name

    return write


@pytest.mark.parametrize("name", ["brixia-cohen-v1.csv", "covid-19-ar-v1.csv"])
def test_a_changed_file_is_refused(tmp_path, monkeypatch, name):
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, tmp_path)
    shutil.copy(FOLDER / "SHA256SUMS", tmp_path)
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    dataset = name.removesuffix("-v1.csv")
    find_split(dataset)
    with (tmp_path / name).open("a") as out:
        out.write("another,1,train\n")
    with pytest.raises(DataError, match=r"was changed.*new version"):
        find_split(dataset)


def test_every_file_that_ships_is_registered_and_unchanged():
    assert set(read_checksums()) == {path.name for path in FOLDER.glob("*.csv")}
    for name, digest in read_checksums().items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("name", list(read_checksums()))
def test_files_are_sorted_utf8_with_plain_line_ends(name):
    raw = (FOLDER / name).read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    rows = [line for line in raw.decode("utf-8").splitlines() if not line.startswith("# ")][1:]
    keys = [row.split(",")[0] for row in rows]
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", list(read_checksums()))
def test_the_name_of_a_file_states_its_content(name):
    header = files.read_headers()[name]
    suffix = "" if header.name == "default" else f"-{header.name}"
    assert name == f"{header.dataset}{suffix}-v{header.version}.csv"
    assert header.origin
    assert header.licence
    assert header.note


def test_order_is_natural_with_the_default_first(write_split):
    for name, version in [("default", 10), ("default", 2), ("b", 1), ("a10", 1), ("a9", 1)]:
        text = HEAD.replace("name: default", f"name: {name}").replace("version: 1", f"version: {version}")
        write_split(f"d-{name}-v{version}.csv", f"{text}case_id,patient_id,part\nx,1,train\n")
    assert [name for _, name, _ in list_case_files()] == ["default", "default", "a9", "a10", "b"]
    assert load_split("d").version == 10


def test_unknown_names_suggest_similar_ones():
    with pytest.raises(UsageError, match=r"brixa-cohen.*did you mean.*brixia-cohen"):
        load_split("brixa-cohen")
    with pytest.raises(UsageError, match=r"publshed.*did you mean published"):
        load_split("brixia-cohen", "publshed")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEAD}case_id,part\nx,train\n", "needs the columns case_id, patient_id, part"),
        (f"{HEAD}case_id,patient_id,part\n", "needs the columns"),
        (f"{HEAD}case_id,patient_id,part\nx,1,train\nx,2,test\n", r"a case occurs twice in the split \(x\)"),
        ("case_id,patient_id,part\nx,1,train\n", "does not state its dataset, licence"),
    ],
)
def test_a_file_that_is_not_a_split_is_refused(tmp_path, text, reason):
    path = tmp_path / "bad-v1.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=reason):
        files.read_split(path)


def test_unused_cases_are_known_and_in_no_part(write_split):
    rows = "a,1,train\nb,2,test\nc,1,unused\nd,2,unused\n"
    write_split("d-v1.csv", f"{HEAD}case_id,patient_id,part\n{rows}")
    split = load_split("d")
    assert split.parts == ("train", "test")
    assert split.cases(ALL) == ("a", "b")
    assert split.cases(UNUSED) == ("c", "d")
    assert split.patients["c"] == "1"
    assert split.shared_patients() == {}
    with pytest.raises(UsageError, match="did you mean"):
        split.cases("tst")


def test_a_patient_list_assigns_cases_by_patient(write_split):
    write_split("d-v1.csv", f"{HEAD}# unit: patient\npatient_id,part\n1,train\n2,test\n")
    assert list_case_files() == []
    assert isinstance(find_split("d"), SplitRule)
    cases = [Case(id=name, patient=name[0], dataset="d") for name in ("1-a", "1-b", "2-a", "3-a")]
    split = load_split("d", cases=cases)
    assert split.part_of == {"1-a": "train", "1-b": "train", "2-a": "test", "3-a": "unused"}
    assert split.sha256 == find_split("d").sha256 == next(iter(read_checksums().values()))
    with pytest.raises(DataError, match=r"needs a copy.*--data"):
        load_split("d")
    with pytest.raises(DataError, match="finds no case"):
        load_split("d", cases=[Case(id="x", patient="9", dataset="d")])


def test_splits_are_listed_once_each():
    labels = [header.label for header in list_splits()]
    assert len(labels) == len(set(labels))
    assert {"brixia", "rsna", "rsna@image-level", "danilov@published", "montgomery@first-50"} <= set(labels)
    assert labels.index("danilov") + 1 == labels.index("danilov@published")
