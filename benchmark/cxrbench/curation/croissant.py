"""A dataset card as Croissant (MLCommons) JSON-LD: source, terms, citation, and our splits as record sets.

The data stay where they are. Only what may be distributed is: the rows (case, patient and part) of the split files that
ship with this package, each file a record set; and the files that `fetch` can download. Readers of Croissant cannot
skip the comments at the top of a split file, so its rows are a separate file, `<split file>.rows.csv`. A split that is
a rule has no rows before it is evaluated on a copy; it is described in words. mlcroissant writes and validates.
"""

import hashlib
import json
from collections.abc import Iterable
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxrbench.catalog import DatasetCard, find_card
from cxrbench.errors import UsageError
from cxrbench.splits import FOLDER, SplitHeader, SplitRule, list_splits
from cxrbench.splits.files import COLUMNS, PATIENT_COLUMNS, read_headers

if TYPE_CHECKING:
    from mlcroissant import FileObject, RecordSet

MEANING = {
    "case_id": "one image of the dataset: its id in cxrbench",
    "patient_id": "the patient behind the image: the unit of splits and of all statistics",
    "part": "train, val, test or another part; `unused` is in none",
}
DOI = "https://doi.org/"


def make_croissant(name: str) -> dict[str, Any]:
    """Describe a dataset's card as JSON-LD, valid by mlcroissant's own rules.

    Args:
        name: Name of the dataset.

    Returns:
        The document; links to files of rows are relative, and `write_croissant` puts these files next to it.

    Raises:
        UsageError: The dataset is unknown, or mlcroissant is not installed (extra `croissant`).
    """
    try:
        import mlcroissant as mlc
    except ImportError:
        raise UsageError("Croissant needs mlcroissant", name, "pip install 'cxrbench[croissant]'") from None

    card, files = find_card(name), _list_split_files(name)
    metadata = mlc.Metadata(
        name=name,
        description=_describe_dataset(name, card),
        license=[card.licence],
        cite_as=card.citation.strip() or None,
        url=card.home or (f"{DOI}{card.doi}" if card.doi else None),
        same_as=[f"{DOI}{card.doi}"] if card.doi else None,
        version=card.version,
        distribution=[*_make_download_objects(card), *(_make_split_object(file, header) for file, header in files)],
        record_sets=[_make_record_set(file, header) for file, header in files],
        data_limitations=list(card.problems) or None,
    )
    return json.loads(json.dumps(metadata.to_json(), default=str))  # type: ignore[no-any-return]


def write_croissant(name: str, path: Path) -> list[Path]:
    """Write the document, and next to it the files of rows that it names.

    Args:
        name: Name of the dataset.
        path: Where to write the document; missing folders are made.

    Returns:
        Every file written, the document first.

    Raises:
        UsageError: As for `make_croissant`.
    """
    text = f"{json.dumps(make_croissant(name), indent=1, ensure_ascii=False)}\n".encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = {path.with_name(_to_rows_name(file)): _read_rows(file) for file, _ in _list_split_files(name)}
    contents = {path: text} | rows
    for file, content in contents.items():
        file.write_bytes(content)
    return list(contents)


def _to_rows_name(file: str) -> str:
    return f"{Path(file).stem}.rows.csv"


def _read_rows(file: str) -> bytes:
    """A split file without its comments."""
    lines = (FOLDER / file).read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"#"))


def _describe_dataset(name: str, card: DatasetCard) -> str:
    """Title, access, layout on disk, and the splits that are rules."""
    rules = [header for header in list_splits() if header.dataset == name and isinstance(header, SplitRule)]
    sentences = [
        f"{card.title}.",
        f"Access: {card.access}.",
        f"Layout:\n{card.layout.rstrip()}" if card.layout else "",
        *(
            f"Split {rule.label}, version {rule.version}, is a rule: {rule.note}. SHA-256 {rule.sha256}."
            for rule in rules
        ),
    ]
    return "\n".join(filter(None, sentences))


def _list_split_files(name: str) -> list[tuple[str, SplitHeader]]:
    """The newest version of each registered split file of a dataset."""
    headers = read_headers().items()
    newest = {header.name: (file, header) for file, header in headers if header.dataset == name}
    return list(newest.values())


def _make_download_objects(card: DatasetCard) -> Iterable["FileObject"]:
    import mlcroissant as mlc

    for file in card.files:
        yield mlc.FileObject(
            id=file.path,
            name=file.path,
            content_url=file.url,
            encoding_formats=[guess_type(file.path)[0] or "application/octet-stream"],
            sha256=file.sha256,
        )


def _make_split_object(file: str, header: SplitHeader) -> "FileObject":
    import mlcroissant as mlc

    return mlc.FileObject(
        id=_to_rows_name(file),
        name=_to_rows_name(file),
        description=f"Rows of the split file {file} (SHA-256 {header.sha256}). Origin: {header.origin}. {header.note}. "
        f"Licence of the ids: {header.licence}.",
        content_url=_to_rows_name(file),
        encoding_formats=["text/csv"],
        sha256=hashlib.sha256(_read_rows(file)).hexdigest(),
    )


def _make_record_set(file: str, header: SplitHeader) -> "RecordSet":
    import mlcroissant as mlc

    by_patient = _read_rows(file).startswith(f"{','.join(PATIENT_COLUMNS)}\n".encode())
    unit = "patient" if by_patient else "case"
    return mlc.RecordSet(
        id=f"cases@{header.name}",
        name=f"cases@{header.name}",
        description=f"The split {header.label}, version {header.version}: one {unit} per row",
        fields=[_make_field(file, header, column) for column in (PATIENT_COLUMNS if by_patient else COLUMNS)],
    )


def _make_field(file: str, header: SplitHeader, column: str) -> Any:
    import mlcroissant as mlc

    return mlc.Field(
        id=f"cases@{header.name}/{column}",
        name=column,
        description=MEANING[column],
        data_types=[mlc.DataType.TEXT],
        source=mlc.Source(file_object=_to_rows_name(file), extract=mlc.Extract(column=column)),
    )
