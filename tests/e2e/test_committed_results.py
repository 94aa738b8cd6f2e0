"""The results in the repository: valid, of the code that stands beside them, and recomputed from their predictions."""

import hashlib
import json
from pathlib import Path

import pytest
from cxrbench.results import read_result
from cxrbench.results.provenance import folder_sha256
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
        assert result.submission.sha256 == folder_sha256(path.parents[1]), "evaluate again: the code changed"
    if result.predictions is not None:
        table = path.with_name(result.predictions.file)
        assert hashlib.sha256(table.read_bytes()).hexdigest() == result.predictions.sha256
    else:
        assert result.submission.kind in {"rater", "predictions"}


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parents[1].name}/{path.stem}")
def test_scoring_the_committed_predictions_gives_the_committed_metrics(path, command, real_data):
    committed = json.loads(path.read_text("utf-8"))
    done = command(
        "score", *made_from(committed, path), "--track", committed["track"]["name"], "--data", real_data, "--json"
    )
    again = json.loads(done.out)
    assert [again[key] for key in ("metrics", "extremes")] == [committed[key] for key in ("metrics", "extremes")]
