"""MosMed lung cancer 500: chest CTs of people over 50; part of the test set of Goncharov et al. 2020.

Layout: `[<folder>/]Dicom/<study folder>/...`, several series a study; the folder above `Dicom` has a Cyrillic name that
archives spell in several Unicode forms or break, so it is not relied on. The newer packing,
`CT_LUNGCANCER_500/dicom/*.tar.gz`, has to be unpacked first. The protocols of nodules are not read; the paper uses 63
studies without nodules, and which they are, only its re-release tells (see `mosmed_ct_cov_20`). Category is "other", as
there.
"""

import unicodedata
from functools import partial
from pathlib import Path

from cxrbench.case import Case, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import Series, list_series, read_series

NAME = "mosmed-lung-cancer-500"


@dataset_adapters.register(NAME)
def mosmed_lung_cancer_500(data: DataFolder) -> Dataset:
    """List the CT series; the id is `<study folder>/<SeriesInstanceUID>`, the folder in Unicode's composed form (NFC).

    Each study folder counts as a patient. Every header is opened once, which takes minutes for the whole set; a study
    whose files are damaged or hold no CT series is reported.
    """
    cases: list[Case] = []
    problems = [Problem(NAME, "no patient ids: each study folder counts as one patient", bad=False)]
    for study in sorted(path for path in _dicom(data).iterdir() if path.is_dir()):
        series, fault = _listed(study)
        cases += [_case(study, one) for one in series]
        problems += [Problem(study.name, fault)] if fault else []
    return Dataset(NAME, tuple(cases), tuple(problems))


def _dicom(data: DataFolder) -> Path:
    """The folder of the studies; the lower-case name only where the folder above it says whose it is."""
    own = ("Dicom", "*/Dicom", "dicom", "*/dicom")
    shared = ("Dicom", "*/Dicom", "CT_LUNGCANCER_500/dicom")
    places = [] if data.path is None else [(data.path / NAME, own), (data.path, shared)]
    found = [path for root, patterns in places for pattern in patterns for path in sorted(root.glob(pattern))]
    for path in found:
        if any(one.is_dir() for one in path.iterdir()):
            return path
        if any(path.glob("*.tar.gz")):
            raise DataError("the studies are still packed", str(path), "unpack the .tar.gz files there")
    return data.root(NAME, "Dicom")


def _listed(study: Path) -> tuple[tuple[Series, ...], str]:
    """The CT series of a study, or why there are none."""
    try:
        series = list_series(study)
    except DataError as error:
        return (), error.line
    return series, "" if series else "no CT series"


def _case(study: Path, series: Series) -> Case:
    name = unicodedata.normalize("NFC", study.name)
    return Case(
        id=f"{name}/{series.uid}",
        patient=name,
        dataset=NAME,
        modality="ct",
        targets=Targets(category="other"),
        meta={"slices": len(series.files), **({"date": series.date} if series.date else {})},
        load=partial(read_series, study, series.uid),
    )
