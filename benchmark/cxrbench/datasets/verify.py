"""Checking a copy of a dataset: everything that is wrong with it, in one list."""

from dataclasses import dataclass

from cxrbench.catalog import card
from cxrbench.datasets import Dataset, Problem, load
from cxrbench.errors import DataError


@dataclass(frozen=True, slots=True)
class Verified:
    """How many cases were found, and every problem."""

    cases: int
    problems: tuple[Problem, ...]


def verify(name: str, data: str | None, *, decode: bool = True) -> Verified:
    """List the dataset, compare its size with the card, and (with `decode`) decode every image that is there."""
    dataset = load(name, data)
    problems = [*dataset.problems, *_counted(dataset), *(_undecodable(dataset) if decode else ())]
    return Verified(len(dataset.cases), tuple(problems))


def _counted(dataset: Dataset) -> list[Problem]:
    expected = card(dataset.name).counts
    found = {
        "images": len(dataset.cases),
        "patients": len({case.patient for case in dataset.cases}),
        "severity_scores": sum(case.targets.extent is not None for case in dataset.cases),
    }
    return [
        Problem("datasets.yaml", f"{key}: expected {expected[key]}, found {count}")
        for key, count in found.items()
        if key in expected and expected[key] != count
    ]


def _undecodable(dataset: Dataset) -> list[Problem]:
    bad = []
    for case in dataset.cases:
        try:
            if case.available:
                case.image()
        except DataError as error:
            bad.append(Problem(case.id, error.what))
    return bad
