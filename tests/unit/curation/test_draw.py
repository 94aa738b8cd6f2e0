"""Drawing a split again gives the committed file."""

import sys
from collections import Counter

import pytest
from cxrbench.curation.draw import main
from cxrbench.curation.draws import draws, shuffle_by_hash
from cxrbench.curation.draws import rsna as rsna_draw
from cxrbench.curation.draws.danilov import COHEN, remove_leaks
from cxrbench.splits import FOLDER, files

WITHOUT_DATA = {"jsrt", "mosmed-1110", "phantom", "phantom-ct"}


def read_committed(label):
    dataset, _, name = label.partition("@")
    return next(
        (FOLDER / file).read_text("utf-8")
        for file, header in files.read_headers().items()
        if (header.dataset, header.name) == (dataset, name or "default")
    )


def test_every_file_has_its_draw():
    assert {header.label for header in files.read_headers().values()} == set(draws)


@pytest.mark.parametrize("label", sorted(WITHOUT_DATA))
def test_drawn_again_without_data(label):
    assert draws[label](None) == read_committed(label)


@pytest.mark.parametrize("label", sorted(set(draws) - WITHOUT_DATA))
def test_drawn_again_from_the_real_data(label, real_data):
    assert draws[label](str(real_data)) == read_committed(label)


def test_the_command_prints_the_file(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["draw", "jsrt"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == read_committed("jsrt")


def test_a_shuffle_depends_only_on_the_seed():
    names = [str(i) for i in range(50)]
    assert shuffle_by_hash(names, 1) == shuffle_by_hash(reversed(names), 1)
    assert shuffle_by_hash(names, 1) != shuffle_by_hash(names, 2)
    assert sorted(shuffle_by_hash(names, 1)) == sorted(names)


def test_whole_patients_fill_parts_to_their_sizes(monkeypatch):
    monkeypatch.setattr(rsna_draw, "PER_CLASS", {"test": 12, "val": 12, "train": 96})
    images = {}
    for i in range(240):
        patient = f"big-{i % 8}" if i < 96 else f"small-{i}"
        images[f"image-{i}"] = rsna_draw._ChallengeImage(patient, positive=i % 2 == 0, age=50)
    names = rsna_draw.select_protocol(images)
    assert Counter(images[name].positive for name in names) == {True: 120, False: 120}
    parts = rsna_draw.assign_by_patient(images, names)
    assert Counter((parts[name], images[name].positive) for name in names) == {
        (part, kind): size for part, size in {"test": 12, "val": 12, "train": 96}.items() for kind in (True, False)
    }
    parts_of = {(images[name].patient, part) for name, part in parts.items()}
    assert len(parts_of) == len({images[name].patient for name in names})


def test_the_rsna_protocol_takes_only_adults():
    images = {
        f"{age}-{positive}-{i}": rsna_draw._ChallengeImage(str(i), positive, age)
        for age in (17, 18, 60)
        for positive, n in ((True, 3), (False, 9))
        for i in range(n)
    }
    names = rsna_draw.select_protocol(images)
    assert Counter(images[name].positive for name in names) == {True: 6, False: 6}
    assert all(images[name].age >= 18 for name in names)


def test_leaking_cases_of_val_and_test_become_unused():
    subsets = {
        "x/a": "train",
        "x/b": "test",
        "x/c": "test",
        "x/d": "val",
        "x/e": "test",
        f"{COHEN}/f": "test",
        f"{COHEN}/g": "train",
        "x/h": "test",
    }
    patients = dict(
        zip(subsets, ["1", "1", "2", "2", "3", f"image:{COHEN}/f", f"image:{COHEN}/g", "image:x/h"], strict=True)
    )
    assert remove_leaks(subsets, patients) == {
        **subsets,
        "x/b": "unused",
        "x/c": "unused",
        "x/d": "unused",
        f"{COHEN}/f": "unused",
    }
