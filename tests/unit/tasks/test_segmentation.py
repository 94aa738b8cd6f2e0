"""The segmentation tasks and ct-triage's masks: rules for empty masks, ignored pixels, files, sizes."""

import math

import numpy as np
import pytest
from cxrbench.case import IGNORE, Case, Image, Targets
from cxrbench.errors import DataError, SubmissionError
from cxrbench.metrics.surface import hausdorff_distance
from cxrbench.tasks import tasks
from PIL import Image as Pillow
from scipy.stats import spearmanr
from sklearn.metrics import f1_score, jaccard_score, roc_auc_score

LUNGS, LESIONS = tasks["lung-segmentation"], tasks["opacity-segmentation"]
RNG = np.random.default_rng(23)
SHAPE = (24, 20)


def case(i, mask, target="lung_mask", **more):
    return Case(id=f"c{i}", patient=f"p{i}", dataset="d", targets=Targets(**{target: lambda: mask}), **more)


def values(task, cases, predictions):
    checked = [task.check(prediction) for prediction in predictions]
    measured = task.measure(cases, checked, [case.patient for case in cases])
    return {key: metric.estimator.point() for key, metric in measured.items()}, measured


def test_per_case_and_pooled_against_scikit_learn():
    truth = RNG.integers(0, 3, (5, *SHAPE)).astype(np.uint8)
    pred = RNG.integers(0, 2, (5, *SHAPE)).astype(bool)
    points, _ = values(LUNGS, [case(i, mask) for i, mask in enumerate(truth)], [{"mask": mask} for mask in pred])
    pairs = [(t.ravel() > 0, p.ravel()) for t, p in zip(truth, pred, strict=True)]
    expected = {
        "dice": np.mean([f1_score(*pair) for pair in pairs]),
        "iou": np.mean([jaccard_score(*pair) for pair in pairs]),
        "dice_pooled": f1_score(truth.ravel() > 0, pred.ravel()),
        "iou_pooled": jaccard_score(truth.ravel() > 0, pred.ravel()),
        "hd95_px": np.mean([hausdorff_distance(t > 0, p) for t, p in zip(truth, pred, strict=True)]),
    }
    assert {key: points[key] for key in expected} == pytest.approx(expected)


def test_empty_masks_by_the_stated_rule():
    empty, full = np.zeros(SHAPE, bool), np.ones(SHAPE, bool)
    points, measured = values(
        LESIONS,
        [case(0, empty, "lesion_mask"), case(1, empty, "lesion_mask"), case(2, full, "lesion_mask")],
        [{"mask": empty}, {"mask": full}, {"mask": full}],
    )
    assert points["dice"] == pytest.approx(2 / 3)
    assert points["dice_nonempty"] == 1
    assert measured["dice_nonempty"].counted.tolist() == [False, False, True]
    assert points["hd95_px"] == 0
    assert measured["hd95_px"].counted.tolist() == [True, False, True]
    assert measured["hd95_px"].note == "left out: 1, where one of the two masks is empty"
    assert measured["hd95_px_nonempty"].note is None


def test_ignored_pixels_change_nothing():
    truth = RNG.integers(0, 2, SHAPE).astype(np.uint8)
    pred = RNG.integers(0, 2, SHAPE).astype(bool)
    truth[:, :8] = IGNORE
    other = pred.copy()
    other[:, :8] = ~other[:, :8]
    first, _ = values(LUNGS, [case(0, truth)], [{"mask": pred}])
    second, _ = values(LUNGS, [case(0, truth)], [{"mask": other}])
    assert first == pytest.approx(second, nan_ok=True)
    assert first["dice"] == pytest.approx(f1_score(truth[:, 8:].ravel(), pred[:, 8:].ravel()))


def test_spacing_gives_millimetres():
    truth, pred = np.zeros((2, *SHAPE), bool), np.zeros((2, *SHAPE), bool)
    truth[:, 4:8, 4:8], pred[:, 4:8, 6:10] = True, True
    ct = Image(np.zeros((2, *SHAPE), np.int16), "ct", (5.0, 0.7, 0.5))
    volume = case(0, truth, "lesion_mask", modality="ct", load=lambda: ct)
    points, measured = values(LESIONS, [volume], [{"mask": pred}])
    assert points["hd95_mm"] == pytest.approx(1.0)
    assert math.isnan(points["hd95_px"])
    assert measured["hd95_px"].note is None
    radiograph = case(0, truth[0], "lesion_mask", meta={"spacing": (0.2, 0.2)})
    points, _ = values(LESIONS, [radiograph], [{"mask": pred[0]}])
    assert (points["hd95_mm"], points["hd95_px"]) == pytest.approx((0.4, 2.0))


def test_a_mask_of_another_size_names_its_case():
    with pytest.raises(SubmissionError, match=r"\(3, 3\), the image \(24, 20\)"):
        values(LUNGS, [case(7, np.ones(SHAPE, np.uint8))], [{"mask": np.ones((3, 3), bool)}])


def test_masks_from_files(tmp_path):
    mask = RNG.integers(0, 2, SHAPE).astype(np.uint8)
    Pillow.fromarray(mask * 255).save(tmp_path / "a.png")
    from_file = LUNGS.from_row({"mask": str(tmp_path / "a.png")})
    assert np.array_equal(from_file["runs"], LUNGS.check({"mask": mask})["runs"])
    with pytest.raises(DataError):
        LUNGS.from_row({"mask": str(tmp_path / "none.png")})


@pytest.mark.parametrize("axes", ["LPS", "RAS"])
def test_a_nifti_mask_is_turned_as_volumes_are(axes, tmp_path):
    nib = pytest.importorskip("nibabel", reason="the extra ct is not installed")
    mask = RNG.integers(0, 2, (3, 4, 5)).astype(np.uint8)
    lps = np.diag([-1.0, -1, 1, 1])
    affine = lps if axes == "LPS" else np.eye(4)
    voxels = mask.T if axes == "LPS" else mask.T[::-1, ::-1]
    nib.save(nib.Nifti1Image(np.ascontiguousarray(voxels), affine), tmp_path / "m.nii.gz")
    prediction = LESIONS.from_row({"mask": str(tmp_path / "m.nii.gz")})
    assert np.array_equal(prediction["shape"], mask.shape)
    assert np.array_equal(prediction["runs"], LESIONS.check({"mask": mask})["runs"])
    (tmp_path / "broken.nii").write_bytes(b"no")
    with pytest.raises(DataError, match="decoded"):
        LESIONS.from_row({"mask": str(tmp_path / "broken.nii")})


def test_ct_triage():
    n = 30
    category = [("covid", "other", "healthy")[i % 3] for i in range(n)]
    covid, fraction = RNG.random(n), RNG.random(n)
    mask = np.ones((2, 4, 4), bool)
    affected = [{"larger": fraction[i] ** 2} if category[i] == "covid" else None for i in range(n)]
    cases = [
        Case(
            id=str(i),
            patient=str(i),
            dataset="d",
            modality="ct",
            targets=Targets(
                category=category[i],
                affected_fraction=affected[i],
                ct_grade=i % 5 if i < 20 else None,
                lesion_mask=(lambda: mask) if i < 3 else None,
            ),
        )
        for i in range(n)
    ]
    numbers = [{"covid": np.array(c), "affected_fraction": np.array(f)} for c, f in zip(covid, fraction, strict=True)]
    for i in (0, 1):
        numbers[i]["mask"] = mask if i else ~mask
    points, measured = values(tasks["ct-triage"], cases, numbers)
    kinds = np.array(category)
    healthy = kinds != "other"
    expected = {
        "roc_auc": roc_auc_score(kinds == "covid", covid),
        "roc_auc_healthy": roc_auc_score(kinds[healthy] == "covid", covid[healthy]),
        "spearman": 1.0,
        "spearman[ct_grade]": spearmanr(np.arange(20) % 5, fraction[:20]).statistic,
        "dice": 0.5,
    }
    assert points == pytest.approx(expected)
    assert measured["dice"].counted.sum() == 2
    assert measured["dice"].note == "left out: 1, with drawn lesions but no predicted mask"
    assert tasks["ct-triage"].has_truth(cases[0])
    assert not tasks["ct-triage"].has_truth(Case(id="a", patient="p", dataset="d"))
