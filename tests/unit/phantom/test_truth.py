"""The ground truth of the phantom: rules at their thresholds, masks that agree with it, raters of known agreement."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
from cxrbench.case import Case
from cxrbench.datasets import load
from cxrbench.phantom import store as phantom_store
from cxrbench.phantom.cohort import make_cohort
from cxrbench.phantom.generate import Arrays, make_arrays
from cxrbench.phantom.manifest import draw_outcome, make_row, make_rows, parse_zones, read_manifest
from cxrbench.phantom.raters import RATERS, SimulatedRater, draw_readings
from cxrbench.phantom.truth import Truth, grade_ct, measure_truth, score_lung_extent, score_lung_opacity, score_zone
from cxrbench.phantom.volume import to_hu
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.model_selection import cross_val_predict

GENERATED = make_cohort()[::30]
"""Generated anew in every run, and compared with the manifest."""
STUDIES = sorted(read_manifest())[::15]
RADIOGRAPHS = sorted(read_manifest())[::6]


@pytest.fixture(scope="module")
def generated() -> dict[str, dict[str, Arrays]]:
    """The arrays of some studies, generated once, not read from the store."""
    return {study.id: {kind: make_arrays(study, kind) for kind in ("cxr", "ct")} for study in GENERATED}


@pytest.fixture(scope="module")
def _store(generated):
    """The store without anything in memory; it does not generate again what `generated` has."""
    with pytest.MonkeyPatch.context() as patch:
        phantom_store.load_arrays.cache_clear()
        patch.setattr(
            phantom_store,
            "make_arrays",
            lambda study, kind: generated[study.id][kind] if study.id in generated else make_arrays(study, kind),
        )
        yield


@dataclass
class SeenStudy:
    """A study as loaded from the store: the cases, and what the tests need of their arrays."""

    radiograph: Case
    ct: Case
    lungs: np.ndarray
    lesions: np.ndarray
    truth: Truth
    dense_share: float
    """Share of lung voxels above -750 HU."""


@pytest.fixture(scope="module")
def studies(_store) -> list[SeenStudy]:
    """Every fifteenth study; each file is read once."""
    radiographs, volumes = load("phantom").by_id, load("phantom-ct").by_id
    return [_see(radiographs[name], volumes[name]) for name in STUDIES]


def _see(radiograph: Case, ct: Case) -> SeenStudy:
    hu, lungs = ct.image().pixels, ct.targets.lung_mask()
    truth = measure_truth(lungs, phantom_store.load_arrays(ct.id, "ct")["lesions"])
    assert to_hu(phantom_store.load_arrays(ct.id, "ct")["codes"]).dtype == np.int16
    dense = float(((hu > -750) & (lungs > 0)).sum() / (lungs > 0).sum())
    return SeenStudy(radiograph, ct, radiograph.targets.lung_mask(), radiograph.targets.lesion_mask(), truth, dense)


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
def test_the_score_of_a_zone_at_its_thresholds(affected, density, score):
    assert score_zone(affected, density) == score


def test_extent_opacity_and_grade_at_their_thresholds():
    assert [score_lung_extent(x) for x in (0.0099, 0.01, 0.2499, 0.25, 0.5, 0.75)] == [0, 1, 1, 2, 3, 4]
    assert [grade_ct(x) for x in (0.0099, 0.01, 0.25, 0.2501, 0.5, 0.7501)] == [0, 1, 1, 2, 2, 4]
    assert [score_lung_opacity(0.1, x) for x in (0.5, 0.6, 0.8)] == [1, 2, 3]
    assert score_lung_opacity(0.0, 1.0) == 0


def test_fractions_and_zones_of_a_mask_drawn_by_hand():
    lungs, lesions = np.zeros((9, 1, 8), np.uint8), np.zeros((9, 1, 8), np.uint8)
    lungs[:, 0, :4], lungs[:, 0, 4:] = 1, 2
    lesions[6:, 0, 0] = 1
    lesions[0:3, 0, 4:] = 2
    truth = measure_truth(lungs, lesions)
    assert truth.fractions == pytest.approx({"right": 1 / 12, "left": 1 / 3, "larger": 1 / 3})
    assert truth.brixia == (2, 0, 0, 0, 0, 3)
    assert (truth.extent, truth.opacity, truth.ct_grade) == (3, 4, 2)


def test_some_studies_are_generated_as_in_the_manifest(generated, monkeypatch):
    monkeypatch.setattr("cxrbench.phantom.manifest.make_arrays", lambda study, kind: generated[study.id][kind])
    for study in GENERATED:
        row = make_row(study)
        committed = read_manifest()[study.id]
        assert row == {key: committed[key] for key in row}


@pytest.mark.slow
def test_every_study_is_generated_as_in_the_manifest():
    assert make_rows(make_cohort(), workers=2) == list(read_manifest().values())


def test_outcomes_follow_from_the_worst_study_of_a_patient():
    worst = Counter()
    for row in read_manifest().values():
        worst[row["patient"]] = max(worst[row["patient"]], float(row["fraction_larger"]))
    for study in make_cohort():
        row = read_manifest()[study.id]
        outcome = draw_outcome(worst[study.patient], study.chest.body.age, study.chest.body.seed)
        assert outcome == (row["icu"] == "1", row["death"] == "1")


def test_the_composition_of_the_cohort():
    rows = list(read_manifest().values())
    assert (len(rows), len({row["patient"] for row in rows})) == (360, 240)
    assert {row["category"] for row in rows} == {"covid", "other", "healthy"}
    assert {row["confounder"] for row in rows} == {"", "nodule", "effusion", "lobar", "atelectasis", "oedema"}
    assert all(row["brixia"] == "000000" for row in rows if row["category"] != "covid")
    assert {zone for row in rows for zone in row["brixia"]} == set("0123")
    assert {row["ct_grade"] for row in rows} == set("01234")


def _weighted_kappa(confusion: np.ndarray) -> float:
    cost = (np.arange(4)[:, None] - np.arange(4)) ** 2
    expected = np.outer(confusion.sum(1), confusion.sum(0)) / confusion.sum()
    return 1 - (cost * confusion).sum() / (cost * expected).sum()


@pytest.mark.parametrize("rater", RATERS, ids=lambda rater: rater.name)
def test_raters_agree_with_the_truth_as_stated(rater):
    """Kappa resampled from confusion matrices per study; the matrix of all studies is checked against scikit-learn."""
    truth = np.array([parse_zones(row["brixia"]) for row in read_manifest().values()])
    read = np.array([parse_zones(row[f"rater_{rater.name}"]) for row in read_manifest().values()])
    confusion = np.zeros((len(truth), 4, 4))
    np.add.at(confusion, (np.arange(len(truth))[:, None], truth, read), 1)
    exact = cohen_kappa_score(truth.ravel(), read.ravel(), weights="quadratic")
    assert _weighted_kappa(confusion.sum(0)) == pytest.approx(exact)
    expected = rater.expect_kappa(np.bincount(truth.ravel(), minlength=4).tolist())
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(truth), size=len(truth)) for _ in range(400)]
    low, high = np.quantile([_weighted_kappa(confusion[draw].sum(0)) for draw in draws], [0.005, 0.995])
    assert low <= expected <= high


def test_raters_without_noise_read_truth_plus_bias():
    assert SimulatedRater("exact", 0.0, 1e-6).expect_kappa([5, 5, 5, 5]) == pytest.approx(1)
    assert SimulatedRater("high", 1.0, 1e-6).compute_probabilities()[0].tolist() == [0, 1, 0, 0]
    assert draw_readings((0, 1, 2, 3, 0, 1), 5) == draw_readings((0, 1, 2, 3, 0, 1), 5)


def test_a_threshold_on_hu_ranks_severity(studies):
    truth = [study.ct.targets.affected_fraction["larger"] for study in studies]
    assert spearmanr([study.dense_share for study in studies], truth).statistic > 0.8


def test_more_severe_studies_of_a_patient_have_whiter_lungs():
    study = max(make_cohort(), key=lambda study: len(study.disease.lesions) * study.disease.peak)
    means = []
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        arrays = make_arrays(replace(study, level=level), "cxr", side=96)
        means.append(arrays["pixels"][arrays["lungs"] > 0].mean())
    assert means == sorted(means)


@pytest.mark.usefixtures("_store")
def test_corners_do_not_predict_the_label():
    cases = load("phantom").by_id
    ends = (slice(16), slice(-16, None))
    corners = []
    for name in RADIOGRAPHS:
        pixels = cases[name].image().pixels
        corners.append([pixels[y, x].mean() for y in ends for x in ends])
    label = np.array([cases[name].targets.finding for name in RADIOGRAPHS])
    probe = cross_val_predict(LogisticRegression(), np.array(corners), label, cv=5, method="predict_proba")[:, 1]
    assert roc_auc_score(label, probe) < 0.68


def test_masks_and_boxes_agree(studies):
    for study in studies:
        lungs, lesions = study.lungs, study.lesions
        assert not (lesions & (lungs == 0)).any()
        assert set(np.unique(lungs)) == {0, 1, 2}
        assert np.argwhere(lungs == 1)[:, 1].mean() < np.argwhere(lungs == 2)[:, 1].mean()
        for x, y, w, h in study.radiograph.targets.boxes.astype(int):
            assert lesions[y : y + h, x : x + w].any()
        fraction = study.ct.targets.affected_fraction["larger"]
        assert study.truth.fractions["larger"] == pytest.approx(fraction, abs=1e-6)


def test_a_damaged_file_of_the_store_is_generated_again(tmp_path, monkeypatch):
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    phantom_store.load_arrays.cache_clear()
    first = phantom_store.load_arrays("study-000", "cxr")["pixels"].copy()
    file = phantom_store.locate_store() / "study-000-cxr.npz"
    file.write_bytes(file.read_bytes()[:100])
    phantom_store.load_arrays.cache_clear()
    phantom_store.load_array.cache_clear()
    assert (phantom_store.load_array("study-000", "cxr", "pixels") == first).all()
    assert file.stat().st_size > 1000
    phantom_store.load_arrays.cache_clear()
    phantom_store.load_array.cache_clear()
    assert (phantom_store.load_arrays("study-000", "cxr")["pixels"] == first).all()
    phantom_store.load_arrays.cache_clear()
