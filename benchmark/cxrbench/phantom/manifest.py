"""The manifest of phantom-v1: one row per study with its ground truth and the SHA-256 of each of its arrays.

Cases are listed from it without generating any, and every array is checked against its row when it is generated or
read. `python -m cxrbench.phantom.manifest` generates and prints it.
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
from cxrbench.phantom.cohort import VERSION, Study, make_cohort
from cxrbench.phantom.devices import make_devices
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.generate import hash_arrays, make_arrays
from cxrbench.phantom.radiograph import find_boxes
from cxrbench.phantom.raters import draw_readings
from cxrbench.phantom.truth import compute_outcome_chances, measure_truth

FILE = Path(__file__).with_name(f"manifest-v{VERSION}.csv")
ManifestRow = Mapping[str, str]


@cache
def read_manifest() -> dict[str, ManifestRow]:
    """Read the committed manifest.

    Returns:
        The rows by id of the study.

    Example:
        >>> read_manifest()["study-000"]["patient"]
        'phantom-000'
    """
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {row["study"]: row for row in csv.DictReader(lines)}


@cache
def hash_manifest() -> str:
    """Hash the committed manifest, which identifies "the phantom, version 1".

    Returns:
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


def make_rows(studies: Sequence[Study], workers: int = 1) -> list[ManifestRow]:
    """Generate the rows of studies.

    Args:
        studies: All studies of each patient (the outcome depends on the worst).
        workers: Number of processes.

    Returns:
        The rows, in order.
    """
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            rows = list(pool.map(make_row, studies, chunksize=8))
    else:
        rows = [make_row(study) for study in studies]
    return _add_outcomes(studies, rows)


def make_row(study: Study) -> dict[str, str]:
    """Generate the row of one study, without the outcome of the patient.

    Args:
        study: The study.

    Returns:
        Cells by column.
    """
    radiograph, ct = make_arrays(study, "cxr"), make_arrays(study, "ct")
    truth = measure_truth(ct["lungs"], ct["lesions"])
    body, ill = study.chest.body, study.disease
    row = {
        "study": study.id,
        "patient": study.patient,
        "day": f"{study.day:g}",
        "sex": body.sex,
        "age": str(body.age),
        "view": study.chest.visit.view,
        "category": ill.category,
        "confounder": ill.confounder or "",
        "devices": ";".join(make_devices(study.chest).names),
        "brixia": format_zones(truth.brixia),
        **{f"rater_{name}": format_zones(zones) for name, zones in draw_readings(truth.brixia, study.seed).items()},
        **{f"fraction_{name}": f"{value:.6f}" for name, value in truth.fractions.items()},
        "extent": f"{truth.extent:g}",
        "opacity": f"{truth.opacity:g}",
        "ct_grade": str(truth.ct_grade),
        "boxes": ";".join(" ".join(map(str, box)) for box in find_boxes(radiograph["lesions"])),
    }
    return row | hash_arrays("cxr", radiograph) | hash_arrays("ct", ct)


def _add_outcomes(studies: Sequence[Study], rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    worst: dict[str, float] = defaultdict(float)
    for row in rows:
        worst[row["patient"]] = max(worst[row["patient"]], float(row["fraction_larger"]))
    complete: list[ManifestRow] = []
    for study, row in zip(studies, rows, strict=True):
        icu, death = draw_outcome(worst[study.patient], study.chest.body.age, study.chest.body.seed)
        complete.append({**row, "icu": str(int(icu)), "death": str(int(death))})
    return complete


def draw_outcome(worst: float, age: int, seed: int) -> tuple[bool, bool]:
    """Draw the outcome of a patient from the worst affected fraction and the age.

    Args:
        worst: Largest affected fraction of the patient's studies, 0-1.
        age: Age in years.
        seed: Seed of the patient.

    Returns:
        Whether the patient is admitted to intensive care, and whether the patient dies.
    """
    draw = RandomStream(seed, 16)
    icu, death = compute_outcome_chances(worst, age)
    admitted = draw.chance(icu)
    return admitted, admitted and draw.chance(death)


def format_zones(zones: Zones) -> str:
    """Format six zone scores.

    Args:
        zones: Scores 0-3, zones A to F.

    Returns:
        Six digits.

    Example:
        >>> format_zones((0, 1, 2, 3, 0, 1))
        '012301'
    """
    return "".join(map(str, zones))


def parse_zones(text: str) -> Zones:
    """Parse six zone scores, the inverse of `format_zones`.

    Args:
        text: Six digits.

    Returns:
        Scores of the zones A to F.

    Example:
        >>> parse_zones("012301")
        (0, 1, 2, 3, 0, 1)
    """
    a, b, c, d, e, f = map(int, text)
    return a, b, c, d, e, f


def parse_boxes(text: str) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Parse the boxes of a row.

    Args:
        text: Boxes separated by semicolons, numbers by spaces.

    Returns:
        Float `[n, 4]` as x, y, width, height in pixels.

    Example:
        >>> parse_boxes("10 20 30 40").tolist()
        [[10.0, 20.0, 30.0, 40.0]]
    """
    boxes = [list(map(float, box.split())) for box in text.split(";") if box]
    return np.array(boxes, np.float64).reshape(-1, 4)


def main() -> None:
    """Print the manifest, generated by two processes."""
    rows = make_rows(make_cohort(), workers=2)
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


if __name__ == "__main__":
    main()
