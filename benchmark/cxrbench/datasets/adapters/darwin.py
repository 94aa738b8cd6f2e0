"""Darwin V7 COVID-19 radiographs: about 6,500 images of the Cohen and Kermany sets with outlined lungs.

Layout: the annotations as Darwin JSON anywhere below `annotations/` (unpacked), the images below `images/` under the
names that the JSON gives; the annotations do not bring them, each JSON names a URL. The outlines cover the heart,
unlike those of Montgomery, Shenzhen and SCR. Laterals and CT slices have no outlines and so no mask. Areas named Ignore
(devices, text) are left out of the scoring.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.cohen.table import patients_by_file
from cxrbench.datasets.formats.darwin_json import LUNG_NAME, Annotated, outlined_lungs, read_annotated
from cxrbench.datasets.formats.image_files import first_found
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.raster import read_raster

KERMANY = re.compile(r"(person\d+)_|(IM-\d+)")


@dataset_adapters.register("darwin")
def darwin(data: DataFolder) -> Dataset:
    """List the annotated images; the id is the image's file name.

    Patients: Cohen's where its table is at hand and names the file, the person or IM number in a Kermany name, else
    the image is a patient of its own; how many are is reported. An annotation that cannot be read, or whose image
    another one claims too, is reported and left out.
    """
    root, folder = first_found(data, "darwin", "annotations")
    read, problems = _annotations(folder)
    claims = Counter(one.filename for one in read.values())
    problems += [Problem(name, f"{n} annotations: none kept") for name, n in sorted(claims.items()) if n > 1]
    kept = {path: one for path, one in read.items() if claims[one.filename] == 1}
    images = {path.name: path for path in sorted((root / "images").rglob("*")) if path.is_file()}
    patients = _patients(data)
    cases = tuple(_case(path, one, images.get(one.filename), patients) for path, one in kept.items())
    return Dataset("darwin", cases, (*problems, *_problems(cases)))


def _annotations(folder: Path) -> tuple[dict[Path, Annotated], list[Problem]]:
    read, problems = {}, []
    for path in sorted(folder.rglob("*.json")):
        try:
            read[path] = read_annotated(path)
        except DataError as error:
            problems.append(Problem(path.name, error.what))
    if not read and not problems:
        raise DataError("no annotations", str(folder), "unpack annotations/all-images.zip there")
    return read, problems


def _patients(data: DataFolder) -> Mapping[str, str]:
    """Cohen's patients by file name."""
    cohen = data.sibling("cohen")
    table = cohen / "metadata.csv" if cohen else None
    return patients_by_file(table) if table and table.is_file() else {}


def _patient(name: str, cohen: Mapping[str, str]) -> str:
    if name in cohen:
        return f"cohen:{cohen[name]}"
    found = KERMANY.search(name)
    return f"kermany:{found[1] or found[2]}" if found else f"image:{name}"


def _case(path: Path, told: Annotated, image: Path | None, cohen: Mapping[str, str]) -> Case:
    drawn = told.polygons.get(LUNG_NAME) and (told.size or image)
    return Case(
        id=told.filename,
        patient=_patient(told.filename, cohen),
        dataset="darwin",
        targets=Targets(lung_mask=partial(outlined_lungs, path, image) if drawn else None),
        meta={"url": told.url, "tags": told.tags},
        load=partial(read_raster, image) if image else None,
    )


def _problems(cases: tuple[Case, ...]) -> list[Problem]:
    alone = sum(case.patient.startswith("image:") for case in cases)
    bare = sum(case.targets.lung_mask is None for case in cases)
    absent = [Problem(case.id, "image absent: fetch it from the URL in meta") for case in cases if not case.available]
    return [
        *([Problem("darwin", f"{alone} images of unknown patients: each counts as one", bad=False)] if alone else []),
        *([Problem("darwin", f"{bare} images without outlined lungs", bad=False)] if bare else []),
        *absent,
    ]
