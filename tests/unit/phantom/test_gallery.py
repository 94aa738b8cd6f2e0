"""The pictures beside the leaderboard are those of the phantom: `python -m cxrbench.phantom.gallery FOLDER`."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from cxrbench.phantom.gallery import STUDIES, TILE, facts, picture, studies, write
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


def test_all_of_it_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("cxrbench.phantom.gallery.STUDIES", STUDIES[:1])
    write(tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["facts.json", f"{STUDIES[0]}.webp"]
