"""Pages on splits: where each comes from, its parts, what the audit found, how to cite it."""

from dataclasses import dataclass
from functools import cache

from cxrbench.catalog import Card, card
from cxrbench.splits import Head, Plan, Split, format_bibtex, catalogue, registered_split
from cxrbench.splits.files import natural

from cxrbench_leaderboard.export import export
from cxrbench_leaderboard.model.audits import Audited, audit_of
from cxrbench_leaderboard.model.lines import Column
from cxrbench_leaderboard.render.press import Made, Press, downloads
from cxrbench_leaderboard.views.track_pages import Files


@dataclass(frozen=True, slots=True)
class Size:
    """A part: cases and patients, both None where a rule yields them on the user's own copy."""

    part: str
    cases: int | None
    patients: int | None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the labels, and the values that its cases have, in natural order, the unknown last."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """A split with everything that its page says."""

    head: Head
    sizes: tuple[Size, ...]
    shared: int | None
    audited: Audited | None

    @property
    def card(self) -> Card:
        """The card of the dataset."""
        return card(self.head.dataset)

    @property
    def cases(self) -> int | None:
        """Cases of all parts."""
        return sum(size.cases or 0 for size in self.sizes) if isinstance(self.head, Split) else None

    @property
    def bibtex(self) -> str:
        """How the split is cited."""
        return format_bibtex(self.head)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of the balance."""
        parts = self.audited.balance if self.audited else ()
        names = parts[0].fields if parts else {}
        values = {name: {value for part in parts for value in part.fields[name]} for name in names}
        return tuple(Field(name, tuple(sorted(own, key=_unknown_last))) for name, own in values.items())


def _unknown_last(value: str) -> tuple[object, ...]:
    return value == "unknown", natural(value)


@cache
def described(head: Head) -> Described:
    """A split as its page shows it."""
    found = registered_split(head.dataset, head.name)
    audited = audit_of(found.label, found.sha256)
    if isinstance(found, Plan):
        return Described(found, tuple(Size(part, None, None) for part in found.parts), None, audited)
    shared = set().union(*found.shared_patients().values())
    return Described(found, tuple(_size(found, part) for part in found.parts), len(shared), audited)


def _size(split: Split, part: str) -> Size:
    cases = split.cases(part)
    return Size(part, len(cases), len({split.patients[case] for case in cases}))


def split_files(press: Press, columns: tuple[Column, ...], made: Made) -> Files:
    """The list of splits, and a page for each with its exports."""
    found = [described(head) for head in catalogue()]
    files = {"splits/splits.json": export.objects([exported(one) for one in found])}
    yield from files.items()
    path = "splits/index.html"
    yield path, press.page("splits.html", path, made, splits=found, files=downloads(files))
    for one in found:
        base = f"splits/{one.head.label}"
        own = {f"{base}.json": export.objects(exported(one)), f"{base}.bib": f"{one.bibtex}\n"}
        yield from own.items()
        tracks = [column for column in columns if column.split == one.head.label]
        content = {"split": one, "columns": tracks, "files": downloads(own)}
        yield f"{base}.html", press.page("split.html", f"{base}.html", made, **content)


def exported(one: Described) -> export.Fields:
    """A split in the exports."""
    head = one.head
    return {
        "split": head.label,
        "dataset": head.dataset,
        "version": head.version,
        "origin": head.origin,
        "seed": head.seed,
        "licence": head.licence,
        "note": head.note,
        "sha256": head.sha256,
        "cases": one.cases,
        "parts": {size.part: {"cases": size.cases, "patients": size.patients} for size in one.sizes},
        "patients_in_several_parts": one.shared,
        "audit": one.audited and one.audited.model_dump(mode="json"),
    }
