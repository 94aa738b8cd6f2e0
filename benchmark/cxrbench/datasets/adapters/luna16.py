"""LUNA16: 888 CTs of LIDC-IDRI with lung masks made by an algorithm and nodules drawn by readers.

Layout: `subset0` ... `subset9`, each with `<SeriesInstanceUID>.mhd` and `.raw`; `seg-lungs-LUNA16/<the same>.mhd` and
`.zraw`; `annotations.csv` (one row per nodule, column `seriesuid`). In a mask 3 is the left lung, 4 the right, 5 the
airways, which are no lung: "not 0" would add them. A few copies also hold 255, lung of unknown side. The site says
that the masks are no reference standard for segmentation. All scans are older than COVID-19: category "other". The
source does not say whether a scan without nodules is healthy. The folds are the subsets (`meta["fold"]`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from cxrbench.case import LUNG, Case, Image, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.csv_table import read_rows
from cxrbench.datasets.formats.image_files import find_root, list_files
from cxrbench.datasets.formats.lung_sides import LEFT, RIGHT
from cxrbench.datasets.formats.volume_masks import read_lung_mask
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import read_mhd

SUBSETS = tuple(f"subset{i}" for i in range(10))
MASKS = "seg-lungs-LUNA16"
LABELS = {3: LEFT, 4: RIGHT, 5: 0, 255: LUNG}


@dataset_adapters.register("luna16")
def list_luna16(data: DataFolder) -> Dataset:
    """List the scans of the subsets that are there.

    The id is the SeriesInstanceUID, each scan a patient of its own. A scan without a mask, a mask without a scan and
    an absent subset are reported.

    Args:
        data: The data folder.

    Returns:
        One case per scan, subset by subset.

    Raises:
        DataError: The dataset is not there.
    """
    root, _ = find_root(data, "luna16", *SUBSETS, MASKS)
    scans = [path for subset in SUBSETS for path in sorted((root / subset).glob("*.mhd"))]
    masks = {path.stem: path for path in sorted((root / MASKS).glob("*.mhd"))}
    nodules = _count_nodules(root / "annotations.csv")
    cases = tuple(_make_case(scan, masks.get(scan.stem), nodules) for scan in scans)
    return Dataset("luna16", cases, tuple(_list_problems(root, scans, masks, nodules)))


def _count_nodules(table: Path) -> Counter[str] | None:
    """Drawn nodules by scan; None without the table."""
    return Counter(row["seriesuid"] for row in read_rows(table, ["seriesuid"])) if table.is_file() else None


def _make_case(scan: Path, mask: Path | None, nodules: Mapping[str, int] | None) -> Case:
    count = None if nodules is None else nodules.get(scan.stem, 0)
    voxels = scan.with_suffix(".raw")
    return Case(
        id=scan.stem,
        patient=scan.stem,
        dataset="luna16",
        modality="ct",
        targets=Targets(
            finding=True if count else None,
            category="other",
            lung_mask=partial(read_lung_mask, mask, scan, LABELS) if mask else None,
        ),
        meta={"fold": scan.parent.name} if count is None else {"fold": scan.parent.name, "nodules": count},
        load=partial(read_scan, scan, voxels),
        files=list_files(scan, voxels),
        mask_files=list_files(mask),
    )


def read_scan(header: Path, voxels: Path) -> Image:
    """Read a scan.

    Args:
        header: The `.mhd` file.
        voxels: The `.raw` file that it names.

    Returns:
        The CT.

    Raises:
        DataError: A file is absent or damaged.
    """
    if not voxels.is_file():
        raise DataError("voxel file not found", str(voxels), "complete the subset")
    return read_mhd(header)


def _list_problems(
    root: Path, scans: list[Path], masks: Mapping[str, Path], nodules: Mapping[str, int] | None
) -> Iterator[Problem]:
    yield Problem("luna16", "no patient ids: each scan counts as one patient", bad=False)
    if nodules is None:
        yield Problem("annotations.csv", "absent: nodules unknown")
    yield from (Problem(name, "subset absent") for name in SUBSETS if not (root / name).is_dir())
    names = {scan.stem for scan in scans}
    yield from (Problem(f"{MASKS}/{name}.mhd", "lung mask absent") for name in sorted(names - set(masks)))
    yield from (Problem(f"{MASKS}/{name}.mhd", "mask without a scan") for name in sorted(set(masks) - names))
