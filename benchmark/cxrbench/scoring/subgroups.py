"""Subgroups of a track's cases: every metric of those alone, on the same draws as the whole.

A subgroup is named `key=value`: `sex`, `age` (years, in bands), `view`, `site` (where the image came from) as the
dataset tells them, and `severity` (the truth, in thirds of its scale). A case of which the dataset does not tell a
key is in no subgroup of it. A subgroup of fewer than 20 cases or 10 patients is suppressed: its number of cases
stands there and no value. A key that tells all cases alike makes no subgroup.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.results.schema import MetricValue
from cxrbench.scoring.values import metric_value
from cxrbench.stats import Estimator, Score, intervals
from cxrbench.stats.estimators import Additive, Combined, Ranked, Sample, patient_codes
from cxrbench.tasks import Measured
from cxrbench.tasks.casewise import nowhere, of_sample

MIN_CASES, MIN_PATIENTS = 20, 10
SUPPRESSED = f"suppressed: fewer than {MIN_CASES} cases or {MIN_PATIENTS} patients"
AGES = ((0, 18), (18, 40), (40, 60), (60, 80), (80, 150))
"""Bands of age in years: from, below."""
SEXES = {"m": "male", "male": "male", "f": "female", "female": "female"}
SITES = ("site", "source", "location")
"""Where `meta` may say that an image came from; the first that does counts."""
SCALES = {"zone_severity": 6.0, "extent": 8.0, "opacity": 6.0, "ct_grade": 4.0}
LONGEST = 60
Indices = NDArray[np.intp]
Bools = NDArray[np.bool_]
Measure = Callable[[Sequence[Case]], Mapping[str, Measured]]


def subgroups(
    cases: Sequence[Case],
    patients: Sequence[str],
    whole: Mapping[str, Measured],
    measure: Measure,
    *,
    seed: int,
    primary: str,
) -> dict[str, dict[str, MetricValue]]:
    """Subgroup to its metrics without brackets, each with its interval over patients.

    `whole` are the metrics of all cases; most are restricted to some cases without scoring them again, others come
    from `measure` of those cases. `patients` `[n]` and `seed` are those of the whole track.
    """
    owners = np.asarray(patients)
    members = memberships(cases)
    large = {name: rows for name, rows in members.items() if _large(rows, owners)}
    measured = {
        (name, key): one
        for name, rows in large.items()
        for key, one in _measured(rows, cases, owners, whole, measure).items()
    }
    scores = intervals(
        {place: one.estimator for place, one in measured.items()},
        n=len(cases),
        n_patients=len(np.unique(owners)),
        seed=seed,
        reasons={place: one.undefined for place, one in measured.items()},
    )
    found: dict[str, dict[str, MetricValue]] = {name: {} for name in members}
    for name in set(members) - set(large):
        found[name] = {primary: _suppressed(members[name], owners, whole[primary])}
    for (name, key), score in scores.items():
        found[name][key] = metric_value(score, measured[name, key], owners)
    return found


def _measured(
    rows: Indices,
    cases: Sequence[Case],
    owners: NDArray[np.str_],
    whole: Mapping[str, Measured],
    measure: Measure,
) -> dict[str, Measured]:
    """The metrics of some cases as functions of the weights of all patients; `counted` is among all cases."""
    inside = np.zeros(len(cases), bool)
    inside[rows] = True
    everyone = np.unique(owners)
    codes = patient_codes(owners.tolist())
    found = {key: restricted(one, inside, codes) for key, one in _plain(whole).items()}
    if any(one is None for one in found.values()):
        columns = np.searchsorted(everyone, np.unique(owners[rows]))
        again = _plain(measure([cases[row] for row in rows]))
        found |= {key: _spread(one, rows, inside, columns, len(everyone)) for key, one in again.items()}
    return {key: one for key, one in found.items() if one is not None}


def _spread(one: Measured, rows: Indices, inside: Bools, columns: Indices, patients: int) -> Measured:
    """A metric of the cases `rows` alone, told in terms of all cases and all patients."""
    counted = inside.copy()
    if one.counted is not None:
        counted[rows] = one.counted
    return replace(one, estimator=among(one.estimator, columns, patients), counted=counted)


def restricted(one: Measured, inside: Bools, codes: Indices) -> Measured | None:
    """A metric on the cases `inside` `[n]` of those it was made of; None where it does not keep its cases.

    `codes` `[n]` are the patients of all cases. The metric's note, on all cases, is dropped.
    """
    counted = inside if one.counted is None else inside & one.counted
    estimator = _restricted(one.estimator, inside, one.counted, codes)
    return None if estimator is None else replace(one, estimator=estimator, counted=counted, note=None)


def _restricted(estimator: Estimator, inside: Bools, counted: Bools | None, codes: Indices) -> Estimator | None:
    if isinstance(estimator, Combined):
        parts = [_restricted(part, inside, counted, codes) for part in estimator.parts]
        kept = tuple(part for part in parts if part is not None)
        return Combined(kept, estimator.combine) if len(kept) == len(parts) else None
    if not isinstance(estimator, Additive | Ranked) or estimator.source is None:
        return None
    metric, sample = estimator.source
    if np.array_equal(sample.member, codes):
        chosen = inside
    elif counted is not None and np.array_equal(sample.member, codes[counted]):
        chosen = inside[counted]
    else:
        return None
    part = Sample(sample.truth[chosen], sample.pred[chosen], sample.member[chosen], int(codes.max()) + 1)
    return of_sample(metric, part) if chosen.any() else nowhere


def _plain(measured: Mapping[str, Measured]) -> dict[str, Measured]:
    return {key: one for key, one in measured.items() if "[" not in key}


def _large(rows: Indices, owners: NDArray[np.str_]) -> bool:
    return len(rows) >= MIN_CASES and len(np.unique(owners[rows])) >= MIN_PATIENTS


def _suppressed(rows: Indices, owners: NDArray[np.str_], primary: Measured) -> MetricValue:
    score = Score(None, None, None, len(rows), len(rows), SUPPRESSED)
    return metric_value(score, replace(primary, counted=None, note=None), owners[rows])


def memberships(cases: Sequence[Case]) -> dict[str, Indices]:
    """Subgroup to the places of its cases, sorted by name; a key with one value has none."""
    found: dict[str, dict[str, list[int]]] = {}
    for place, case in enumerate(cases):
        for key, value in _told(case):
            found.setdefault(key, {}).setdefault(value, []).append(place)
    return {
        f"{key}={value}": np.array(rows, np.intp)
        for key, values in sorted(found.items())
        for value, rows in sorted(values.items())
        if len(values) > 1
    }


def _told(case: Case) -> Iterator[tuple[str, str]]:
    """What is told of a case: key and value."""
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
    share = severity(case)
    if share is not None:
        yield "severity", _band(share)


def severity(case: Case) -> float | None:
    """The truth as a share of its scale, 0-1: the global Brixia score of 18, or the first other score there is."""
    if case.targets.brixia is not None:
        return sum(case.targets.brixia) / 18
    known = ((getattr(case.targets, name), top) for name, top in SCALES.items())
    return next((float(value) / top for value, top in known if value is not None), None)


def _band(share: float) -> str:
    """None for 0, else the third of the scale."""
    if share == 0:
        return "none"
    return "low" if share <= 1 / 3 else "middle" if share <= 2 / 3 else "high"


def among(estimator: Estimator, columns: Indices, patients: int) -> Estimator:
    """The estimator of some patients as a function of the weights of all `patients`, of which it has `columns`.

    What can be stacked stays so: sums get rows of zeros for the other patients.
    """
    if isinstance(estimator, Combined):
        return Combined(tuple(among(part, columns, patients) for part in estimator.parts), estimator.combine)
    if isinstance(estimator, Additive):
        table = np.zeros((patients, estimator.table.shape[1]))
        table[columns] = estimator.table
        return Additive(table, estimator.finish)
    if isinstance(estimator, Ranked):
        return Ranked(lambda weights: estimator.value(weights[:, columns]), estimator.source)
    return lambda weights: estimator(weights[:, columns])
