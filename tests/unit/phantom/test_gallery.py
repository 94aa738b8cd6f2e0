"""The pictures beside the leaderboard are those of the phantom: `python -m cxrbench.phantom.gallery FOLDER`."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cxrbench.phantom.cohort import cohort
from cxrbench.phantom.gallery import SMALL, STUDIES, TILE, facts, picture, small_facts, small_picture, studies, write
from cxrbench.splits import load_split

FOLDER = Path(__file__).parents[3] / "leaderboard" / "cxrbench_leaderboard" / "gallery"


def test_the_packaged_facts_are_the_manifests():
    assert json.loads((FOLDER / "facts.json").read_text("utf-8")) == facts()
    assert {path.stem for path in FOLDER.glob("*.webp")} == set(STUDIES)


def test_nothing_of_a_test_part_is_shown():
    assert set(STUDIES) <= set(load_split("phantom").cases("train"))


@pytest.mark.parametrize("study", studies()[::4], ids=lambda study: study.id)
def test_a_packaged_picture_is_what_the_phantom_gives(study):
    """As far as lossy WebP keeps it, whatever encoder: every tile within a few grey levels."""
    kept = cv2.imread(str(FOLDER / f"{study.id}.webp"))[..., ::-1].astype(float)
    drawn = picture(study).astype(float)
    assert drawn.shape == kept.shape == (TILE, 6 * TILE, 3)
    for tile in range(6):
        part = slice(tile * TILE, (tile + 1) * TILE)
        assert np.abs(kept[:, part] - drawn[:, part]).mean() < 5


@pytest.mark.parametrize("study", cohort()[7::90], ids=lambda study: study.id)
def test_a_packaged_small_picture_is_what_the_phantom_gives(study):
    kept = cv2.imread(str(FOLDER / "small" / f"{study.id}.webp"))[..., ::-1].astype(float)
    drawn = small_picture(study).astype(float)
    assert drawn.shape == kept.shape == (SMALL, 2 * SMALL, 3)
    assert np.abs(kept - drawn).mean() < 5


def test_every_study_has_a_small_picture():
    assert {path.stem for path in (FOLDER / "small").glob("*.webp")} == {study.id for study in cohort()}
    assert json.loads((FOLDER / "small" / "facts.json").read_text("utf-8")) == small_facts()


def test_all_of_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("cxrbench.phantom.gallery.STUDIES", STUDIES[:1])
    monkeypatch.setattr("cxrbench.phantom.gallery.cohort", lambda: cohort()[:60:24])
    write(tmp_path / "new")
    names = sorted(path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.*"))
    assert names == [
        "facts.json",
        "small/facts.json",
        *(f"small/{study.id}.webp" for study in cohort()[:60:24]),
        f"{STUDIES[0]}.webp",
    ]
