"""Class, view, age and sex in each part; what a source does not say is counted as unknown, not left out."""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from cxrbench.case import Case
from cxrbench.splits import Split
from cxrbench.splits.files import natural

UNKNOWN = "unknown"
AGES = (18, 40, 65)
AGE_NAMES = ("0-17", "18-39", "40-64", "65 and over")
OLDEST = 110
"""An age above this is an error of the source and counts as unknown."""


@dataclass(frozen=True)
class PartBalance:
    """Images of a part by value of each field (finding, category, severity, view, sex, age).

    `images` counts those that this copy has labels for; a field of which nothing is known in the whole split is left
    out; `median_age` is in years, None where no age is known.
    """

    part: str
    images: int
    patients: int
    fields: Mapping[str, Mapping[str, int]]
    median_age: float | None


def balance(split: Split, cases: Mapping[str, Case]) -> tuple[PartBalance, ...]:
    """The balance of each part over the cases that are at hand, by case id."""
    members = {part: [cases[name] for name in split.cases(part) if name in cases] for part in split.parts}
    described = {part: [describe(case) for case in own] for part, own in members.items()}
    told = {key for rows in described.values() for row in rows for key, value in row.items() if value != UNKNOWN}
    return tuple(_part(split, part, own, described[part], told) for part, own in members.items())


def _part(split: Split, part: str, cases: list[Case], rows: list[dict[str, str]], told: set[str]) -> PartBalance:
    ages = [age for case in cases if (age := years(case.meta.get("age"))) is not None]
    return PartBalance(
        part=part,
        images=len(cases),
        patients=len({split.patients[case.id] for case in cases}),
        fields={key: _counted(row[key] for row in rows) for key in sorted(told)},
        median_age=float(median(ages)) if ages else None,
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    """Counts in natural order, the unknown last."""
    return dict(sorted(Counter(values).items(), key=lambda item: (item[0] == UNKNOWN, natural(item[0]))))


def describe(case: Case) -> dict[str, str]:
    """A case in words: each field as the text under which it is counted."""
    known = case.targets
    age = years(case.meta.get("age"))
    return {
        "finding": UNKNOWN if known.finding is None else "positive" if known.finding else "negative",
        "category": known.category or UNKNOWN,
        "severity": severity(case),
        "view": str(case.meta.get("view") or UNKNOWN),
        "sex": str(case.meta.get("sex") or UNKNOWN),
        "age": UNKNOWN if age is None else AGE_NAMES[bisect(AGES, age)],
    }


def severity(case: Case) -> str:
    """The band of the severity score that a case has: Brixia, zone severity, extent or CT grade, in this order."""
    known = case.targets
    if known.brixia is not None:
        return f"Brixia {('0', '1-5', '6-11', '12-18')[bisect((1, 6, 12), sum(known.brixia))]}"
    if known.zone_severity is not None:
        return f"zones {('0', '0.5-2', '2.5-4', '4.5-6')[bisect((0.25, 2.25, 4.25), known.zone_severity)]}"
    if known.extent is not None:
        return f"extent {('0-1', '2-3', '4-5', '6-8')[bisect((2, 4, 6), known.extent)]}"
    return UNKNOWN if known.ct_grade is None else f"CT-{known.ct_grade}"


def years(value: object) -> float | None:
    """An age in years from `58`, `58.0`, `058Y`, `006M` or `50+`; None for what cannot be an age.

    >>> years("067Y"), years("006M"), years("50+"), years("low 90s"), years(155)
    (67.0, 0.5, 50.0, None, None)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([YyMm+]?)", str(value).strip())
    if found is None:
        return None
    number = float(found[1]) / (12 if found[2] in ("M", "m") else 1)
    return number if number <= OLDEST else None
