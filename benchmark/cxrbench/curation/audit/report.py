"""Tables of an audit; the output of the command line and the page are made from the same tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from cxrbench.curation.audit import AuditReport, SplitAudit
from cxrbench.curation.audit.balance import PartBalance
from cxrbench.curation.audit.duplicates import DuplicatePair
from cxrbench.splits.files import to_natural_key


@dataclass(frozen=True)
class ReportTable:
    """A heading, a remark of one or more sentences, and rows under a header; no rows mean that nothing was found."""

    title: str
    remark: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def make_audit_tables(audit: AuditReport) -> list[ReportTable]:
    """Make the tables of an audit.

    Args:
        audit: The audit.

    Returns:
        The tables in reading order: datasets, each split, duplicates.
    """
    tables = [_make_dataset_table(audit)]
    for split in audit.splits:
        tables += [_make_summary_table(split), *_make_leak_tables(split), *_make_balance_tables(split)]
    return [*tables, *_make_duplicate_tables(audit)]


def _make_dataset_table(audit: AuditReport) -> ReportTable:
    header = ("dataset", "images", "patients", "with several images", "most images of one patient")
    rows = [
        (row.dataset, *map(str, (row.images, row.patients, row.patients_with_several, row.most_images_of_one)))
        for row in audit.datasets
    ]
    return ReportTable("Datasets", "Patients of all images, including images that are in no part.", header, tuple(rows))


def _make_summary_table(split: SplitAudit) -> ReportTable:
    shared = f"{split.shared_patients} patients are in more than one part"
    return ReportTable(
        f"{split.split}, version {split.version}",
        f"{shared}. Origin: {split.origin}. Note: {split.note}. {_describe_copy(split)} SHA-256 {split.sha256}.",
        ("images", "patients", "unused images", "patients in several parts"),
        (tuple(map(str, (split.images, split.patients, split.unused, split.shared_patients))),),
    )


def _describe_copy(split: SplitAudit) -> str:
    if split.not_in_copy is None:
        return f"No labels available ({split.without_balance}), hence no balance."
    return f"This copy lacks {split.not_in_copy} images of the split, and has {split.not_in_split} not in the split."


def _make_leak_tables(split: SplitAudit) -> Iterator[ReportTable]:
    if split.pairs:
        pairs = [(pair.a, pair.b, *map(str, (pair.patients, pair.images_a, pair.images_b))) for pair in split.pairs]
        columns = ("part", "other part", "patients in both", "their images in part", "in other part")
        yield ReportTable(f"{split.split}: patients in two parts", "", columns, tuple(pairs))
    rows = [
        (
            counts.part,
            counts.source,
            *map(str, (counts.images, counts.patient_known, counts.in_train, counts.in_any_other)),
            f"{100 * counts.share_in_train:.1f} %",
        )
        for counts in split.held_out
    ]
    header = ("part", "source", "images", "patient known", "patient in train", "in any other part", "share in train")
    yield ReportTable(f"{split.split}: images whose patient is in another part", "", header, tuple(rows))


def _make_balance_tables(split: SplitAudit) -> Iterator[ReportTable]:
    if not split.balance:
        return
    ages = ", ".join(f"{part.part} {_format_age(part)}" for part in split.balance)
    rows = [
        (key, value, *(_format_share(part, key, value) for part in split.balance))
        for key in split.balance[0].fields
        for value in sorted({value for part in split.balance for value in part.fields[key]}, key=_to_value_key)
    ]
    header = ("field", "value", *(part.part for part in split.balance))
    yield ReportTable(f"{split.split}: balance", f"Images of each part. Median age: {ages}.", header, tuple(rows))


def _to_value_key(value: str) -> tuple[object, ...]:
    return value == "unknown", to_natural_key(value)


def _format_age(part: PartBalance) -> str:
    return "unknown" if part.median_age is None else f"{part.median_age:g}"


def _format_share(part: PartBalance, key: str, value: str) -> str:
    count = part.fields[key].get(value, 0)
    return f"{count} ({100 * count / part.images:.1f} %)" if part.images else "0"


def _make_duplicate_tables(audit: AuditReport) -> Iterator[ReportTable]:
    if audit.compared is None:
        return
    pairs = audit.duplicates
    in_two_parts = sum(bool(pair.straddles) for pair in pairs)
    yield ReportTable(
        "Duplicate images",
        f"{audit.compared} images compared, {len(audit.unreadable)} unreadable; {len(pairs)} pairs of duplicates, "
        f"{in_two_parts} of them in different parts of one split.",
        ("kind", "part", "other part", "pairs"),
        tuple((*key, str(count)) for key, count in sorted(_count_crossings(pairs).items())),
    )
    notable = [pair for pair in pairs if pair.straddles or pair.two_patients or pair.kind == "near"]
    header = ("kind", "image", "patient", "other image", "its patient", "correlation", "bits apart", "in two parts of")
    yield ReportTable(
        "Duplicates to inspect",
        "Near-duplicates, images in two parts of one split, and images assigned to two patients.",
        header,
        tuple(_to_pair_row(pair) for pair in notable),
    )
    if audit.unreadable:
        rows = tuple((image.dataset, image.case, image.reason) for image in audit.unreadable)
        yield ReportTable("Unreadable images", "", ("dataset", "image", "reason"), rows)


def _count_crossings(pairs: Sequence[DuplicatePair]) -> Counter[tuple[str, str, str]]:
    """Count pairs by kind and by the parts that they connect; within one dataset only within one split."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for pair in pairs:
        for (a, a_part), (b, b_part) in product(pair.a.parts.items(), pair.b.parts.items()):
            if pair.a.dataset != pair.b.dataset or a == b:
                first, second = sorted((f"{a}/{a_part}", f"{b}/{b_part}"))
                counts[pair.kind, first, second] += 1
    return counts


def _to_pair_row(pair: DuplicatePair) -> tuple[str, ...]:
    return (
        pair.kind,
        f"{pair.a.dataset}/{pair.a.case}",
        pair.a.patient,
        f"{pair.b.dataset}/{pair.b.case}",
        pair.b.patient,
        "" if pair.correlation is None else f"{pair.correlation:.3f}",
        "" if pair.bits is None else str(pair.bits),
        ", ".join(pair.straddles),
    )
