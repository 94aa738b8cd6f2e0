"""The manifest of phantom-v1: one row a study with its truth and the SHA-256 of each of its arrays.

So cases are listed without drawing a single one, and every array is checked against its row when it is made or read.
`python -m cxrbench.phantom.manifest` prints it anew from nothing.
"""

import csv
import hashlib
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from cxrbench.case import Zones
from cxrbench.phantom.cohort import VERSION, Study, cohort
from cxrbench.phantom.devices import devices
from cxrbench.phantom.draw import Draw
from cxrbench.phantom.made import hashes, make
from cxrbench.phantom.radiograph import boxes
from cxrbench.phantom.raters import readings
from cxrbench.phantom.truth import chances, measured

FILE = Path(__file__).with_name(f"manifest-v{VERSION}.csv")
Row = Mapping[str, str]


@cache
def manifest() -> dict[str, Row]:
    """Study id to row, as committed."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {row["study"]: row for row in csv.DictReader(lines)}


@cache
def manifest_sha256() -> str:
    """SHA-256 of the committed file: what "the phantom, version 1" is."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


def rows(studies: Sequence[Study], workers: int = 1) -> list[Row]:
    """The rows of studies; outcomes need all studies of a patient."""
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            found = list(pool.map(row, studies, chunksize=8))
    else:
        found = [row(study) for study in studies]
    return _with_outcomes(studies, found)


def row(study: Study) -> dict[str, str]:
    """The row of one study, without the patient's outcome."""
    film, ct = make(study, "cxr"), make(study, "ct")
    truth = measured(ct["lungs"], ct["lesions"])
    body, ill = study.chest.body, study.disease
    told = {
        "study": study.id,
        "patient": study.patient,
        "day": f"{study.day:g}",
        "sex": body.sex,
        "age": str(body.age),
        "view": study.chest.visit.view,
        "category": ill.category,
        "confounder": ill.confounder or "",
        "devices": ";".join(devices(study.chest).names),
        "brixia": zones_text(truth.brixia),
        **{f"rater_{name}": zones_text(zones) for name, zones in readings(truth.brixia, study.seed).items()},
        **{f"fraction_{name}": f"{value:.6f}" for name, value in truth.fractions.items()},
        "extent": f"{truth.extent:g}",
        "opacity": f"{truth.opacity:g}",
        "ct_grade": str(truth.ct_grade),
        "boxes": ";".join(" ".join(map(str, box)) for box in boxes(film["lesions"])),
    }
    return told | hashes("cxr", film) | hashes("ct", ct)


def _with_outcomes(studies: Sequence[Study], found: Sequence[Row]) -> list[Row]:
    worst: dict[str, float] = defaultdict(float)
    for one in found:
        worst[one["patient"]] = max(worst[one["patient"]], float(one["fraction_larger"]))
    told: list[Row] = []
    for study, one in zip(studies, found, strict=True):
        icu, death = outcome(worst[study.patient], study.chest.body.age, study.chest.body.seed)
        told.append({**one, "icu": str(int(icu)), "death": str(int(death))})
    return told


def outcome(worst: float, age: int, seed: int) -> tuple[bool, bool]:
    """Whether a patient comes to intensive care, and dies: drawn from the worst affected fraction and age."""
    draw = Draw(seed, 16)
    icu, death = chances(worst, age)
    admitted = draw.chance(icu)
    return admitted, admitted and draw.chance(death)


def zones_text(zones: Zones) -> str:
    """Six digits, zones A...F."""
    return "".join(map(str, zones))


def zones_of(text: str) -> Zones:
    """The inverse of `zones_text`."""
    a, b, c, d, e, f = map(int, text)
    return a, b, c, d, e, f


def boxes_of(text: str) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Boxes `[n, 4]` of a row's cell."""
    found = [list(map(float, box.split())) for box in text.split(";") if box]
    return np.array(found, np.float64).reshape(-1, 4)


def main() -> None:
    """Print the manifest, made by two processes."""
    found = rows(cohort(), workers=2)
    writer = csv.DictWriter(sys.stdout, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)


if __name__ == "__main__":
    main()
