"""Whole tracks on the phantom: masks and boxes through the child process, the checkpoint, the table and the scorer."""

import json

import numpy as np
import pandas as pd
import pytest
from cxrbench.case import ZONES
from cxrbench.datasets import load
from cxrbench.runner.evaluate import Settings, evaluate
from cxrbench.scoring.predictions import score_table
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
VAL = load_split("phantom").cases("val")
ASKED = load_split("phantom").cases("test")
CASES = load("phantom").by_id


def pixels(name):
    return CASES[name].image().pixels


def dice_of_dark(names) -> float:
    return float(np.mean([f1_score(CASES[n].targets.lung_mask().ravel() > 0, pixels(n).ravel() < 0.6) for n in names]))


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


def test_a_mask_of_another_size_names_the_case(written, command):
    done = command("evaluate", written(DARK.replace("image.pixels <", "image.pixels[1:] <")), "--track", TRACK)
    assert done.code == 3
    assert "(255, 256)" in done.error_lines[0]
    assert "study-" in done.error_lines[0]


def test_masks_as_files_beside_a_table(tmp_path, command):
    (tmp_path / "masks").mkdir()
    for name in ASKED:
        Image.fromarray((pixels(name) < 0.6).astype(np.uint8) * 255).save(tmp_path / "masks" / f"{name}.png")
    table = pd.DataFrame({"case_id": ASKED, "mask": [f"masks/{name}.png" for name in ASKED]})
    table.to_csv(tmp_path / "table.csv", index=False)
    done = command("score", tmp_path / "table.csv", "--track", TRACK, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["metrics"]["dice"]["value"] == pytest.approx(dice_of_dark(ASKED), abs=1e-9)


def test_no_rater_reads_masks(command):
    done = command("score", "--track", TRACK, "--rater", "senior")
    assert done.code == 2
    assert "no raters" in done.error_lines[0]


def test_detection_predicts_val_and_notes_its_operating_point(written, tmp_path):
    level = np.quantile([pixels(name).mean() for name in VAL], [0.3, 0.6]).tolist()
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
    truth = [CASES[name].targets.finding for name in ASKED]
    assert result.metrics["roc_auc"].value == pytest.approx(roc_auc_score(truth, pred[list(ASKED)]), abs=1e-9)
    assert f"chosen on {len(VAL)} cases of val" in result.metrics["accuracy"].note
    assert result.metrics["roc_auc"].note is None
    table = tmp_path / "own.csv"
    stored[stored["case_id"].isin(ASKED)].to_csv(table, index=False)
    alone = score_table(Track.parse("detection/phantom/test"), table, None)
    assert "0.5, not chosen" in alone.metrics["accuracy"].note
    assert alone.metrics["roc_auc"].value == result.metrics["roc_auc"].value


def precision_of_one(boxes, x, y, w, h) -> float:
    """The challenge's precision of an image with one predicted box, over its eight thresholds."""
    across = [
        max(0, min(x + w, bx + bw) - max(x, bx)) * max(0, min(y + h, by + bh) - max(y, by)) for bx, by, bw, bh in boxes
    ]
    ious = [both / (w * h + bw * bh - both) for both, (_, _, bw, bh) in zip(across, boxes, strict=True)]
    hits = [max(ious, default=0) > 0.4 + 0.05 * i for i in range(8)]
    return float(np.mean([hit / (len(boxes) + 1 - hit) for hit in hits]))


def test_localization_through_the_table(written, tmp_path):
    body = """
    tasks = ("localization",)
    def predict(self, images):
        return [{"boxes": np.array([[30, 100, 70, 90.0]]), "confidence": np.array([0.5])} for _ in images]
    """
    path = written(body)
    result = evaluate(path, "localization/phantom/test", settings=Settings())
    expected = [precision_of_one(CASES[name].targets.boxes, 30, 100, 70, 90) for name in ASKED]
    assert result.metrics["rsna_map"].value == pytest.approx(np.mean(expected), abs=1e-9)
    assert score_table(
        Track.parse("localization/phantom/test"), path.parent / "results" / result.predictions.file, None
    ).metrics == dict(result.metrics)


def test_zone_metrics_on_the_phantom(constant, command):
    done = command("evaluate", constant, "--track", "brixia-severity/phantom/test", "--json")
    metrics = json.loads(done.out)["metrics"]
    truth = np.array([CASES[name].targets.brixia for name in ASKED])
    assert metrics["zone_mae"]["value"] == pytest.approx(abs(truth - 1).mean())
    assert set(metrics) >= {f"zone_mae[{zone}]" for zone in ZONES}
    assert "note" not in metrics["zone_mae"]
