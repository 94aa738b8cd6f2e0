"""Verify a copy of a dataset: everything that is wrong with it, in one list."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxrbench.case import Case
from cxrbench.catalog import find_card
from cxrbench.curation import Progress
from cxrbench.datasets import Dataset, Problem, load
from cxrbench.errors import DataError

TABLES = (".csv", ".txt", ".tsv", ".json")


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The number of cases listed, and every problem."""

    cases: int
    problems: tuple[Problem, ...]


def verify_dataset(
    name: str, data: str | Path | None, *, decode: bool = True, progress: Progress | None = None
) -> VerificationReport:
    """Compare a copy of a dataset with its card, look for absent and unlisted files, and decode all that is there.

    Args:
        name: Name of the dataset.
        data: The data folder (default: `CXRBENCH_DATA`).
        decode: Also decode every image and mask; a mask must have its image's size.
        progress: Called after each decoded case.

    Returns:
        The number of cases, and every problem in the order of the checks.

    Raises:
        UsageError: The dataset is unknown.
        DataError: The dataset is not there at all.
    """
    dataset = load(name, data)
    problems = [*find_listing_problems(dataset), *_find_changed_files(dataset, data)]
    for done, case in enumerate(dataset.cases if decode else (), 1):
        problems.extend(_find_decoding_problems(case))
        if progress is not None:
            progress(done, len(dataset.cases))
    return VerificationReport(len(dataset.cases), tuple(problems))


def find_listing_problems(dataset: Dataset) -> list[Problem]:
    """Find what is wrong with a copy without decoding an image.

    Args:
        dataset: The dataset as its adapter lists it.

    Returns:
        The adapter's own problems, counts that differ from the card's, absent files, and files that no table names.
    """
    reported = {Path(problem.file).name for problem in dataset.problems}
    unlisted = [problem for problem in _find_unlisted_files(dataset) if Path(problem.file).name not in reported]
    return [*dataset.problems, *_compare_counts(dataset), *_find_absent_images(dataset), *unlisted]


def _compare_counts(dataset: Dataset) -> list[Problem]:
    expected = find_card(dataset.name).counts
    counts = {
        "images": len(dataset.cases),
        "patients": len({case.patient for case in dataset.cases}),
        "severity_scores": sum(case.targets.extent is not None for case in dataset.cases),
    }
    return [
        Problem("datasets.yaml", f"{key}: expected {expected[key]}, found {count}")
        for key, count in counts.items()
        if key in expected and expected[key] != count
    ]


def _find_absent_images(dataset: Dataset) -> list[Problem]:
    """Cases without an image, where the adapter itself reported no absent files."""
    if any("absent" in problem.reason for problem in dataset.problems):
        return []
    return [Problem(case.id, "listed but absent") for case in dataset.cases if not case.available]


def _find_unlisted_files(dataset: Dataset) -> Iterator[Problem]:
    """Files in the image folders that are no case's image or mask, and that no table in the folder above names."""
    known = {path for case in dataset.cases for path in (*case.files, *case.mask_files)}
    for folder in sorted({path.parent for case in dataset.cases for path in case.files}):
        present = [Path(entry.path) for entry in os.scandir(folder) if entry.is_file() and entry.name[0] != "."]
        unknown = [path for path in sorted(present) if path not in known]
        named = _read_table_words(folder.parent) if unknown else frozenset()
        yield from (
            Problem(f"{folder.name}/{path.name}", "present but not listed")
            for path in unknown
            if not {path.name, path.stem} & named
        )


def _read_table_words(root: Path) -> frozenset[str]:
    """Every cell, and every last part of a path, in the tables directly below a dataset's root."""
    tables = [path for path in sorted(root.iterdir()) if path.suffix.lower() in TABLES]
    text = "\n".join(path.read_text("utf-8-sig", errors="surrogateescape") for path in tables)
    return frozenset(part.strip() for part in re.split(r"[,;\t\r\n\"/]", text))


def _find_changed_files(dataset: Dataset, data: str | Path | None) -> Iterator[Problem]:
    """Files whose SHA-256 is not the one on the card."""
    checksums = find_card(dataset.name).checksums
    for name, sha256 in checksums.items():
        file = Path(data or os.environ.get("CXRBENCH_DATA", "")) / name
        if not file.is_file():
            yield Problem(name, "listed on the card but absent")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield Problem(name, "differs from the card's SHA-256")


def _find_decoding_problems(case: Case) -> Iterator[Problem]:
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
            yield from _check_mask(case, load_mask, shape)


def _check_mask(case: Case, load_mask: Callable[[], NDArray[np.generic]], shape: tuple[int, ...]) -> Iterator[Problem]:
    try:
        mask_shape = load_mask().shape
    except DataError as error:
        yield Problem(error.where or case.id, error.what)
    else:
        if mask_shape != shape:
            yield Problem(case.id, f"a mask of {mask_shape} for an image of {shape}")
