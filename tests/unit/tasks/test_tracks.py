"""Whole tracks on the phantom: masks and boxes through the child process, the journal, the table and the scorer."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cxrbench.case import ZONES
from cxrbench.datasets import Dataset
from cxrbench.phantom import phantom
from cxrbench.results.outside import score_table
from cxrbench.runner.evaluate import Settings, evaluate
from cxrbench.splits import load_split
from cxrbench.tasks.track import Track
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

TRACK = "lung-segmentation/phantom/test"
DARK = """
tasks = ("lung-segmentation",)

def predict(self, images):
    return [{"mask": image.pixels < 0.6} for image in images]
"""
VAL = load_split("phantom").cases("train")[:15]
ASKED = load_split("phantom").cases("test")
DRAWN = {drawn.id: drawn for drawn in phantom()}


def dice_of_dark(names) -> float:
    return float(np.mean([f1_score(DRAWN[n].lung_mask.ravel() > 0, DRAWN[n].pixels.ravel() < 0.6) for n in names]))


def test_lung_segmentation_on_the_phantom(written, command):
    path = written(DARK)
    done = command("evaluate", path, "--track", TRACK, "--json")
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert result["primary"] == "dice"
    dice = result["metrics"]["dice"]
    assert dice["value"] == pytest.approx(dice_of_dark(ASKED), abs=1e-9)
    assert dice["low"] < dice["value"] < dice["high"]
    assert (dice["n"], dice["n_patients"]) == (len(ASKED), result["track"]["n_patients"])
    assert result["metrics"]["hd95_mm"]["value"] is None
    assert (result["metrics"]["hd95_mm"]["n"], result["metrics"]["hd95_mm"]["n_patients"]) == (0, 0)
    table = path.parent / "results" / result["predictions"]["file"]
    again = command("score", table, "--track", TRACK, "--json")
    assert json.loads(again.out)["metrics"] == result["metrics"]
    files = [path.parent / "results" / f"{table.stem}.json"] * 2
    compared = {row["metric"]: row for row in json.loads(command("compare", *files, "--json").out)}
    assert compared["dice"]["difference"] == 0


def test_a_mask_of_another_size_is_the_submissions_fault_and_names_the_case(written, command):
    done = command("evaluate", written(DARK.replace("image.pixels <", "image.pixels[1:] <")), "--track", TRACK)
    assert done.code == 3
    assert "(255, 256)" in done.error_lines[0]
    assert "study-" in done.error_lines[0]


def test_masks_as_files_beside_a_table(tmp_path, command):
    (tmp_path / "masks").mkdir()
    for name in ASKED:
        Image.fromarray((DRAWN[name].pixels < 0.6).astype(np.uint8) * 255).save(tmp_path / "masks" / f"{name}.png")
    table = pd.DataFrame({"case_id": ASKED, "mask": [f"masks/{name}.png" for name in ASKED]})
    table.to_csv(tmp_path / "table.csv", index=False)
    done = command("score", tmp_path / "table.csv", "--track", TRACK, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["dice"]["value"] == pytest.approx(dice_of_dark(ASKED), abs=1e-9)


def test_no_rater_reads_masks(command):
    done = command("score", "--track", TRACK, "--rater", "senior")
    assert done.code == 2
    assert "no raters" in done.error_lines[0]


def boxed(case, number):
    """The case with a finding, and a box in every second one that has it."""
    finding = sum(case.targets.brixia) >= 7
    boxes = np.array([[10.0, 10, 50, 50]]) if finding and number % 2 else np.zeros((0, 4))
    return replace(case, targets=replace(case.targets, finding=finding, boxes=boxes, zone_severity=float(finding)))


@pytest.fixture
def with_findings(monkeypatch) -> dict:
    """The truth by case of a phantom that knows more than elsewhere, half of its training part as val."""
    from cxrbench.datasets import load
    from cxrbench.results import scoring
    from cxrbench.tasks import track

    split = load_split("phantom")
    parts = {name: "val" if name in VAL else part for name, part in split.part_of.items()}
    monkeypatch.setattr(track, "load_split", lambda *_: replace(split, part_of=parts))

    found = load("phantom", None)
    cases = tuple(boxed(case, i) for i, case in enumerate(found.cases))
    monkeypatch.setattr(scoring, "load", lambda name, data: Dataset(name, cases))
    return {case.id: case.targets for case in cases}


def test_detection_predicts_val_too_and_says_where_the_operating_point_is_from(written, with_findings, tmp_path):
    level = np.quantile([DRAWN[name].pixels.mean() for name in DRAWN], [0.3, 0.6]).tolist()
    body = f"""
    tasks = ("detection",)
    def predict(self, images):
        return [{{"probability": float(np.digitize(image.pixels.mean(), {level})) / 4}} for image in images]
    """
    path = written(body)
    result = evaluate(path, "detection/phantom/test", settings=Settings())
    stored = pd.read_parquet(path.parent / "results" / result.predictions.file)
    assert set(stored["case_id"]) == {*ASKED, *VAL}
    assert result.coverage.expected == result.coverage.predicted == len(ASKED)
    pred = stored.set_index("case_id")["probability"]
    truth = [with_findings[name].finding for name in ASKED]
    assert result.metrics["roc_auc"].value == pytest.approx(roc_auc_score(truth, pred[list(ASKED)]), abs=1e-9)
    assert f"chosen on {len(VAL)} cases of val" in result.metrics["accuracy"].note
    assert result.metrics["roc_auc"].note is None
    own = tmp_path / "own.csv"
    stored[stored["case_id"].isin(ASKED)].to_csv(own, index=False)
    alone = score_table(Track.parse("detection/phantom/test"), own, None)
    assert "0.5, not chosen" in alone.metrics["accuracy"].note
    assert alone.metrics["roc_auc"].value == result.metrics["roc_auc"].value


def test_localization_through_the_table(written, with_findings, tmp_path):
    body = """
    tasks = ("localization",)
    def predict(self, images):
        return [{"boxes": np.array([[10, 10, 50, 50.0]]), "confidence": np.array([0.5])} for _ in images]
    """
    path = written(body)
    result = evaluate(path, "localization/phantom/test", settings=Settings())
    share = np.mean([len(with_findings[name].boxes) for name in ASKED])
    assert result.metrics["rsna_map"].value == pytest.approx(share, abs=1e-9)
    assert score_table(
        Track.parse("localization/phantom/test"), path.parent / "results" / result.predictions.file, None
    ).metrics == dict(result.metrics)


def test_the_phantoms_zones_stay_as_they_were(constant, command):
    done = command("evaluate", constant, "--track", "brixia-severity/phantom/test", "--json")
    metrics = json.loads(done.out)["metrics"]
    truth = np.array([DRAWN[name].brixia for name in ASKED])
    assert metrics["zone_mae"]["value"] == pytest.approx(abs(truth - 1).mean())
    assert set(metrics) >= {f"zone_mae[{zone}]" for zone in ZONES}
    assert "note" not in metrics["zone_mae"]
