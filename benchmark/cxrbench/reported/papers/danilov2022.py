"""Danilov et al. 2022: Tables 9 and 10, Fig. 9 and the radiologists' agreement, from the published per-image files.

The cases are those of the paper's filter with a published prediction: 1,055 / 130 / 135 of the 1,089 / 136 / 139 that
its Table 2 counts. Truth is the mean of the two readers (half points), 0 for normals. Kappa is unweighted, on whole
scores (half points to even); the correlation is Pearson's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.datasets import DataFolder, Dataset, dataset_adapters
from cxrbench.datasets.adapters.danilov.adapter import tables
from cxrbench.datasets.adapters.danilov.published import PARTS, Published, published_predictions
from cxrbench.datasets.adapters.danilov.thresholds import threshold_tables
from cxrbench.metrics import Metric, kappa, mae, pearson, rmse
from cxrbench.reported import papers
from cxrbench.reported.comparison import Comparison, compare_systems
from cxrbench.reported.papers.danilov2022_readers import reader_remarks, recomputed_readers
from cxrbench.reported.papers.danilov2022_thresholds import Network, recomputed_threshold
from cxrbench.reported.record import Printed, Recomputed, Report
from cxrbench.splits import load_split

METRICS: Mapping[str, Metric] = {"mae": mae, "rmse": rmse, "pearson-r": pearson, "cohen-kappa": kappa(7)}
COMPARATORS = {"bsnet": "bs-net", "covid_net": "covid-net-s"}
"""Systems of other papers, by the name of their file; all other files are networks of this one."""
TRACK = "zone-severity/danilov@published/test"
FINDINGS = {"covid": (True,), "normal": (False,), "": (True, False)}


@dataclass(frozen=True, slots=True)
class Predicted:
    """One system's published scores beside the truth, for the films of the paper's filter."""

    cases: tuple[Case, ...]
    pred: NDArray[np.float64]

    @classmethod
    def of(cls, published: Published, dataset: Dataset) -> "Predicted":
        """The films that the table predicts, in the dataset's order."""
        there = set(published.table.index)
        cases = tuple(case for case in dataset.cases if case.meta["paper_filter"] and case.id in there)
        return cls(cases, published.table.loc[[case.id for case in cases], "zone_severity"].to_numpy(np.float64))

    def among(self, part: str, subgroup: str = "") -> "Predicted":
        """The films of a part of the paper's split, of one subgroup where asked."""
        parts = part.split("+")
        chosen = [case.meta["subset"] in parts and case.targets.finding in FINDINGS[subgroup] for case in self.cases]
        return Predicted(
            tuple(case for case, use in zip(self.cases, chosen, strict=True) if use), self.pred[np.array(chosen, bool)]
        )

    @property
    def truth(self) -> NDArray[np.float64]:
        """The consensus of the readers `[n]`, 0-6."""
        return np.array([case.targets.zone_severity for case in self.cases], np.float64)

    def value(self, metric: Metric) -> float:
        """The metric of truth and prediction, NaN where undefined."""
        return float(metric(self.truth, self.pred))


@papers.register("danilov2022-scoring")
def danilov2022(claims: Sequence[Printed], data: DataFolder) -> Report:
    """Recompute every claim on scores; those on masks, speed or other data stay unchecked."""
    root, dataset = tables(data), dataset_adapters["danilov"](data)
    published = {_system(name): one for name, one in published_predictions(root).items()}
    films = {name: Predicted.of(one, dataset) for name, one in published.items()}
    networks = {name: one for name, one in films.items() if name not in COMPARATORS.values()}
    scans = _scans(root, published)
    found = {claim.id: _recomputed(claim, films, scans, dataset) for claim in claims if _ours(claim)}
    return Report(
        recomputed={name: one for name, one in found.items() if one is not None},
        remarks=(*_undefined(networks), *reader_remarks(dataset.cases), *_shared(next(iter(films.values())))),
        comparisons=_comparisons(networks) if len(networks) > 1 else (),
        sources=_sources(root),
    )


def _ours(claim: Printed) -> bool:
    return claim.dataset == "danilov-disease" and claim.task in ("zone-severity", "tuning")


def _system(name: str) -> str:
    """The system of a claim by the name of its file: `Unet++` is deeplabv3plus+unetplusplus (stage I + stage II)."""
    return COMPARATORS.get(name) or f"deeplabv3plus+{name.lower().replace('+', 'plus')}"


def _scans(root: Path, published: Mapping[str, Published]) -> dict[str, Network]:
    tables_by_part = threshold_tables(root)
    found: dict[str, Network] = {}
    for name in {network for network, _ in tables_by_part}:
        one = published.get(_system(name))
        scans = {part: scan for (network, part), scan in tables_by_part.items() if network == name}
        if one is not None and {"train", "val"} <= set(scans):
            rows = one.table[one.table["Subset"].isin(("train", "val"))]
            counts = {part: int((rows["Subset"] == part).sum()) for part in ("train", "val")}
            shares, truth = rows[list(PARTS)].to_numpy(np.float64), rows["GT"].to_numpy(np.float64)
            found[_system(name)] = Network(scans, counts, shares, truth)
    return found


def _recomputed(
    claim: Printed, films: Mapping[str, Predicted], scans: Mapping[str, Network], dataset: Dataset
) -> Recomputed | None:
    if claim.where == "Table 9":
        return recomputed_threshold(claim.metric, scans[claim.system]) if claim.system in scans else None
    if claim.metric not in METRICS:
        return None
    if claim.system == "radiologist-1-vs-2":
        return recomputed_readers(METRICS[claim.metric], claim.part, dataset.cases)
    return _score(claim, films[claim.system]) if claim.system in films else None


def _score(claim: Printed, films: Predicted) -> Recomputed:
    metric, chosen = METRICS[claim.metric], films.among(claim.part, claim.subgroup)
    value, n = chosen.value(metric), len(chosen.cases)
    how = "published score against the mean of the readers, films of the paper's filter"
    return Recomputed(None, n, how, metric.undefined) if np.isnan(value) else Recomputed(value, n, how)


def _undefined(networks: Mapping[str, Predicted]) -> list[str]:
    """Networks whose correlation on test is undefined, in words: the paper's Fig. 9 leaves them out."""
    tests = {name: films.among("test") for name, films in networks.items()}
    return [
        f"{name}: the correlation with the consensus is undefined on test ({pearson.undefined}): the network gives "
        f"{films.pred[0]:g} on all {len(films.cases)} films"
        for name, films in tests.items()
        if len(films.cases) and np.isnan(films.value(pearson)) and np.ptp(films.pred) == 0
    ]


def _comparisons(networks: Mapping[str, Predicted]) -> tuple[Comparison, ...]:
    """The networks on the test films that all of them predict: error, and the two measures of Fig. 9."""
    tests = {name: films.among("test") for name, films in networks.items()}
    shared = set.intersection(*({case.id for case in films.cases} for films in tests.values()))
    pred = {name: _on(films, shared) for name, films in tests.items()}
    cases = [case for case in next(iter(tests.values())).cases if case.id in shared]
    truth = np.array([case.targets.zone_severity for case in cases], np.float64)
    patients = _patients(cases)
    chosen = (METRICS[name] for name in ("mae", "pearson-r", "cohen-kappa"))
    return tuple(compare_systems(TRACK, metric, truth, pred, patients) for metric in chosen)


def _patients(cases: Sequence[Case]) -> list[str]:
    """The patient of each case by the registered split, so that no other dataset need be at hand."""
    known = load_split("danilov", "published").patients
    return [known.get(case.id, case.patient) for case in cases]


def _shared(films: Predicted) -> list[str]:
    """How many test films are of patients whose other films were trained on, in words."""
    seen = {part: set(_patients(films.among(part).cases)) for part in ("train", "val")}
    tested = _patients(films.among("test").cases)
    leaked = sum(patient in seen["train"] | seen["val"] for patient in tested)
    if not leaked:
        return []
    return [f"{leaked} of the {len(tested)} test films are of patients with other films in train or val"]


def _on(films: Predicted, shared: Collection[str]) -> NDArray[np.float64]:
    return np.asarray(films.pred[[case.id in shared for case in films.cases]], np.float64)


def _sources(root: Path) -> tuple[Path, ...]:
    names = ("metadata.csv", "bsnet.csv", "covid_net.csv", "model_outputs/*.csv", "threshold_selection/*/*.csv")
    return tuple(sorted(path for name in names for path in root.glob(name)))
