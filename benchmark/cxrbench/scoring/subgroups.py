"""Subgroups of the cases of a track: every metric of those alone, on the same draws as the whole.

A subgroup is named `key=value`: `sex`, `age` (years, in bands), `view`, `site` (where the image came from) as the
dataset gives them, and `severity` (the truth, in thirds of its scale). A case for which the dataset does not give a
key is in no subgroup of it. A subgroup of fewer than 20 cases or 10 patients is suppressed: its number of cases is
given and no value. A key with the same value for all cases makes no subgroup.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.results.schema import MetricValue
from cxrbench.scoring.values import to_metric_value
from cxrbench.stats import Estimate, compute_intervals
from cxrbench.tasks import MeasuredMetric

MIN_CASES, MIN_PATIENTS = 20, 10
SUPPRESSED = f"suppressed: fewer than {MIN_CASES} cases or {MIN_PATIENTS} patients"
AGES = ((0, 18), (18, 40), (40, 60), (60, 80), (80, 150))
"""Bands of age in years: from, below."""
SEXES = {"m": "male", "male": "male", "f": "female", "female": "female"}
SITES = ("site", "source", "location")
"""Where `meta` may name the origin of an image; the first that is given counts."""
SCALES = {"zone_severity": 6.0, "extent": 8.0, "opacity": 6.0, "ct_grade": 4.0}
LONGEST = 60
Indices = NDArray[np.intp]
Names = NDArray[np.str_]
Measure = Callable[[Sequence[Case]], Mapping[str, MeasuredMetric]]


def score_subgroups(
    cases: Sequence[Case],
    patients: Sequence[str] | Names,
    whole: Mapping[str, MeasuredMetric],
    measure: Measure,
    *,
    seed: int,
    primary: str,
) -> dict[str, dict[str, MetricValue]]:
    """Score every subgroup of the cases.

    Args:
        cases: The scored cases `[n]`.
        patients: The patient of each case `[n]`.
        whole: The metrics of all cases; most are restricted to a subgroup without scoring it again.
        measure: Measures some cases alone, for the metrics that cannot be restricted.
        seed: The seed of the draws on the track.
        primary: The key of the primary metric.

    Returns:
        The metrics without brackets of each subgroup, each with its interval over patients.
    """
    names = np.asarray(patients)
    members = group_cases(cases)
    large = {group: rows for group, rows in members.items() if _is_large(rows, names)}
    measured = {
        (group, key): metric
        for group, rows in large.items()
        for key, metric in _measure_subgroup(rows, cases, names, whole, measure).items()
    }
    estimates = compute_intervals(
        {place: metric.estimator for place, metric in measured.items()},
        n=len(cases),
        n_patients=len(np.unique(names)),
        seed=seed,
        reasons={place: metric.undefined for place, metric in measured.items()},
    )
    scores: dict[str, dict[str, MetricValue]] = {group: {} for group in members}
    for group in set(members) - set(large):
        scores[group] = {primary: _suppress(members[group], names, whole[primary])}
    for (group, key), estimate in estimates.items():
        scores[group][key] = to_metric_value(estimate, measured[group, key], names)
    return scores


def _measure_subgroup(
    rows: Indices, cases: Sequence[Case], patients: Names, whole: Mapping[str, MeasuredMetric], measure: Measure
) -> dict[str, MeasuredMetric]:
    """The metrics of some cases as functions of the weights of all patients; `counted` is among all cases."""
    inside = np.zeros(len(cases), bool)
    inside[rows] = True
    metrics = {key: metric.restrict(inside) for key, metric in whole.items() if "[" not in key}
    if any(metric is None for metric in metrics.values()):
        again = measure([cases[row] for row in rows])
        metrics |= {key: _extend_metric(metric, rows, patients) for key, metric in again.items() if "[" not in key}
    return {key: metric for key, metric in metrics.items() if metric is not None}


def _extend_metric(metric: MeasuredMetric, rows: Indices, patients: Names) -> MeasuredMetric:
    """A metric of the cases `rows` alone, in terms of all cases and all patients."""
    counted = np.zeros(len(patients), bool)
    counted[rows] = True if metric.counted is None else metric.counted
    everyone = np.unique(patients)
    columns = np.searchsorted(everyone, np.unique(patients[rows]))
    return replace(metric, estimator=metric.estimator.extend(columns, len(everyone)), counted=counted)


def _is_large(rows: Indices, patients: Names) -> bool:
    return len(rows) >= MIN_CASES and len(np.unique(patients[rows])) >= MIN_PATIENTS


def _suppress(rows: Indices, patients: Names, primary: MeasuredMetric) -> MetricValue:
    estimate = Estimate(None, None, None, len(rows), len(rows), SUPPRESSED)
    return to_metric_value(estimate, replace(primary, counted=None, note=None), patients[rows])


def group_cases(cases: Sequence[Case]) -> dict[str, Indices]:
    """Group cases by what the dataset gives of them.

    Args:
        cases: Cases `[n]`.

    Returns:
        The places of the cases of each subgroup, subgroups sorted by name; a key with one value has none.
    """
    groups: dict[str, dict[str, list[int]]] = {}
    for place, case in enumerate(cases):
        for key, value in _list_keys(case):
            groups.setdefault(key, {}).setdefault(value, []).append(place)
    return {
        f"{key}={value}": np.array(rows, np.intp)
        for key, values in sorted(groups.items())
        for value, rows in sorted(values.items())
        if len(values) > 1
    }


def _list_keys(case: Case) -> Iterator[tuple[str, str]]:
    """Key and value of each subgroup that the case may be in."""
    sex = SEXES.get(str(case.meta.get("sex", "")).lower())
    if sex:
        yield "sex", sex
    age = case.meta.get("age")
    if isinstance(age, int | float) and not isinstance(age, bool):
        yield from (("age", f"{low}-{high - 1}") for low, high in AGES if low <= age < high)
    if case.meta.get("view"):
        yield "view", str(case.meta["view"])[:LONGEST]
    site = next((case.meta[key] for key in SITES if case.meta.get(key)), None)
    if site is not None:
        yield "site", str(site)[:LONGEST]
    share = compute_severity_share(case)
    if share is not None:
        yield "severity", _name_severity_band(share)


def compute_severity_share(case: Case) -> float | None:
    """Compute the true severity as a share of its scale.

    Args:
        case: A case of any dataset.

    Returns:
        The global Brixia score of 18, or the first other score there is, in [0, 1]; None where there is none.

    Example:
        >>> from cxrbench.case import Targets
        >>> compute_severity_share(Case(id="a", patient="p", dataset="d", targets=Targets(brixia=(3, 3, 3, 0, 0, 0))))
        0.5
    """
    if case.targets.brixia is not None:
        return sum(case.targets.brixia) / 18
    known = ((getattr(case.targets, name), top) for name, top in SCALES.items())
    return next((float(value) / top for value, top in known if value is not None), None)


def _name_severity_band(share: float) -> str:
    """None for 0, else the third of the scale."""
    if share == 0:
        return "none"
    return "low" if share <= 1 / 3 else "middle" if share <= 2 / 3 else "high"
