"""A dataset card as Croissant (MLCommons) JSON-LD: source, terms, citation, and our splits as record sets.

The data stay where they are. What is distributed is what we may: the rows (case, patient and part) of the split files
that ship with this package, each file a record set; and the files that `fetch` can bring. Readers of Croissant stumble
over the comments at the top of a split file, so its rows are a file of their own, `<split file>.rows.csv`. A split that
is a rule has no rows before it meets a copy: it is told in words. mlcroissant writes and validates.
"""

import hashlib
import json
from collections.abc import Iterable
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxrbench.catalog import Card, card
from cxrbench.errors import UsageError
from cxrbench.splits import FOLDER, Head, Plan, catalogue
from cxrbench.splits.files import COLUMNS, PATIENT_COLUMNS, heads

if TYPE_CHECKING:
    from mlcroissant import FileObject, RecordSet

MEANING = {
    "case_id": "one image of the dataset: its id in cxrbench",
    "patient_id": "the patient behind the image: the unit of splits and of all statistics",
    "part": "train, val, test or another part; `unused` is in none",
}
DOI = "https://doi.org/"


def croissant(name: str) -> dict[str, Any]:
    """The JSON-LD of one dataset's card, valid by mlcroissant's own rules.

    Links to files of rows are relative: `write` puts these beside the document. Raises `UsageError` for an unknown
    dataset, or where mlcroissant is not installed (extra `croissant`).
    """
    try:
        import mlcroissant as mlc
    except ImportError:
        raise UsageError("Croissant needs mlcroissant", name, "pip install 'cxrbench[croissant]'") from None

    own, files = card(name), _split_files(name)
    found = mlc.Metadata(
        name=name,
        description=_description(name, own),
        license=[own.licence],
        cite_as=own.citation.strip() or None,
        url=own.home or (f"{DOI}{own.doi}" if own.doi else None),
        same_as=[f"{DOI}{own.doi}"] if own.doi else None,
        version=own.version,
        distribution=[*_fetched(own), *(_split_file(file, head) for file, head in files)],
        record_sets=[_record_set(file, head) for file, head in files],
        data_limitations=list(own.problems) or None,
    )
    return json.loads(json.dumps(found.to_json(), default=str))  # type: ignore[no-any-return]


def write(name: str, path: Path) -> list[Path]:
    """Write the document to `path` and the files of rows that it names beside it; all that was written."""
    text = f"{json.dumps(croissant(name), indent=1, ensure_ascii=False)}\n".encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    written = {path: text} | {path.with_name(_rows_name(file)): _rows(file) for file, _ in _split_files(name)}
    for goal, content in written.items():
        goal.write_bytes(content)
    return list(written)


def _rows_name(file: str) -> str:
    return f"{Path(file).stem}.rows.csv"


def _rows(file: str) -> bytes:
    """A split file without its comments."""
    lines = (FOLDER / file).read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"#"))


def _description(name: str, own: Card) -> str:
    """What it is, how to get it, how it lies on disk, and the splits that are rules."""
    rules = [head for head in catalogue() if head.dataset == name and isinstance(head, Plan)]
    said = [
        f"{own.title}.",
        f"Access: {own.access}.",
        f"Layout:\n{own.layout.rstrip()}" if own.layout else "",
        *(f"Split {one.label}, version {one.version}, is a rule: {one.note}. SHA-256 {one.sha256}." for one in rules),
    ]
    return "\n".join(filter(None, said))


def _split_files(name: str) -> list[tuple[str, Head]]:
    """The newest version of each registered split file of a dataset."""
    newest = {head.name: (file, head) for file, head in heads().items() if head.dataset == name}
    return list(newest.values())


def _fetched(own: Card) -> Iterable["FileObject"]:
    import mlcroissant as mlc

    for file in own.files:
        yield mlc.FileObject(
            id=file.path,
            name=file.path,
            content_url=file.url,
            encoding_formats=[guess_type(file.path)[0] or "application/octet-stream"],
            sha256=file.sha256,
        )


def _split_file(file: str, head: Head) -> "FileObject":
    import mlcroissant as mlc

    return mlc.FileObject(
        id=_rows_name(file),
        name=_rows_name(file),
        description=f"Rows of the split file {file} (SHA-256 {head.sha256}). Origin: {head.origin}. {head.note}. "
        f"Licence of the ids: {head.licence}.",
        content_url=_rows_name(file),
        encoding_formats=["text/csv"],
        sha256=hashlib.sha256(_rows(file)).hexdigest(),
    )


def _record_set(file: str, head: Head) -> "RecordSet":
    import mlcroissant as mlc

    by_patient = _rows(file).startswith(f"{','.join(PATIENT_COLUMNS)}\n".encode())
    return mlc.RecordSet(
        id=f"cases@{head.name}",
        name=f"cases@{head.name}",
        description=f"The split {head.label}, version {head.version}: {'a patient' if by_patient else 'a case'} a row",
        fields=[_field(file, head, column) for column in (PATIENT_COLUMNS if by_patient else COLUMNS)],
    )


def _field(file: str, head: Head, column: str) -> Any:
    import mlcroissant as mlc

    return mlc.Field(
        id=f"cases@{head.name}/{column}",
        name=column,
        description=MEANING[column],
        data_types=[mlc.DataType.TEXT],
        source=mlc.Source(file_object=_rows_name(file), extract=mlc.Extract(column=column)),
    )
