"""Darwin V7 COVID-19 radiographs: about 6,500 images of the Cohen and Kermany sets with outlined lungs.

Layout: the annotations as Darwin JSON anywhere below `annotations/` (unpacked), the images below `images/` under the
names that the JSON gives. The annotations come without the images; each JSON has a URL. The outlines cover the heart,
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
from cxrbench.datasets.adapters.cohen.table import find_cohen_patients
from cxrbench.datasets.formats.darwin_json import (
    LUNG_NAME,
    DarwinAnnotation,
    fill_lung_outlines,
    read_darwin_annotation,
)
from cxrbench.datasets.formats.image_files import find_root, list_files, make_raster_loader
from cxrbench.errors import DataError

KERMANY = re.compile(r"(person\d+)_|(IM-\d+)")


@dataset_adapters.register("darwin")
def list_darwin(data: DataFolder) -> Dataset:
    """List the annotated images; the id is the image's file name.

    The patient is Cohen's where its table is available and lists the file, else the person or IM number in a Kermany
    name, else the image is a patient of its own; how many are is reported.

    Args:
        data: The data folder.

    Returns:
        One case per annotation. One that cannot be read, or whose image has several, is reported and left out.

    Raises:
        DataError: There are no annotations.
    """
    root, folder = find_root(data, "darwin", "annotations")
    annotations, problems = _read_annotations(folder)
    counts = Counter(annotation.filename for annotation in annotations.values())
    problems += [Problem(name, f"{n} annotations: none kept") for name, n in sorted(counts.items()) if n > 1]
    kept = {path: annotation for path, annotation in annotations.items() if counts[annotation.filename] == 1}
    images = {path.name: path for path in sorted((root / "images").rglob("*")) if path.is_file()}
    patients = find_cohen_patients(data)
    cases = tuple(
        _make_case(path, annotation, images.get(annotation.filename), patients) for path, annotation in kept.items()
    )
    return Dataset("darwin", cases, (*problems, *_list_problems(cases)))


def _read_annotations(folder: Path) -> tuple[dict[Path, DarwinAnnotation], list[Problem]]:
    annotations, problems = {}, []
    for path in sorted(folder.rglob("*.json")):
        try:
            annotations[path] = read_darwin_annotation(path)
        except DataError as error:
            problems.append(Problem(path.name, error.what))
    if not annotations and not problems:
        raise DataError("no annotations", str(folder), "unpack annotations/all-images.zip there")
    return annotations, problems


def _to_patient(name: str, cohen: Mapping[str, str]) -> str:
    if name in cohen:
        return f"cohen:{cohen[name]}"
    match = KERMANY.search(name)
    return f"kermany:{match[1] or match[2]}" if match else f"image:{name}"


def _make_case(path: Path, annotation: DarwinAnnotation, image: Path | None, cohen: Mapping[str, str]) -> Case:
    usable = bool(annotation.polygons.get(LUNG_NAME)) and (annotation.size or image) is not None
    return Case(
        id=annotation.filename,
        patient=_to_patient(annotation.filename, cohen),
        dataset="darwin",
        targets=Targets(lung_mask=partial(fill_lung_outlines, path, image) if usable else None),
        meta={"url": annotation.url, "tags": annotation.tags},
        load=make_raster_loader(image),
        files=list_files(image),
        mask_files=list_files(path, image) if usable else (),
    )


def _list_problems(cases: tuple[Case, ...]) -> list[Problem]:
    unknown = sum(case.patient.startswith("image:") for case in cases)
    bare = sum(case.targets.lung_mask is None for case in cases)
    absent = [Problem(case.id, "image absent: fetch it from the URL in meta") for case in cases if not case.available]
    reason = f"{unknown} images of unknown patients: each counts as one"
    return [
        *([Problem("darwin", reason, bad=False)] if unknown else []),
        *([Problem("darwin", f"{bare} images without outlined lungs", bad=False)] if bare else []),
        *absent,
    ]
