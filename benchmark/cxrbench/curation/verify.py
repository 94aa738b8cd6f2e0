"""Checking a copy of a dataset: everything that is wrong with it, in one list."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.catalog import card
from cxrbench.datasets import Dataset, Problem, load
from cxrbench.datasets.sources import files_of, sources
from cxrbench.errors import DataError

TABLES = (".csv", ".txt", ".tsv", ".json")
Progress = Callable[[int, int], None]
"""Called with cases finished and cases in all."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How many cases were found, and every problem."""

    cases: int
    problems: tuple[Problem, ...]


def verify(name: str, data: str | Path | None, *, decode: bool = True, progress: Progress | None = None) -> Verified:
    """List the dataset, compare it with its card, look for absent and unlisted files, and decode all that is there.

    Without `decode` no pixel is read; with it images and masks are, and a mask must have its image's size.
    """
    dataset = load(name, data)
    problems = [*listing_problems(dataset), *_changed(dataset, data)]
    for done, case in enumerate(dataset.cases if decode else (), 1):
        problems.extend(_undecodable(case))
        if progress is not None:
            progress(done, len(dataset.cases))
    return Verified(len(dataset.cases), tuple(problems))


def listing_problems(dataset: Dataset) -> list[Problem]:
    """What the adapter found, counts that differ from the card's, and files that are absent or that nothing names."""
    told = {Path(problem.file).name for problem in dataset.problems}
    fresh = [problem for problem in _unlisted(dataset) if Path(problem.file).name not in told]
    return [*dataset.problems, *_counted(dataset), *_absent(dataset), *fresh]


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


def _absent(dataset: Dataset) -> list[Problem]:
    """Cases without an image, where the adapter itself said nothing of absence."""
    if any("absent" in problem.reason for problem in dataset.problems):
        return []
    return [Problem(case.id, "listed but absent") for case in dataset.cases if not case.available]


def _unlisted(dataset: Dataset) -> Iterator[Problem]:
    """Files beside the images that are no case's image or mask, and whose name no table above them holds."""
    known = {path for case in dataset.cases for path in files_of(case)}
    for folder in sorted({path.parent for case in dataset.cases for path in sources(case)}):
        beside = [Path(entry.path) for entry in os.scandir(folder) if entry.is_file() and entry.name[0] != "."]
        strange = [path for path in sorted(beside) if path not in known]
        named = _named(folder.parent) if strange else frozenset()
        yield from (
            Problem(f"{folder.name}/{path.name}", "present but not listed")
            for path in strange
            if not {path.name, path.stem} & named
        )


def _named(root: Path) -> frozenset[str]:
    """Every cell, and every last part of a path, in the tables that lie directly in a dataset's root."""
    tables = [path for path in sorted(root.iterdir()) if path.suffix.lower() in TABLES]
    text = "\n".join(path.read_text("utf-8-sig", errors="surrogateescape") for path in tables)
    return frozenset(part.strip() for part in re.split(r"[,;\t\r\n\"/]", text))


def _changed(dataset: Dataset, data: str | Path | None) -> Iterator[Problem]:
    """Files whose SHA-256 is not the one on the card."""
    wanted = card(dataset.name).checksums
    for name, sha256 in wanted.items():
        file = Path(data or os.environ.get("CXRBENCH_DATA", "")) / name
        if not file.is_file():
            yield Problem(name, "listed on the card but absent")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield Problem(name, "differs from the card's SHA-256")


def _undecodable(case: Case) -> Iterator[Problem]:
    """Why the image or a mask of an available case cannot be used."""
    if not case.available:
        return
    try:
        shape = case.image().pixels.shape
    except DataError as error:
        yield Problem(error.where or case.id, error.what)
        return
    for load_mask in (case.targets.lung_mask, case.targets.lesion_mask):
        if load_mask is not None:
            yield from _unusable(case, load_mask, shape)


def _unusable(case: Case, load_mask: Callable[[], NDArray[np.generic]], shape: tuple[int, ...]) -> Iterator[Problem]:
    try:
        found = load_mask().shape
    except DataError as error:
        yield Problem(error.where or case.id, error.what)
    else:
        if found != shape:
            yield Problem(case.id, f"a mask of {found} for an image of {shape}")
