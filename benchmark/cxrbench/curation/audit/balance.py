"""Class, severity, view, age and sex in each part; what a source does not state is counted as unknown."""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from cxrbench.case import Case
from cxrbench.splits import Split
from cxrbench.splits.files import to_natural_key

UNKNOWN = "unknown"
AGES = (18, 40, 65)
AGE_NAMES = ("0-17", "18-39", "40-64", "65 and over")
OLDEST = 110
"""An age above this is an error of the source and counts as unknown."""


@dataclass(frozen=True)
class PartBalance:
    """Images of a part by value of each field (finding, category, severity, view, sex, age).

    `images` counts those for which this copy has labels; a field that is unknown in the whole split is left out;
    `median_age` is in years, None where no age is known.
    """

    part: str
    images: int
    patients: int
    fields: Mapping[str, Mapping[str, int]]
    median_age: float | None


def compute_balance(split: Split, cases: Mapping[str, Case]) -> tuple[PartBalance, ...]:
    """Count the images of each part by finding, category, severity, view, sex and age.

    Args:
        split: The split.
        cases: Available cases by id; cases of the split that are not among them are not counted.

    Returns:
        One entry per part, in the order of `split.parts`.
    """
    members = {part: [cases[name] for name in split.cases(part) if name in cases] for part in split.parts}
    described = {part: [describe_case(case) for case in known] for part, known in members.items()}
    fields = {key for rows in described.values() for row in rows for key, value in row.items() if value != UNKNOWN}
    return tuple(_summarise_part(split, part, known, described[part], fields) for part, known in members.items())


def _summarise_part(
    split: Split, part: str, cases: list[Case], rows: list[dict[str, str]], fields: set[str]
) -> PartBalance:
    ages = [age for case in cases if (age := parse_age(case.meta.get("age"))) is not None]
    return PartBalance(
        part=part,
        images=len(cases),
        patients=len({split.patients[case.id] for case in cases}),
        fields={key: _count_values(row[key] for row in rows) for key in sorted(fields)},
        median_age=float(median(ages)) if ages else None,
    )


def _count_values(values: Iterable[str]) -> dict[str, int]:
    """Count values, in natural order and with unknown ones last."""
    return dict(sorted(Counter(values).items(), key=lambda item: (item[0] == UNKNOWN, to_natural_key(item[0]))))


def describe_case(case: Case) -> dict[str, str]:
    """Describe a case by the values under which it is counted.

    Args:
        case: The case; its image is not decoded.

    Returns:
        Field name to value, `unknown` where the source does not state it.
    """
    targets = case.targets
    age = parse_age(case.meta.get("age"))
    return {
        "finding": UNKNOWN if targets.finding is None else "positive" if targets.finding else "negative",
        "category": targets.category or UNKNOWN,
        "severity": to_severity_band(case),
        "view": str(case.meta.get("view") or UNKNOWN),
        "sex": str(case.meta.get("sex") or UNKNOWN),
        "age": UNKNOWN if age is None else AGE_NAMES[bisect(AGES, age)],
    }


def to_severity_band(case: Case) -> str:
    """Find the band of a case's severity score: Brixia, zone severity, extent or CT grade, in this order.

    Args:
        case: The case.

    Returns:
        Name of the score and its band, such as `Brixia 6-11`, or `unknown`.
    """
    targets = case.targets
    if targets.brixia is not None:
        return f"Brixia {('0', '1-5', '6-11', '12-18')[bisect((1, 6, 12), sum(targets.brixia))]}"
    if targets.zone_severity is not None:
        return f"zones {('0', '0.5-2', '2.5-4', '4.5-6')[bisect((0.25, 2.25, 4.25), targets.zone_severity)]}"
    if targets.extent is not None:
        return f"extent {('0-1', '2-3', '4-5', '6-8')[bisect((2, 4, 6), targets.extent)]}"
    return UNKNOWN if targets.ct_grade is None else f"CT-{targets.ct_grade}"


def parse_age(value: object) -> float | None:
    """Parse an age in years from `58`, `58.0`, `058Y`, `006M` or `50+`.

    Args:
        value: A table cell or DICOM age string.

    Returns:
        The age in years; None for what cannot be an age.

    Example:
        >>> parse_age("067Y"), parse_age("006M"), parse_age("50+"), parse_age("low 90s"), parse_age(155)
        (67.0, 0.5, 50.0, None, None)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([YyMm+]?)", str(value).strip())
    if match is None:
        return None
    number = float(match[1]) / (12 if match[2] in ("M", "m") else 1)
    return number if number <= OLDEST else None
