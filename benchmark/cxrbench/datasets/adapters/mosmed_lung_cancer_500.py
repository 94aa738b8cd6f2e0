"""MosMed lung cancer 500: chest CTs of patients over 50; part of the test set of Goncharov et al. 2020.

Layout: `[<folder>/]Dicom/<study folder>/...`, several series per study. The folder above `Dicom` has a Cyrillic name
that archives spell in several Unicode forms or break, so it is not relied on. The newer packing,
`CT_LUNGCANCER_500/dicom/*.tar.gz`, has to be unpacked first. The protocols of nodules are not read. The paper uses 63
studies without nodules; only its re-release says which they are (see `mosmed_ct_cov_20`). Category is "other", as
there.
"""

import unicodedata
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.formats.image_files import list_files
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import DicomSeries, list_series, read_series

NAME = "mosmed-lung-cancer-500"


@dataset_adapters.register(NAME)
def list_mosmed_lung_cancer_500(data: DataFolder) -> Dataset:
    """List the CT series; the id is `<study folder>/<SeriesInstanceUID>`, the folder in Unicode's composed form (NFC).

    Each study folder counts as a patient. Every header is opened once, which takes minutes for the whole set.

    Args:
        data: The data folder.

    Returns:
        One case per series; a study whose files are damaged or hold no CT series is reported.

    Raises:
        DataError: The dataset is not there, or is still packed.
    """
    cases: list[Case] = []
    problems = [Problem(NAME, "no patient ids: each study folder counts as one patient", bad=False)]
    for study in sorted(path for path in _find_dicom_folder(data).iterdir() if path.is_dir()):
        all_series, fault = _list_ct_series(study)
        cases += [_make_case(study, series) for series in all_series]
        problems += [Problem(study.name, fault)] if fault else []
    return Dataset(NAME, tuple(cases), tuple(problems))


def _find_dicom_folder(data: DataFolder) -> Path:
    """The folder of the studies; the lower-case name only where the folder above it identifies the dataset."""
    in_root = ("Dicom", "*/Dicom", "dicom", "*/dicom")
    in_data = ("Dicom", "*/Dicom", "CT_LUNGCANCER_500/dicom")
    places = [] if data.path is None else [(data.path / NAME, in_root), (data.path, in_data)]
    for path in [path for root, patterns in places for pattern in patterns for path in sorted(root.glob(pattern))]:
        if any(entry.is_dir() for entry in path.iterdir()):
            return path
        if any(path.glob("*.tar.gz")):
            raise DataError("the studies are still packed", str(path), "unpack the .tar.gz files there")
    return data.root(NAME, "Dicom")


def _list_ct_series(study: Path) -> tuple[tuple[DicomSeries, ...], str]:
    """The CT series of a study, or why there are none."""
    try:
        series = list_series(study)
    except DataError as error:
        return (), error.line
    return series, "" if series else "no CT series"


def _make_case(study: Path, series: DicomSeries) -> Case:
    name = unicodedata.normalize("NFC", study.name)
    return Case(
        id=f"{name}/{series.uid}",
        patient=name,
        dataset=NAME,
        modality="ct",
        targets=Targets(category="other"),
        meta={"slices": len(series.files), **({"date": series.date} if series.date else {})},
        load=partial(read_series, study, series.uid),
        files=list_files(study),
    )
