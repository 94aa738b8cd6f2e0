"""Kermany: folders instead of a table."""

import pytest
from cxrbench.datasets import load
from cxrbench.errors import DataError

from tests.fixtures.make_copies import KERMANY, make_kermany
from tests.fixtures.make_tables import write_picture


@pytest.mark.parametrize("nesting", ["chest_xray", "chest_xray/chest_xray", ""])
def test_radiographs_below_any_nesting(tmp_path, nesting):
    make_kermany(tmp_path / "kermany" / nesting)
    (tmp_path / "kermany/__MACOSX/chest_xray").mkdir(parents=True)
    dataset = load("kermany", tmp_path)
    assert sorted(case.id for case in dataset.cases) == sorted(KERMANY)
    assert dataset.problems == ()
    assert dataset.cases[0].image().pixels.shape == (20, 24)


def test_patients_and_labels(tmp_path):
    make_kermany(tmp_path / "kermany/chest_xray")
    cases = {case.id: case for case in load("kermany", tmp_path).cases}
    assert cases[KERMANY[0]].patient == cases[KERMANY[1]].patient == "IM-0115"
    assert cases[KERMANY[2]].patient == cases[KERMANY[3]].patient == "person1"
    assert (cases[KERMANY[3]].targets.category, cases[KERMANY[4]].targets.category) == ("other", "healthy")
    assert cases[KERMANY[3]].meta == {"subset": "test", "kind": "virus"}


def test_what_does_not_fit_is_reported(tmp_path):
    root = tmp_path / "kermany/chest_xray"
    make_kermany(root)
    write_picture(root / "train/COVID/a.jpeg")
    write_picture(root / "train/NORMAL/odd.jpeg")
    for path in (root / "val/NORMAL").iterdir():
        path.unlink()
    (root / "val/NORMAL").rmdir()
    dataset = load("kermany", tmp_path)
    assert {problem.file: problem.reason for problem in dataset.problems} == {
        "val/NORMAL": "absent: no case from it",
        "train/COVID": "neither NORMAL nor PNEUMONIA: not listed",
        "train/NORMAL/odd.jpeg": "no patient in the file name: counts as a patient of its own",
    }


def test_a_missing_copy_is_an_error(tmp_path):
    with pytest.raises(DataError, match="dataset kermany not found"):
        load("kermany", tmp_path)
