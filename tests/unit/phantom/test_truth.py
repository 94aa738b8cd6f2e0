"""The phantom's truth: rules at their borders, masks that say what is stated, raters whose agreement is known."""

from collections import Counter

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.phantom import cohort, make
from cxrbench.phantom import store as phantom_store
from cxrbench.phantom.manifest import manifest, outcome, row, rows, zones_of
from cxrbench.phantom.raters import RATERS, Rater, readings
from cxrbench.phantom.truth import grade, lung_extent, lung_opacity, measured, zone_score
from cxrbench.phantom.volume import to_hu
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.model_selection import cross_val_predict

SOME = cohort()[::30]
TEST = sorted(manifest())[::6]


@pytest.fixture(autouse=True)
def _fresh():
    phantom_store.arrays.cache_clear()


@pytest.mark.parametrize(
    ("affected", "density", "score"),
    [
        (0.0499, 1, 0),
        (0.05, 0.5, 1),
        (0.05, 0.65, 2),
        (0.2499, 0.6499, 1),
        (0.25, 0.5, 2),
        (0.25, 0.65, 3),
        (0.6, 0.5, 3),
    ],
)
def test_a_zones_score_at_its_borders(affected, density, score):
    assert zone_score(affected, density) == score


def test_extent_opacity_and_grade_at_their_borders():
    assert [lung_extent(x) for x in (0.0099, 0.01, 0.2499, 0.25, 0.5, 0.75)] == [0, 1, 1, 2, 3, 4]
    assert [grade(x) for x in (0.0099, 0.01, 0.25, 0.2501, 0.5, 0.7501)] == [0, 1, 1, 2, 2, 4]
    assert [lung_opacity(0.1, x) for x in (0.5, 0.6, 0.8)] == [1, 2, 3]
    assert lung_opacity(0.0, 1.0) == 0


def test_fractions_and_zones_of_a_mask_drawn_by_hand():
    lungs, lesions = np.zeros((9, 1, 8), np.uint8), np.zeros((9, 1, 8), np.uint8)
    lungs[:, 0, :4], lungs[:, 0, 4:] = 1, 2
    lesions[6:, 0, 0] = 1
    lesions[0:3, 0, 4:] = 2
    found = measured(lungs, lesions)
    assert found.fractions == pytest.approx({"right": 1 / 12, "left": 1 / 3, "larger": 1 / 3})
    assert found.brixia == (2, 0, 0, 0, 0, 3)
    assert (found.extent, found.opacity, found.ct_grade) == (3, 4, 2)


def test_some_studies_are_made_as_the_manifest_says():
    for study in SOME:
        made = row(study)
        committed = manifest()[study.id]
        assert made == {key: committed[key] for key in made}


@pytest.mark.slow
def test_every_study_is_made_as_the_manifest_says():
    assert rows(cohort(), workers=2) == list(manifest().values())


def test_outcomes_follow_from_the_worst_study_of_a_patient():
    worst = Counter()
    for one in manifest().values():
        worst[one["patient"]] = max(worst[one["patient"]], float(one["fraction_larger"]))
    for study in cohort():
        told = manifest()[study.id]
        drawn = outcome(worst[study.patient], study.chest.body.age, study.chest.body.seed)
        assert drawn == (told["icu"] == "1", told["death"] == "1")


def test_who_is_in_it():
    found = list(manifest().values())
    assert (len(found), len({one["patient"] for one in found})) == (360, 240)
    assert {one["category"] for one in found} == {"covid", "other", "healthy"}
    assert {one["confounder"] for one in found} == {"", "nodule", "effusion", "lobar", "atelectasis", "oedema"}
    assert all(one["brixia"] == "000000" for one in found if one["category"] != "covid")
    assert {zone for one in found for zone in one["brixia"]} == set("0123")
    assert {one["ct_grade"] for one in found} == set("01234")


@pytest.mark.parametrize("rater", RATERS, ids=lambda rater: rater.name)
def test_raters_agree_with_the_truth_as_given(rater):
    truth = np.array([zones_of(one["brixia"]) for one in manifest().values()])
    read = np.array([zones_of(one[f"rater_{rater.name}"]) for one in manifest().values()])
    expected = rater.kappa(np.bincount(truth.ravel(), minlength=4).tolist())
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(truth), size=len(truth)) for _ in range(400)]
    kappas = [cohen_kappa_score(truth[d].ravel(), read[d].ravel(), weights="quadratic") for d in draws]
    low, high = np.quantile(kappas, [0.005, 0.995])
    assert low <= expected <= high


def test_a_rater_without_noise_reads_the_truth_and_one_with_bias_misses_it():
    assert Rater("exact", 0.0, 1e-6).kappa([5, 5, 5, 5]) == pytest.approx(1)
    assert Rater("high", 1.0, 1e-6).chances()[0].tolist() == [0, 1, 0, 0]
    assert readings((0, 1, 2, 3, 0, 1), 5) == readings((0, 1, 2, 3, 0, 1), 5)


@pytest.fixture(scope="module")
def seen():
    """Radiographs and CT masks of every sixth study, from the store."""
    films, scans = load("phantom").by_id, load("phantom-ct").by_id
    return [(films[name], scans[name]) for name in TEST]


def test_a_threshold_on_hu_ranks_severity(seen):
    share = []
    for _, case in seen:
        hu, lungs = case.image().pixels, case.targets.lung_mask() > 0
        share.append(((hu > -750) & lungs).sum() / lungs.sum())
    truth = [case.targets.affected_fraction["larger"] for _, case in seen]
    assert spearmanr(share, truth).statistic > 0.8


def test_more_severe_studies_of_a_patient_have_whiter_lungs():
    study = max(cohort(), key=lambda one: len(one.disease.lesions) * one.disease.peak)
    from dataclasses import replace

    means = []
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        found = make(replace(study, level=level), "cxr")
        means.append(found["pixels"][found["lungs"] > 0].mean())
    assert means == sorted(means)


def test_corners_tell_nothing_about_the_label(seen):
    corners = np.array(
        [
            [
                film.image().pixels[y, x].mean()
                for y in (slice(16), slice(-16, None))
                for x in (slice(16), slice(-16, None))
            ]
            for film, _ in seen
        ]
    )
    label = np.array([film.targets.finding for film, _ in seen])
    probe = cross_val_predict(LogisticRegression(), corners, label, cv=5, method="predict_proba")[:, 1]
    assert roc_auc_score(label, probe) < 0.68


def test_masks_and_boxes_fit_together(seen):
    for film, scan in seen:
        lungs, lesions = film.targets.lung_mask(), film.targets.lesion_mask()
        assert not (lesions & (lungs == 0)).any()
        assert set(np.unique(lungs)) == {0, 1, 2}
        assert np.argwhere(lungs == 1)[:, 1].mean() < np.argwhere(lungs == 2)[:, 1].mean()
        for x, y, w, h in film.targets.boxes.astype(int):
            assert lesions[y : y + h, x : x + w].any()
        truth = measured(scan.targets.lung_mask(), phantom_store.arrays(scan.id, "ct")["lesions"])
        assert truth.fractions["larger"] == pytest.approx(scan.targets.affected_fraction["larger"], abs=1e-6)
        assert to_hu(phantom_store.arrays(scan.id, "ct")["codes"]).dtype == np.int16


def test_a_damaged_file_of_the_store_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    first = phantom_store.arrays("study-000", "cxr")["pixels"].copy()
    file = phantom_store.store_folder() / "study-000-cxr.npz"
    file.write_bytes(file.read_bytes()[:100])
    phantom_store.arrays.cache_clear()
    assert (phantom_store.arrays("study-000", "cxr")["pixels"] == first).all()
    assert file.stat().st_size > 1000
