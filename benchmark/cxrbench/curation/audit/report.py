"""An audit as tables: the text of the command line and the page are made from the same ones."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from cxrbench.curation.audit import Audit, SplitAudit
from cxrbench.curation.audit.balance import PartBalance
from cxrbench.curation.audit.duplicates import Duplicate
from cxrbench.splits.files import natural


@dataclass(frozen=True)
class Table:
    """A heading with what it says in a sentence, and rows under a header; no rows means nothing was found."""

    title: str
    remark: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def tables(audit: Audit) -> list[Table]:
    """Everything an audit found, in reading order."""
    found = [_datasets(audit)]
    for split in audit.splits:
        found += [_summary(split), *_leaks(split), *_balance(split)]
    return [*found, *_duplicates(audit)]


def _datasets(audit: Audit) -> Table:
    header = ("dataset", "images", "patients", "with several images", "most images of one")
    rows = [
        (one.dataset, *map(str, (one.images, one.patients, one.patients_with_several, one.most_images_of_one)))
        for one in audit.datasets
    ]
    return Table("Datasets", "Patients behind the images, those outside every part included.", header, tuple(rows))


def _summary(split: SplitAudit) -> Table:
    shared = f"{split.shared_patients} patients stand in more than one part"
    return Table(
        f"{split.split}, version {split.version}",
        f"{shared}. Origin: {split.origin}. Note: {split.note}. {_copy(split)} SHA-256 {split.sha256}.",
        ("images", "patients", "unused images", "patients in several parts"),
        (tuple(map(str, (split.images, split.patients, split.unused, split.shared_patients))),),
    )


def _copy(split: SplitAudit) -> str:
    if split.not_in_copy is None:
        return f"No labels at hand ({split.without_balance}), so no balance."
    return f"This copy lacks {split.not_in_copy} of its images, and has {split.not_in_split} that it does not name."


def _leaks(split: SplitAudit) -> Iterator[Table]:
    if split.pairs:
        pairs = [(one.a, one.b, *map(str, (one.patients, one.images_a, one.images_b))) for one in split.pairs]
        columns = ("part", "other part", "patients in both", "their images in part", "in other part")
        yield Table(f"{split.split}: patients in two parts", "", columns, tuple(pairs))
    rows = [
        (
            one.part,
            one.source,
            *map(str, (one.images, one.patient_known, one.in_train, one.in_any_other)),
            f"{100 * one.share_in_train:.1f} %",
        )
        for one in split.held_out
    ]
    header = ("part", "source", "images", "patient known", "patient in train", "in any other part", "share in train")
    yield Table(f"{split.split}: images whose patient is elsewhere", "", header, tuple(rows))


def _balance(split: SplitAudit) -> Iterator[Table]:
    if not split.balance:
        return
    ages = ", ".join(f"{one.part} {_age(one)}" for one in split.balance)
    rows = [
        (key, value, *(_share(part, key, value) for part in split.balance))
        for key in split.balance[0].fields
        for value in sorted({value for part in split.balance for value in part.fields[key]}, key=_unknown_last)
    ]
    header = ("field", "value", *(part.part for part in split.balance))
    yield Table(f"{split.split}: balance", f"Images of each part. Median age: {ages}.", header, tuple(rows))


def _unknown_last(value: str) -> tuple[object, ...]:
    return value == "unknown", natural(value)


def _age(part: PartBalance) -> str:
    return "unknown" if part.median_age is None else f"{part.median_age:g}"


def _share(part: PartBalance, key: str, value: str) -> str:
    count = part.fields[key].get(value, 0)
    return f"{count} ({100 * count / part.images:.1f} %)" if part.images else "0"


def _duplicates(audit: Audit) -> Iterator[Table]:
    if audit.compared is None:
        return
    found = audit.duplicates
    straddling = sum(bool(one.straddles) for one in found)
    yield Table(
        "Duplicate images",
        f"{audit.compared} images compared, {len(audit.unreadable)} unreadable; {len(found)} pairs of one image, "
        f"{straddling} of them in different parts of one split.",
        ("kind", "part", "other part", "pairs"),
        tuple((*key, str(count)) for key, count in sorted(_crossings(found).items())),
    )
    notable = [one for one in found if one.straddles or one.two_patients or one.kind == "near"]
    header = ("kind", "image", "patient", "other image", "its patient", "correlation", "bits apart", "straddles")
    yield Table(
        "Duplicates to look at",
        "Near-duplicates, images that stand in two parts of one split, and images with two patients.",
        header,
        tuple(_pair(one) for one in notable),
    )
    if audit.unreadable:
        rows = tuple((one.dataset, one.case, one.reason) for one in audit.unreadable)
        yield Table("Unreadable images", "", ("dataset", "image", "reason"), rows)


def _crossings(found: Sequence[Duplicate]) -> Counter[tuple[str, str, str]]:
    """Pairs by kind and by the parts that they connect; within one dataset only within one split."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in found:
        for (a, a_part), (b, b_part) in product(one.a.parts.items(), one.b.parts.items()):
            if one.a.dataset != one.b.dataset or a == b:
                first, second = sorted((f"{a}/{a_part}", f"{b}/{b_part}"))
                counts[one.kind, first, second] += 1
    return counts


def _pair(one: Duplicate) -> tuple[str, ...]:
    return (
        one.kind,
        f"{one.a.dataset}/{one.a.case}",
        one.a.patient,
        f"{one.b.dataset}/{one.b.case}",
        one.b.patient,
        "" if one.correlation is None else f"{one.correlation:.3f}",
        "" if one.bits is None else str(one.bits),
        ", ".join(one.straddles),
    )
