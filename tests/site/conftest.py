"""Handmade result files, a site built from them, and a parser of pages."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from cxrbench.catalog import find_card
from cxrbench.metrics import Direction, roc_auc
from cxrbench.reported.claims import load_claims
from cxrbench.results import Result, write_result
from cxrbench.results.figures import PairedSums, format_numbers, make_figure_set
from cxrbench.scoring.paired_sums import compute_paired_sums
from cxrbench.stats import make_estimator
from cxrbench.tasks import MeasuredMetric
from cxrbench.tasks.figures import TaskFigures, count_bins, count_classes, make_probability_figures
from cxrbench.tasks.track import Track
from cxrbench_leaderboard.build import build_site
from cxrbench_leaderboard.model.boards import build_board
from cxrbench_leaderboard.model.result_files import list_batches, read_batch

REAL = "brixia-severity/brixia-cohen/test"
PHANTOM = "brixia-severity/phantom/test"
CLAIMED = "brixia-severity/brixia-cohen/all"
DETECTION = "detection/phantom/test"
EXTREMES = {
    "worst": [{"case": "study-007", "value": 1.5}, {"case": "../secret", "value": 1.0}],
    "best": [{"case": "study-100", "value": 0.0}],
}
"""Cases of the phantom, and one that it does not have."""
VOID = {"meta", "link", "input", "br", "hr", "img"}


def make_result(name="alpha", track=REAL, zone_mae=0.5, **changes):
    """Make a result with few metrics; `changes` go into its parts by name (`title`, `failed`, `sandbox` ...)."""
    parsed = Track.parse(track)
    split = parsed.load_split()
    cases = split.cases(parsed.part)
    patients = len({split.patients[case] for case in cases})
    of = {"n": len(cases), "n_patients": patients, "undefined": None}
    metrics = {
        "zone_mae": {"value": zone_mae, "low": zone_mae - 0.05125, "high": zone_mae + 0.07375, "better": "lower", **of},
        "zone_mean_error": {"value": -0.1234, "low": -0.2, "high": 0.05, "better": "zero", **of},
        "zone_pearson": {"value": 0.75, "low": 0.5, "high": 0.9, "better": "higher", **of},
        "global_mae": {"value": 3 * zone_mae, "low": 2 * zone_mae, "high": 4 * zone_mae, "better": "lower", **of},
    }
    for shift, zone in enumerate("ABCDEF"):
        value = zone_mae + shift / 100
        metrics[f"zone_mae[{zone}]"] = {"value": value, "low": value, "high": value + 0.1, "better": "lower", **of}
    metrics |= changes.pop("metrics", {})
    failed = changes.pop("failed", [])
    about = {"name": name, "title": name.title(), "kind": "submission"}
    about |= {key: changes.pop(key) for key in list(changes) if key in {"title", "authors", "url", "kind"}}
    about |= {key: changes.pop(key) for key in list(changes) if key in {"patients_seen", "trained_on"}}
    place = {
        "name": str(parsed),
        "task": parsed.task,
        "dataset": parsed.dataset,
        "dataset_version": "1",
        "synthetic": find_card(parsed.dataset).synthetic,
        "split": parsed.split,
        "split_version": split.version,
        "split_sha256": split.sha256,
        "part": parsed.part,
        "n_cases": len(cases),
        "n_patients": patients,
    } | changes.pop("place", {})
    coverage = {"expected": len(cases), "predicted": len(cases) - len(failed), "failed": failed}
    whole = {
        "schema": 1,
        "benchmark": {"version": "0.1.0", "commit": "abc"},
        "submission": about,
        "track": place,
        "primary": "zone_mae",
        "metrics": metrics,
        "cost": {"parameters": 11_689_512, "images_per_second": 95.872, "latency_ms": {"p50": 5.1, "p95": 34.0}},
        "coverage": coverage,
        "sandbox": "bubblewrap",
        "provenance": {
            "started": "2026-11-21T04:20:14+00:00",
            "seconds": 7.0,
            "python": "3.11.7",
            "platform": "Linux",
            "cpu": "2 x",
            "gpu": None,
            "packages": {},
            "seed": 1,
            "command": "cxrbench evaluate",
        },
    }
    return Result.model_validate(whole | changes)


def write_results(folder, *results):
    """Write results as submissions keep them, <folder>/<name>/results/<track>.json; return the last path."""
    return [write_result(result, folder / result.submission.name / "results") for result in results][-1]


@dataclass
class Element:
    """A tag with its attributes, its children and the text between them, in order."""

    tag: str
    attrs: dict = field(default_factory=dict)
    parts: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    def find_all(self, tag=None, **attrs):
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attrs.items()}
        for part in self.parts:
            if isinstance(part, Element):
                if (tag is None or part.tag == tag) and all(
                    key in part.attrs and part.attrs[key] == wanted[key] for key in wanted
                ):
                    yield part
                yield from part.find_all(tag, **attrs)

    def find(self, tag=None, **attrs):
        elements = list(self.find_all(tag, **attrs))
        assert len(elements) == 1, f"{len(elements)} of {tag} {attrs}"
        return elements[0]


class PageParser(HTMLParser):
    """A strict parser: every tag that opens is closed, in order."""

    def __init__(self):
        super().__init__()
        self.root = Element("")
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute occurs twice on {tag}: {names}"
        element = Element(tag, dict(attrs))
        self.open[-1].parts.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].parts.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"{tag} closes {self.open[-1].tag}"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].parts.append(data)


def read_page(path):
    """Read a page as elements; fails on tags that do not nest."""
    parser = PageParser()
    parser.feed(Path(path).read_text("utf-8"))
    parser.close()
    assert parser.open == [parser.root]
    return parser.root


@pytest.fixture
def make():
    return make_result


@pytest.fixture
def keep():
    return write_results


@pytest.fixture
def page():
    return read_page


def read_board(folder, *results, name=REAL):
    """Write results and build the board of one track."""
    write_results(folder, *results)
    file = name.replace("/", "--")
    batch = next((batch for batch in list_batches([folder]) if batch.name == file), None)
    track = read_batch(batch) if batch else None
    return build_board(name, track.files if track else (), track.replaced if track else (), load_claims())


@pytest.fixture
def board():
    return read_board


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A site with a row of every kind: ranked, incomplete, trained on the track, undefined, radiologist, phantom."""
    folder = tmp_path_factory.mktemp("site")
    case = Track.parse(REAL).load_split().cases("test")[0]
    gap = {"value": None, "low": None, "high": None, "n": 48, "n_patients": 36, "undefined": "prediction is constant"}
    write_results(
        folder / "in",
        make_result("alpha", zone_mae=0.5),
        make_result("beta", zone_mae=0.4, authors="B. Eta", url="https://example.org/beta"),
        make_result("gamma", zone_mae=0.4),
        make_result("delta", zone_mae=0.3, failed=[{"case": case, "reason": "image absent"}]),
        make_result("epsilon", zone_mae=0.2, patients_seen=12),
        make_result("zeta", zone_mae=0.9, metrics={"zone_pearson": gap | {"better": "higher"}}, sandbox="none"),
        make_result("radiologist-junior", zone_mae=0.1, kind="rater", title="Radiologist (junior)"),
        make_result("alpha", track=PHANTOM, zone_mae=0.123456789, extremes=EXTREMES),
    )
    built = build_site([folder / "in"], folder / "out")
    assert built.results == 8
    return folder / "out"


def make_illustrated(name="alpha", track=REAL, level=0.5, seed=0, **changes):
    """Make a Brixia result with figures and sums; its error is about `level` in every zone."""
    rng = np.random.default_rng([seed, *name.encode()])
    split = Track.parse(track).load_split()
    owners = np.array([split.patients[case] for case in split.cases(Track.parse(track).part)])
    truth = np.random.default_rng(1).integers(0, 4, (len(owners), 6)).astype(float)
    pred = np.clip(truth + rng.choice([-1, 1], truth.shape) * rng.random(truth.shape) * 2 * level, 0, 3)
    off = abs(pred - truth).mean(1)
    member = np.unique(owners, return_inverse=True)[1]
    bases = np.bincount(member)
    paired = PairedSums(
        metric="zone_mae",
        exact=True,
        units=len(bases),
        sums=format_numbers(np.bincount(member, off)),
        bases=format_numbers(bases),
    )
    tables = {
        "zone": count_classes("Zone score", truth.ravel(), pred.ravel(), "0123"),
        "global": count_classes("Global score", truth.sum(1), pred.sum(1), [str(i) for i in range(19)]),
        "global_spread": count_bins("Global score", truth.sum(1), pred.sum(1), 18, (1, 0.5)),
    }
    figures = make_figure_set(TaskFigures(tables), paired).model_dump(mode="json")
    return make_result(name, track, round(float(off.mean()), 10), figures=figures, **changes)


def make_detection(name="alpha", track=DETECTION, shift=0.5, **changes):
    """Make a detection result with its curve and calibration."""
    rng = np.random.default_rng([2, *name.encode()])
    split = Track.parse(track).load_split()
    owners = [split.patients[case] for case in split.cases(Track.parse(track).part)]
    truth = np.random.default_rng(3).integers(0, 2, len(owners)).astype(float)
    pred = np.clip(truth * shift + rng.random(len(owners)) * (1 - shift), 0, 1)
    drawn = make_probability_figures("finding", "Finding", truth, pred, patients=owners, seed=1)
    paired = compute_paired_sums(
        "roc_auc", MeasuredMetric(make_estimator(roc_auc, truth, pred, owners), Direction.HIGHER), np.array(owners), 1
    )
    auc = round(drawn.curves["finding"].auc[0], 10)
    of = {"n": len(owners), "n_patients": len(set(owners)), "undefined": None, "better": "higher"}
    rates = {"sensitivity": 0.8, "specificity": 0.7, "roc_auc": auc}
    metrics = {key: {"value": value, "low": value, "high": value, **of} for key, value in rates.items()}
    base = make_result(name, track, **changes)
    content = base.model_dump(mode="json", by_alias=True) | {"primary": "roc_auc", "metrics": metrics}
    return Result.model_validate(content | {"figures": make_figure_set(drawn, paired).model_dump(mode="json")})


@pytest.fixture
def draw():
    return make_illustrated


@pytest.fixture
def detect():
    return make_detection


@pytest.fixture(scope="session")
def illustrated(tmp_path_factory):
    """A site whose results carry figures: ranked rows, one without figures, a radiologist, a detection track."""
    folder = tmp_path_factory.mktemp("illustrated")
    write_results(
        folder / "in",
        make_illustrated("alpha", level=0.3),
        make_illustrated("beta", level=0.3, cost={"parameters": 50, "images_per_second": 700.5, "device": "cpu"}),
        make_illustrated("gamma", level=0.9, cost={"parameters": 5_000_000, "images_per_second": 10.0}),
        make_result("plain", zone_mae=0.4),
        make_illustrated("radiologist-junior", level=0.2, kind="rater", title="Radiologist (junior)"),
        make_illustrated("seen", level=0.1, patients_seen=3),
        make_illustrated("radiologist-junior", track=CLAIMED, level=0.4, kind="rater", title="Radiologist (junior)"),
        make_detection("alpha", shift=0.4),
        make_detection("beta", shift=0.1),
    )
    build_site([folder / "in"], folder / "out")
    return folder / "out"
