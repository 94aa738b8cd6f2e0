"""LUNA16: 888 CTs of LIDC-IDRI with lung masks made by an algorithm and nodules drawn by readers.

Layout: `subset0` ... `subset9`, each with `<SeriesInstanceUID>.mhd` and `.raw`; `seg-lungs-LUNA16/<the same>.mhd` and
`.zraw`; `annotations.csv` (a row a nodule, column `seriesuid`). In a mask 3 is the left lung, 4 the right, 5 the
airways, which are no lung: "not 0" would add them. A few copies also hold 255, lung of unknown side. The site says
that the masks are no reference standard for segmentation. All scans are older than COVID-19: category "other"; whether
a scan without nodules is healthy, the source does not say. The folds are the subsets (`meta["fold"]`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from cxrbench.case import LUNG, Case, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.datasets.formats.image_files import first_found
from cxrbench.datasets.formats.lung_sides import LEFT, RIGHT
from cxrbench.datasets.formats.volume_masks import lungs
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_mhd

SUBSETS = tuple(f"subset{i}" for i in range(10))
MASKS = "seg-lungs-LUNA16"
LABELS = {3: LEFT, 4: RIGHT, 5: 0, 255: LUNG}


@dataset_adapters.register("luna16")
def luna16(data: DataFolder) -> Dataset:
    """List the scans of the subsets that are there; the id is the SeriesInstanceUID, each scan a patient of its own.

    A scan without a mask, a mask without a scan and an absent subset are reported.
    """
    root, _ = first_found(data, "luna16", *SUBSETS, MASKS)
    scans = [path for subset in SUBSETS for path in sorted((root / subset).glob("*.mhd"))]
    masks = {path.stem: path for path in sorted((root / MASKS).glob("*.mhd"))}
    nodules = _nodules(root / "annotations.csv")
    cases = tuple(_case(scan, masks.get(scan.stem), nodules) for scan in scans)
    return Dataset("luna16", cases, tuple(_problems(root, scans, masks, nodules)))


def _nodules(table: Path) -> Counter[str] | None:
    """Drawn nodules by scan; None without the table."""
    return Counter(row["seriesuid"] for row in read_rows(table, ["seriesuid"])) if table.is_file() else None


def _case(scan: Path, mask: Path | None, nodules: Mapping[str, int] | None) -> Case:
    drawn = None if nodules is None else nodules.get(scan.stem, 0)
    return Case(
        id=scan.stem,
        patient=scan.stem,
        dataset="luna16",
        modality="ct",
        targets=Targets(
            finding=True if drawn else None,
            category="other",
            lung_mask=partial(lungs, mask, scan, LABELS) if mask else None,
        ),
        meta={"fold": scan.parent.name} if drawn is None else {"fold": scan.parent.name, "nodules": drawn},
        load=partial(read_scan, scan, scan.with_suffix(".raw")),
    )


def read_scan(header: Path, voxels: Path) -> Image:
    """Read a scan of a header and its voxel file; raises `DataError` where either is absent or damaged."""
    if not voxels.is_file():
        raise DataError("voxel file not found", str(voxels), "complete the subset")
    return read_mhd(header)


def _problems(
    root: Path, scans: list[Path], masks: Mapping[str, Path], nodules: Mapping[str, int] | None
) -> Iterator[Problem]:
    yield Problem("luna16", "no patient ids: each scan counts as one patient", bad=False)
    if nodules is None:
        yield Problem("annotations.csv", "absent: nodules unknown")
    yield from (Problem(name, "subset absent") for name in SUBSETS if not (root / name).is_dir())
    found = {scan.stem for scan in scans}
    yield from (Problem(f"{MASKS}/{name}.mhd", "lung mask absent") for name in sorted(found - set(masks)))
    yield from (Problem(f"{MASKS}/{name}.mhd", "mask without a scan") for name in sorted(set(masks) - found))
