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
from cxrbench.datasets.adapters.danilov.adapter import find_tables
from cxrbench.datasets.adapters.danilov.published import PARTS, PublishedPredictions, read_published_predictions
from cxrbench.datasets.adapters.danilov.thresholds import read_threshold_tables
from cxrbench.metrics import Metric, kappa, mae, pearson, rmse
from cxrbench.reported.claims import Claim
from cxrbench.reported.comparison import SystemComparison, compare_systems
from cxrbench.reported.findings import PaperReport, RecomputedValue
from cxrbench.reported.papers.danilov2022_readers import describe_reader_agreement, recompute_reader_agreement
from cxrbench.reported.papers.danilov2022_thresholds import ScannedNetwork, recompute_threshold
from cxrbench.reported.rules import paper_rules
from cxrbench.splits import load_split

METRICS: Mapping[str, Metric] = {"mae": mae, "rmse": rmse, "pearson-r": pearson, "cohen-kappa": kappa(7)}
COMPARATORS = {"bsnet": "bs-net", "covid_net": "covid-net-s"}
"""Systems of other papers, by the name of their file; all other files are networks of this one."""
TRACK = "zone-severity/danilov@published/test"
FINDINGS = {"covid": (True,), "normal": (False,), "": (True, False)}


@dataclass(frozen=True, slots=True)
class SystemPredictions:
    """The published scores of one system, for the radiographs that pass the filter of the paper.

    Attributes:
        cases: The cases.
        pred: The score of each case `[n]`, 0-6.
    """

    cases: tuple[Case, ...]
    pred: NDArray[np.float64]

    @classmethod
    def from_published(cls, published: PublishedPredictions, dataset: Dataset) -> "SystemPredictions":
        """Select the radiographs that the table of a system predicts.

        Args:
            published: The table.
            dataset: The cases.

        Returns:
            The predictions, in the order of the dataset.
        """
        predicted = set(published.table.index)
        cases = tuple(case for case in dataset.cases if case.meta["paper_filter"] and case.id in predicted)
        return cls(cases, published.table.loc[[case.id for case in cases], "zone_severity"].to_numpy(np.float64))

    def select_part(self, part: str, subgroup: str = "") -> "SystemPredictions":
        """Select the radiographs of a part of the split of the paper.

        Args:
            part: A part, or several joined by "+".
            subgroup: "covid" or "normal"; empty for both.

        Returns:
            The predictions of these radiographs.
        """
        parts = part.split("+")
        chosen = [case.meta["subset"] in parts and case.targets.finding in FINDINGS[subgroup] for case in self.cases]
        return SystemPredictions(
            tuple(case for case, use in zip(self.cases, chosen, strict=True) if use), self.pred[np.array(chosen, bool)]
        )

    @property
    def truth(self) -> NDArray[np.float64]:
        """The consensus of the readers `[n]`, 0-6."""
        return np.array([case.targets.zone_severity for case in self.cases], np.float64)

    def evaluate_metric(self, metric: Metric) -> float:
        """Evaluate a metric.

        Args:
            metric: A metric of truth and prediction.

        Returns:
            The value, NaN where undefined.
        """
        return float(metric(self.truth, self.pred))


@paper_rules.register("danilov2022-scoring")
def recompute_danilov2022(claims: Sequence[Claim], data: DataFolder) -> PaperReport:
    """Recompute every claim on scores; those on masks, speed or other data stay unchecked.

    Args:
        claims: The claims of the paper.
        data: The data folder.

    Returns:
        The recomputed values, remarks and comparisons.

    Raises:
        DataError: Where the published files are missing or not valid.
    """
    root, dataset = find_tables(data), dataset_adapters["danilov"](data)
    published = {_name_system(name): table for name, table in read_published_predictions(root).items()}
    systems = {name: SystemPredictions.from_published(table, dataset) for name, table in published.items()}
    networks = {name: scores for name, scores in systems.items() if name not in COMPARATORS.values()}
    scans = _read_networks(root, published)
    values = {claim.id: _recompute_claim(claim, systems, scans, dataset) for claim in claims if _is_covered(claim)}
    return PaperReport(
        recomputed={name: value for name, value in values.items() if value is not None},
        remarks=(
            *_describe_undefined(networks),
            *describe_reader_agreement(dataset.cases),
            *_describe_shared_patients(next(iter(systems.values()))),
        ),
        comparisons=_compare_networks(networks) if len(networks) > 1 else (),
        sources=_list_sources(root),
    )


def _is_covered(claim: Claim) -> bool:
    return claim.dataset == "danilov-disease" and claim.task in ("zone-severity", "tuning")


def _name_system(name: str) -> str:
    """The system of a claim by the name of its file: `Unet++` is deeplabv3plus+unetplusplus (stage I + stage II)."""
    return COMPARATORS.get(name) or f"deeplabv3plus+{name.lower().replace('+', 'plus')}"


def _read_networks(root: Path, published: Mapping[str, PublishedPredictions]) -> dict[str, ScannedNetwork]:
    tables_by_part = read_threshold_tables(root)
    networks: dict[str, ScannedNetwork] = {}
    for name in {network for network, _ in tables_by_part}:
        system = published.get(_name_system(name))
        scans = {part: scan for (network, part), scan in tables_by_part.items() if network == name}
        if system is not None and {"train", "val"} <= set(scans):
            rows = system.table[system.table["Subset"].isin(("train", "val"))]
            counts = {part: int((rows["Subset"] == part).sum()) for part in ("train", "val")}
            shares, truth = rows[list(PARTS)].to_numpy(np.float64), rows["GT"].to_numpy(np.float64)
            networks[_name_system(name)] = ScannedNetwork(scans, counts, shares, truth)
    return networks


def _recompute_claim(
    claim: Claim, systems: Mapping[str, SystemPredictions], scans: Mapping[str, ScannedNetwork], dataset: Dataset
) -> RecomputedValue | None:
    if claim.where == "Table 9":
        return recompute_threshold(claim.metric, scans[claim.system]) if claim.system in scans else None
    if claim.metric not in METRICS:
        return None
    if claim.system == "radiologist-1-vs-2":
        return recompute_reader_agreement(METRICS[claim.metric], claim.part, dataset.cases)
    return _recompute_score(claim, systems[claim.system]) if claim.system in systems else None


def _recompute_score(claim: Claim, system: SystemPredictions) -> RecomputedValue:
    metric, chosen = METRICS[claim.metric], system.select_part(claim.part, claim.subgroup)
    value, n = chosen.evaluate_metric(metric), len(chosen.cases)
    how = "published score against the mean of the readers, radiographs of the paper's filter"
    return RecomputedValue(None, n, how, metric.undefined) if np.isnan(value) else RecomputedValue(value, n, how)


def _describe_undefined(networks: Mapping[str, SystemPredictions]) -> list[str]:
    """Networks whose correlation on test is undefined, in words: the paper's Fig. 9 leaves them out."""
    tests = {name: scores.select_part("test") for name, scores in networks.items()}
    return [
        f"{name}: the correlation with the consensus is undefined on test ({pearson.undefined}): the network gives "
        f"{scores.pred[0]:g} on all {len(scores.cases)} radiographs"
        for name, scores in tests.items()
        if len(scores.cases) and np.isnan(scores.evaluate_metric(pearson)) and np.ptp(scores.pred) == 0
    ]


def _compare_networks(networks: Mapping[str, SystemPredictions]) -> tuple[SystemComparison, ...]:
    """The networks on the test radiographs that all of them predict: error, and the two measures of Fig. 9."""
    tests = {name: scores.select_part("test") for name, scores in networks.items()}
    shared = set.intersection(*({case.id for case in scores.cases} for scores in tests.values()))
    pred = {name: _select_predictions(scores, shared) for name, scores in tests.items()}
    cases = [case for case in next(iter(tests.values())).cases if case.id in shared]
    truth = np.array([case.targets.zone_severity for case in cases], np.float64)
    patients = _list_patients(cases)
    chosen = (METRICS[name] for name in ("mae", "pearson-r", "cohen-kappa"))
    return tuple(compare_systems(TRACK, metric, truth, pred, patients) for metric in chosen)


def _list_patients(cases: Sequence[Case]) -> list[str]:
    """The patient of each case by the registered split, so that no other dataset is needed."""
    known = load_split("danilov", "published").patients
    return [known.get(case.id, case.patient) for case in cases]


def _describe_shared_patients(system: SystemPredictions) -> list[str]:
    """How many test radiographs are of patients with other radiographs in train or val, in words."""
    trained = {part: set(_list_patients(system.select_part(part).cases)) for part in ("train", "val")}
    tested = _list_patients(system.select_part("test").cases)
    leaked = sum(patient in trained["train"] | trained["val"] for patient in tested)
    if not leaked:
        return []
    return [f"{leaked} of the {len(tested)} test radiographs are of patients with other radiographs in train or val"]


def _select_predictions(system: SystemPredictions, shared: Collection[str]) -> NDArray[np.float64]:
    return np.asarray(system.pred[[case.id in shared for case in system.cases]], np.float64)


def _list_sources(root: Path) -> tuple[Path, ...]:
    names = ("metadata.csv", "bsnet.csv", "covid_net.csv", "model_outputs/*.csv", "threshold_selection/*/*.csv")
    return tuple(sorted(path for name in names for path in root.glob(name)))
