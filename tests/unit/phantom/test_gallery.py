"""The pictures shipped with the leaderboard are those of the phantom: `python -m cxrbench.phantom.gallery FOLDER`."""

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from cxrbench.phantom.cohort import make_cohort
from cxrbench.phantom.gallery import (
    SMALL,
    STUDIES,
    TILE,
    draw_picture,
    draw_small_picture,
    list_facts,
    list_small_facts,
    list_studies,
    write_gallery,
)
from cxrbench.phantom.generate import make_arrays
from cxrbench.splits import load_split

FOLDER = next((Path(__file__).parents[3] / "leaderboard" / "cxrbench_leaderboard").rglob("gallery/facts.json")).parent
SMALL_STUDIES = make_cohort()[7::90]


@pytest.fixture(scope="module", autouse=True)
def _generate_once():
    """No study of this module is generated twice."""
    arrays = cache(lambda number, kind: make_arrays(make_cohort()[number], kind))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cxrbench.phantom.gallery.make_arrays", lambda study, kind: arrays(int(study.id[-3:]), kind))
        yield


def test_the_packaged_facts_are_those_of_the_manifest():
    assert json.loads((FOLDER / "facts.json").read_text("utf-8")) == list_facts()
    assert {path.stem for path in FOLDER.glob("*.webp")} == set(STUDIES)


def test_no_study_of_a_test_set_is_shown():
    assert set(STUDIES) <= set(load_split("phantom").cases("train"))


@pytest.mark.parametrize("study", list_studies()[::4], ids=lambda study: study.id)
def test_a_packaged_picture_is_that_of_the_phantom(study):
    """As far as lossy WebP allows, with any encoder: every tile within a few grey levels."""
    kept = cv2.imread(str(FOLDER / f"{study.id}.webp"))[..., ::-1].astype(float)
    drawn = draw_picture(study).astype(float)
    assert drawn.shape == kept.shape == (TILE, 6 * TILE, 3)
    for tile in range(6):
        part = slice(tile * TILE, (tile + 1) * TILE)
        assert np.abs(kept[:, part] - drawn[:, part]).mean() < 5


@pytest.mark.parametrize("study", SMALL_STUDIES, ids=lambda study: study.id)
def test_a_packaged_small_picture_is_that_of_the_phantom(study):
    kept = cv2.imread(str(FOLDER / "small" / f"{study.id}.webp"))[..., ::-1].astype(float)
    drawn = draw_small_picture(study).astype(float)
    assert drawn.shape == kept.shape == (SMALL, 2 * SMALL, 3)
    assert np.abs(kept - drawn).mean() < 5


def test_every_study_has_a_small_picture():
    assert {path.stem for path in (FOLDER / "small").glob("*.webp")} == {study.id for study in make_cohort()}
    assert json.loads((FOLDER / "small" / "facts.json").read_text("utf-8")) == list_small_facts()


def test_every_file_of_the_gallery_is_written(tmp_path, monkeypatch):
    cohort = (list_studies()[0], *SMALL_STUDIES)
    monkeypatch.setattr("cxrbench.phantom.gallery.STUDIES", STUDIES[:1])
    monkeypatch.setattr("cxrbench.phantom.gallery.make_cohort", lambda: cohort)
    write_gallery(tmp_path / "new")
    names = sorted(path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.*"))
    assert names == sorted(
        [
            "facts.json",
            "small/facts.json",
            *(f"small/{study.id}.webp" for study in cohort),
            f"{STUDIES[0]}.webp",
        ]
    )
