"""The results in the repository: valid, of the code that stands beside them, and recomputed from their predictions."""

import hashlib
import json
import statistics
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from cxrbench.case import Case
from cxrbench.results import read_result
from cxrbench.results.provenance import hash_folder
from cxrbench.scoring import track_cases
from cxrbench.tasks.track import Track

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.glob("submissions/*/results/*.json"))


def test_every_submission_has_results():
    assert {path.parents[1].name for path in FILES} >= {
        "zone-medians",
        "zone-texture",
        "bs-net-ha-cpu",
        "covid-net-s",
        "hu-thresholding",
        "lung-unet-cpu",
        "resnet18-cpu",
        "radiologist-junior",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parents[1].name}/{path.stem}")
def test_result(path):
    result = read_result(path)
    track = Track.parse(result.track.name)
    assert path.name == f"{track.file_name}.json"
    assert result.submission.name == path.parents[1].name
    assert result.track.split_sha256 == track.load_split().sha256
    if result.submission.kind == "submission":
        assert result.submission.sha256 == hash_folder(path.parents[1]), "evaluate again: the code changed"
    if result.predictions is not None:
        table = path.with_name(result.predictions.file)
        assert hashlib.sha256(table.read_bytes()).hexdigest() == result.predictions.sha256
    else:
        assert result.submission.kind in {"rater", "predictions"}


def table_rows(text):
    """Cells of every row of every table in a page of Markdown, by the row's first cell."""
    lines = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {cells[0].strip(): [cell.strip(" |") for cell in cells[1:]] for cells in lines}


def metric(name, key="zone_mae"):
    (path,) = (ROOT / "submissions" / name / "results").glob("*.json")
    return read_result(path).metrics[key]


def with_interval(name, key):
    one = metric(name, key)
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def test_tables_of_the_documentation_match_the_result_files():
    found = table_rows((ROOT / "docs" / "training.md").read_text("utf-8"))
    seeds = {row.partition("(`")[2].rstrip("`)"): cells for row, cells in found.items() if row.endswith("`)")}
    assert len(seeds) == 3
    for name, cells in seeds.items():
        values = [metric(f"{name}{after}-cpu").value for after in ("", "-seed1", "-seed2", "-seed3", "-seed4")]
        mean, deviation = statistics.mean(values), statistics.stdev(values)
        assert cells == [", ".join(f"{one:.3f}" for one in values), f"{mean:.3f} ({deviation:.3f})"]
    for row, (key, *names) in {
        "lungs, FPN, Dice on 58 radiographs": ("dice", "lung-fpn", "lung-fpn-random"),
        "opacities, FPN, Dice on 21 radiographs": ("dice", "mtl-fpn", "mtl-fpn-random"),
        "Brixia score, BS-Net, zone MAE on 48 radiographs": (
            "zone_mae",
            "bs-net-ha-imagenet",
            "bs-net-ha-lite0-random",
        ),
    }.items():
        assert found[row] == [with_interval(f"{name}-cpu", key) for name in names]
    for row, name in {
        "HU thresholding": "hu-thresholding",
        "2-D U-Net": "2d-unet-cpu",
        "2-D U-Net+": "2d-unet-plus-cpu",
        "3-D U-Net": "3d-unet-cpu",
        "ResNet50, 2.5-D": "resnet50-2.5d-cpu",
        "multitask 2-D U-Net": "multitask-2d-unet-cpu",
    }.items():
        values = [metric(name, key).value for key in ("roc_auc", "roc_auc_healthy", "spearman", "dice")]
        assert found[row] == ["none" if value is None else f"{value:.3f}" for value in values]


PUBLISHED = {"covid-net-s": "covid_net", "bs-net-published": "bsnet"} | {
    f"danilov-{name.lower().replace('+', 'plus')}-published": name
    for name in ("Unet", "Unet++", "DeepLabV3", "DeepLabV3+", "FPN", "Linknet", "PSPNet", "PAN", "MAnet")
}


def made_from(committed, path):
    """What `cxrbench score` is given to make a row again."""
    name = committed["submission"]["name"]
    if committed["predictions"] is not None:
        return [path.with_name(committed["predictions"]["file"]), "--partial"]
    if name in PUBLISHED:
        return ["--published", PUBLISHED[name], "--partial"]
    return ["--rater", name.removeprefix("radiologist-")]


def remember_masks(case: Case) -> Case:
    """The case with masks that are decoded once, however many rows are scored against them."""
    masks = {name: getattr(case.targets, name) for name in ("lung_mask", "lesion_mask")}
    kept = {name: cache(decode) for name, decode in masks.items() if decode is not None}
    return replace(case, targets=replace(case.targets, **kept))


@pytest.fixture(scope="module")
def _datasets_are_read_once():
    """Read each dataset once for all rows that are scored on it."""
    original = track_cases.load

    @cache
    def load_once(name, data):
        dataset = original(name, data)
        return replace(dataset, cases=tuple(map(remember_masks, dataset.cases)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(track_cases, "load", load_once)
        yield


@pytest.mark.usefixtures("_datasets_are_read_once")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parents[1].name}/{path.stem}")
def test_scoring_the_committed_predictions_gives_the_committed_metrics(path, command, real_data):
    committed = json.loads(path.read_text("utf-8"))
    done = command(
        "score", *made_from(committed, path), "--track", committed["track"]["name"], "--data", real_data, "--json"
    )
    again = json.loads(done.out)
    assert [again[key] for key in ("metrics", "extremes")] == [committed[key] for key in ("metrics", "extremes")]
