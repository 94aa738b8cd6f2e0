"""Audit splits: patients and images that occur in several parts, and the balance of the parts.

Images are needed only to compare them with each other; patients come from the splits, the balance from the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cxrbench.curation import Progress
from cxrbench.curation.audit.balance import PartBalance, compute_balance
from cxrbench.curation.audit.duplicates import DuplicatePair, UnreadableImage, find_duplicates
from cxrbench.curation.audit.patients import HeldOutCounts, PartPair, count_held_out, find_shared_patients
from cxrbench.datasets import Dataset, load
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.splits import Split, SplitRule, find_split, list_splits, load_split


@dataclass(frozen=True)
class DatasetAudit:
    """How many patients the images of one dataset come from; unused images are included."""

    dataset: str
    images: int
    patients: int
    patients_with_several: int
    most_images_of_one: int


@dataclass(frozen=True)
class SplitAudit:
    """One split: its size, what its parts share, and their balance (empty, with a reason, where there are no labels).

    `not_in_copy` counts images of the split that this copy of the dataset lacks, `not_in_split` the reverse; both are
    None where there is no copy.
    """

    split: str
    version: int
    origin: str
    note: str
    sha256: str
    images: int
    patients: int
    unused: int
    shared_patients: int
    pairs: tuple[PartPair, ...]
    held_out: tuple[HeldOutCounts, ...]
    balance: tuple[PartBalance, ...]
    without_balance: str
    not_in_copy: int | None
    not_in_split: int | None


@dataclass(frozen=True)
class AuditReport:
    """The whole audit; `compared` is the number of images compared, None where images were not compared."""

    datasets: tuple[DatasetAudit, ...]
    splits: tuple[SplitAudit, ...]
    compared: int | None = None
    duplicates: tuple[DuplicatePair, ...] = ()
    unreadable: tuple[UnreadableImage, ...] = ()


@dataclass(frozen=True)
class _DatasetCopy:
    """A copy of a dataset on this disk, or the error that says why there is none."""

    dataset: Dataset | None = None
    error: CxrbenchError | None = None

    def required(self) -> Dataset:
        if self.dataset is None:
            raise self.error or DataError("no copy of the dataset")
        return self.dataset


def audit_splits(
    names: Sequence[str], data: str | None = None, *, images: bool = False, progress: Progress | None = None
) -> AuditReport:
    """Audit splits: shared patients, balance and, if wanted, duplicate images.

    Args:
        names: `dataset@split`, or `dataset` for every split of it; `dataset@default` is the default split.
        data: The data folder (default: `CXRBENCH_DATA`).
        images: Decode every available image of these datasets and compare it with every other.
        progress: Called after each decoded image.

    Returns:
        The audit, each dataset and split once.

    Raises:
        UsageError: A name is unknown.
        DataError: A copy is needed (for a rule, or for `images`) and not found.
    """
    chosen = list(dict.fromkeys(split for name in names for split in _resolve_name(name)))
    copies = {dataset: _load_copy(dataset, data) for dataset, _ in chosen}
    splits = [_evaluate_split(dataset, name, copies[dataset]) for dataset, name in chosen]
    report = AuditReport(
        datasets=tuple(_audit_dataset(name, copies[name], splits) for name in copies),
        splits=tuple(_audit_split(split, copies[split.dataset]) for split in splits),
    )
    if not images:
        return report
    compared = find_duplicates([copy.required() for copy in copies.values()], splits, progress)
    return AuditReport(report.datasets, report.splits, compared.images, compared.duplicates, compared.unreadable)


def _resolve_name(text: str) -> list[tuple[str, str]]:
    dataset, _, name = text.partition("@")
    if name:
        return [(dataset, find_split(dataset, name).name)]
    return [(dataset, head.name) for head in list_splits() if head.dataset == dataset] or [
        (dataset, find_split(dataset).name)
    ]


def _load_copy(dataset: str, data: str | None) -> _DatasetCopy:
    try:
        return _DatasetCopy(load(dataset, data))
    except CxrbenchError as error:
        return _DatasetCopy(error=error)


def _evaluate_split(dataset: str, name: str, copy: _DatasetCopy) -> Split:
    if isinstance(find_split(dataset, name), SplitRule):
        return load_split(dataset, name, copy.required().cases)
    return load_split(dataset, name)


def _audit_dataset(name: str, copy: _DatasetCopy, splits: Sequence[Split]) -> DatasetAudit:
    """Count patients as the splits know them; for an image in both, the split's patient replaces the copy's."""
    patients = {case.id: case.patient for case in copy.dataset.cases} if copy.dataset else {}
    for split in splits:
        if split.dataset == name:
            patients |= split.patients
    counts: dict[str, int] = {}
    for patient in patients.values():
        counts[patient] = counts.get(patient, 0) + 1
    several = sum(count > 1 for count in counts.values())
    return DatasetAudit(name, len(patients), len(counts), several, max(counts.values()))


def _audit_split(split: Split, copy: _DatasetCopy) -> SplitAudit:
    cases = split.cases("all")
    by_id = copy.dataset.by_id if copy.dataset else None
    return SplitAudit(
        split=split.label,
        version=split.version,
        origin=split.origin,
        note=split.note,
        sha256=split.sha256,
        images=len(cases),
        patients=len({split.patients[case] for case in cases}),
        unused=len(split.part_of) - len(cases),
        shared_patients=len(set().union(*split.shared_patients().values())),
        pairs=find_shared_patients(split),
        held_out=count_held_out(split),
        balance=compute_balance(split, by_id) if by_id is not None else (),
        without_balance=copy.error.line if copy.error else "",
        not_in_copy=None if by_id is None else sum(case not in by_id for case in cases),
        not_in_split=None if by_id is None else sum(case not in split.part_of for case in by_id),
    )
