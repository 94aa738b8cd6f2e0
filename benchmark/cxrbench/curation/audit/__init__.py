"""The audit of splits: patients and images that straddle parts, and how the parts are balanced.

Needs no images unless it is asked to compare them; patients come from the splits, balance from the labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cxrbench.curation.audit.balance import PartBalance, balance
from cxrbench.curation.audit.duplicates import Duplicate, Unreadable, compare
from cxrbench.curation.audit.patients import HeldOut, PartPair, held_out, straddling
from cxrbench.datasets import Dataset, load
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.splits import Plan, Split, catalogue, load_split, registered_split

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DatasetAudit:
    """How many patients stand behind the images of one dataset: its whole mapping, unused images included."""

    dataset: str
    images: int
    patients: int
    patients_with_several: int
    most_images_of_one: int


@dataclass(frozen=True)
class SplitAudit:
    """One split: its size, what straddles its parts, and their balance (empty, with a reason, without labels).

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
    held_out: tuple[HeldOut, ...]
    balance: tuple[PartBalance, ...]
    without_balance: str
    not_in_copy: int | None
    not_in_split: int | None


@dataclass(frozen=True)
class Audit:
    """All that was asked for; `compared` is the number of images compared, None where none were asked for."""

    datasets: tuple[DatasetAudit, ...]
    splits: tuple[SplitAudit, ...]
    compared: int | None = None
    duplicates: tuple[Duplicate, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True)
class _Copy:
    """A dataset as found on this disk, or the error that says why it was not."""

    dataset: Dataset | None = None
    error: CxrbenchError | None = None

    def required(self) -> Dataset:
        if self.dataset is None:
            raise self.error or DataError("no copy of the dataset")
        return self.dataset


def audit(
    names: Sequence[str], data: str | None = None, *, images: bool = False, progress: Progress | None = None
) -> Audit:
    """Audit splits by name: `dataset@split`, or `dataset` for every split of it; `dataset@default` is the default.

    With `images`, every image of these datasets that is at hand is decoded and compared with every other. Raises
    `UsageError` for an unknown name, `DataError` where a copy is needed (a rule, or `images`) and not found.
    """
    chosen = list(dict.fromkeys(split for name in names for split in _named(name)))
    copies = {dataset: _copy(dataset, data) for dataset, _ in chosen}
    splits = [_split(dataset, name, copies[dataset]) for dataset, name in chosen]
    found = Audit(
        datasets=tuple(_dataset(name, copies[name], splits) for name in copies),
        splits=tuple(_audited(split, copies[split.dataset]) for split in splits),
    )
    if not images:
        return found
    compared = compare([copy.required() for copy in copies.values()], splits, progress)
    return Audit(found.datasets, found.splits, compared.images, compared.duplicates, compared.unreadable)


def _named(text: str) -> list[tuple[str, str]]:
    dataset, _, name = text.partition("@")
    if name:
        return [(dataset, registered_split(dataset, name).name)]
    return [(dataset, head.name) for head in catalogue() if head.dataset == dataset] or [
        (dataset, registered_split(dataset).name)
    ]


def _copy(dataset: str, data: str | None) -> _Copy:
    try:
        return _Copy(load(dataset, data))
    except CxrbenchError as error:
        return _Copy(error=error)


def _split(dataset: str, name: str, copy: _Copy) -> Split:
    if isinstance(registered_split(dataset, name), Plan):
        return load_split(dataset, name, copy.required().cases)
    return load_split(dataset, name)


def _dataset(name: str, copy: _Copy, splits: Sequence[Split]) -> DatasetAudit:
    """Patients as the splits know them; where they name an image that the copy also has, the split's patient counts."""
    patients = {case.id: case.patient for case in copy.dataset.cases} if copy.dataset else {}
    for split in splits:
        if split.dataset == name:
            patients |= split.patients
    counts: dict[str, int] = {}
    for patient in patients.values():
        counts[patient] = counts.get(patient, 0) + 1
    several = sum(count > 1 for count in counts.values())
    return DatasetAudit(name, len(patients), len(counts), several, max(counts.values()))


def _audited(split: Split, copy: _Copy) -> SplitAudit:
    cases = split.cases("all")
    here = copy.dataset.by_id if copy.dataset else None
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
        pairs=straddling(split),
        held_out=held_out(split),
        balance=balance(split, here) if here is not None else (),
        without_balance=copy.error.line if copy.error else "",
        not_in_copy=None if here is None else sum(case not in here for case in cases),
        not_in_split=None if here is None else sum(case not in split.part_of for case in here),
    )
