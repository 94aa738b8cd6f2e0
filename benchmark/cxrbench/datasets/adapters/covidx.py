"""COVIDx: the lists of COVID-Net (github lindawangg/COVID-Net), which name images of five public sets.

Layout: `[labels/]train_COVIDx<version>.txt` and `test_COVIDx<version>.txt`, and the images that its script collects in
`[data/]train/` and `[data/]test/`. A line is `<patientid> <filename> <label>[ <source>]`, without a header; ids may
hold spaces, so it is read from the right. Version 3 is read where it is there (it is DLNet's Dataset 3), else the
newest; other versions of the copy are reported.

The id is the file name. The patient is `<source>:<patientid>`, but RSNA's ids name images: there it is the NIH
patient, where the mapping is available. Test ids are public, and many share an NIH patient with train.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cxrbench.case import Case, Category, Targets
from cxrbench.datasets import DataFolder, Dataset, Problem, dataset_adapters
from cxrbench.datasets.adapters.rsna.adapter import read_nih_patients
from cxrbench.datasets.formats.csv_table import describe_duplicates
from cxrbench.datasets.formats.findings import to_finding
from cxrbench.datasets.formats.image_files import find_file, list_files, make_raster_loader
from cxrbench.errors import DataError

LABELS: Mapping[str, Category | None] = {
    "COVID-19": "covid",
    "positive": "covid",
    "pneumonia": "other",
    "normal": "healthy",
    "negative": None,
}
"""Label to category; `negative` of the two-class versions may be pneumonia or normal."""
SOURCES = ("cohen", "fig1", "actmed", "sirm", "rsna", "ricord", "bimcv", "stonybrook")
TYPOS = {"rnsa": "rsna"}
LINE = re.compile(
    rf"(?P<patient>\S.*) (?P<file>\S+\.(?i:png|jpe?g|dcm)) (?P<label>{'|'.join(LABELS)})(?: (?P<source>\S+))?"
)
DEFAULT = "3"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A line of a list; `source` is "" in old lines, `part` is train or test."""

    patient: str
    file: str
    label: str
    source: str
    part: str


@dataset_adapters.register("covidx")
def list_covidx(data: DataFolder) -> Dataset:
    """List the images of one version's two lists.

    Args:
        data: The data folder.

    Returns:
        One case per image, train before test.

    Raises:
        DataError: A list is missing, or no line of it can be read.
    """
    folder, version, others = _choose_version(data)
    problems = [Problem(f"COVIDx{name}", f"not read: version {version} is", bad=False) for name in others]
    entries: dict[str, list[ListEntry]] = {}
    for part in ("train", "test"):
        part_entries, unreadable = read_list(folder / f"{part}_COVIDx{version}.txt", part)
        problems += unreadable
        for entry in part_entries:
            entries.setdefault(entry.file, []).append(entry)
    kept, repeated = _drop_duplicates(entries)
    patients = read_nih_patients(data)
    cases = tuple(_make_case(entry, version, patients, _find_image(folder, entry)) for entry in kept)
    return Dataset("covidx", cases, (*problems, *repeated, *_list_gaps(cases, patients)))


def read_list(path: Path, part: str) -> tuple[list[ListEntry], list[Problem]]:
    """Parse a list, each line from the right.

    Args:
        path: The list.
        part: train or test.

    Returns:
        The entries, and one problem per line of another form or with an unknown source.

    Raises:
        DataError: The file is absent, or no line of it can be read.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise DataError("list cannot be read", str(path), "use the official file") from error
    entries, problems = [], []
    for number, line in enumerate(lines, 1):
        match = LINE.fullmatch(line.strip())
        source = TYPOS.get(match["source"] or "", match["source"] or "") if match else ""
        if match and (not source or source in SOURCES):
            entries.append(ListEntry(match["patient"], match["file"], match["label"], source, part))
        elif line.strip():
            problems.append(Problem(f"{path.name}:{number}", f"not `id file label source`: {line.strip()}: left out"))
    if not entries:
        raise DataError("no line of the list can be read", str(path), "use the official file")
    return entries, problems


def _choose_version(data: DataFolder) -> tuple[Path, str, list[str]]:
    """The folder of the lists, the version to read, and the others that are there."""
    bases = [base for base in (data.sibling("covidx"), data.path) if base]
    for folder in (folder for base in bases for folder in (base, base / "labels")):
        names = {path.stem.removeprefix("test_COVIDx") for path in folder.glob("test_COVIDx*.txt")}
        if names:
            newest = max(names, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name))
            chosen = DEFAULT if DEFAULT in names else newest
            return folder, chosen, sorted(names - {chosen})
    return data.root("covidx", f"test_COVIDx{DEFAULT}.txt"), DEFAULT, []


def _drop_duplicates(entries: Mapping[str, list[ListEntry]]) -> tuple[list[ListEntry], list[Problem]]:
    kept = [group[0] for group in entries.values() if len(set(group)) == 1]
    return kept, [
        Problem(file, f"{len(group)} lines, {describe_duplicates(equal=len(set(group)) == 1)}")
        for file, group in entries.items()
        if group[1:]
    ]


def _find_image(folder: Path, entry: ListEntry) -> Path | None:
    root = folder.parent if folder.name == "labels" else folder
    return find_file(*(base / entry.part / entry.file for base in (root / "data", root)))


def _make_case(entry: ListEntry, version: str, patients: Mapping[str, str], image: Path | None) -> Case:
    category = LABELS[entry.label]
    return Case(
        id=entry.file,
        patient=_to_patient(entry, patients),
        dataset="covidx",
        targets=Targets(category=category, finding=to_finding(category)),
        meta={"subset": entry.part, "label": entry.label, "source": entry.source, "version": version},
        load=make_raster_loader(image),
        files=list_files(image),
    )


def _to_patient(entry: ListEntry, patients: Mapping[str, str]) -> str:
    """The NIH patient of an RSNA image, by its id with or without the source; else the patient in the list."""
    if entry.source in ("rsna", "") and entry.patient in patients:
        return f"nih:{patients[entry.patient]}"
    return f"{entry.source}:{entry.patient}" if entry.source else entry.patient


def _list_gaps(cases: tuple[Case, ...], patients: Mapping[str, str]) -> list[Problem]:
    missing = [case for case in cases if not case.available]
    problems = [Problem(f"{case.meta['subset']}/{case.id}", "listed but absent") for case in missing]
    if len(missing) == len(cases):
        problems = [Problem("data", f"absent: none of {len(cases)} listed images is there")]
    if not patients:
        problems.append(Problem("rsna_to_nih.csv", "absent: RSNA images count as patients of their own"))
    return problems
