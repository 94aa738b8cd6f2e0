"""Kermany's children: folders instead of a table."""

import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_tables import write_picture

FILES = (
    "train/NORMAL/IM-0115-0001.jpeg",
    "train/NORMAL/NORMAL2-IM-0115-0001.jpeg",
    "train/PNEUMONIA/person1_bacteria_2.jpeg",
    "test/PNEUMONIA/person1_virus_6.jpeg",
    "test/NORMAL/IM-0001-0001.jpeg",
    "val/NORMAL/NORMAL2-IM-1427-0001.jpeg",
    "val/PNEUMONIA/person1946_bacteria_4874.jpeg",
)


def make(root):
    for name in FILES:
        write_picture(root / name)


@pytest.mark.parametrize("nesting", ["chest_xray", "chest_xray/chest_xray", ""])
def test_films_below_any_nesting(tmp_path, nesting):
    make(tmp_path / "kermany" / nesting)
    (tmp_path / "kermany/__MACOSX/chest_xray").mkdir(parents=True)
    dataset = load("kermany", tmp_path)
    assert sorted(case.id for case in dataset.cases) == sorted(FILES)
    assert dataset.problems == ()
    assert dataset.cases[0].image().pixels.shape == (20, 24)


def test_patients_and_labels(tmp_path):
    make(tmp_path / "kermany/chest_xray")
    found = {case.id: case for case in load("kermany", tmp_path).cases}
    assert found[FILES[0]].patient == found[FILES[1]].patient == "IM-0115"
    assert found[FILES[2]].patient == found[FILES[3]].patient == "person1"
    assert (found[FILES[3]].targets.category, found[FILES[4]].targets.category) == ("other", "healthy")
    assert found[FILES[3]].meta == {"subset": "test", "kind": "virus"}


def test_what_does_not_fit_is_reported(tmp_path):
    root = tmp_path / "kermany/chest_xray"
    make(root)
    write_picture(root / "train/COVID/a.jpeg")
    write_picture(root / "train/NORMAL/odd.jpeg")
    for path in (root / "val/NORMAL").iterdir():
        path.unlink()
    (root / "val/NORMAL").rmdir()
    dataset = load("kermany", tmp_path)
    assert {problem.file: problem.reason for problem in dataset.problems} == {
        "val/NORMAL": "absent: no case from it",
        "train/COVID": "neither NORMAL nor PNEUMONIA: not listed",
        "train/NORMAL/odd.jpeg": "the name tells no patient: counts as a patient of its own",
    }


def test_a_missing_copy_is_an_error(tmp_path):
    with pytest.raises(DataError, match="dataset kermany not found"):
        load("kermany", tmp_path)
