"""The catalogue: `datasets.yaml` as dataset cards. A card leaves out what is not known; an unknown key is an error."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxrbench.errors import DataError
from cxrbench.registry import make_unknown_name_error


class CardFile(BaseModel):
    """One file of a dataset that anyone may download.

    Attributes:
        url: Where to download it.
        sha256: SHA-256 of the file, in hexadecimal.
        path: Path below the data folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    path: str = Field(pattern=r"^[^/.][^/]*(/[^/.][^/]*)*$")


class DatasetCard(BaseModel):
    """One dataset: what it is, where it comes from, its licence, and its layout on disk.

    Attributes:
        title: Full name of the dataset.
        version: Version that the adapter reads.
        modality: "cxr", "ct" or "both".
        home: Home page.
        doi: DOI of the data or of its paper.
        licence: Licence of the data.
        access: How to obtain the data.
        redistribute: Whether the licence allows redistribution.
        synthetic: Whether the images are synthetic.
        citation: How to cite the dataset.
        layout: Files and folders of the official copy.
        counts: Expected numbers by name (images, patients, rows).
        checksums: SHA-256 of files by their path below the data folder.
        files: Files that `cxrbench datasets fetch` can download.
        patients_of: Datasets whose patients these are, where images were borrowed (`nih` is NIH ChestX-ray14). With
            several, each patient's id begins with the name of its dataset.
        problems: Known quirks that a user should be aware of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    version: str
    modality: Literal["cxr", "ct", "both"]
    home: str = ""
    doi: str = ""
    licence: str
    access: str
    redistribute: bool = False
    synthetic: bool = False
    citation: str = ""
    layout: str = ""
    counts: dict[str, int] = Field(default_factory=dict)
    checksums: dict[str, str] = Field(default_factory=dict)
    files: tuple[CardFile, ...] = ()
    patients_of: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def _locate_catalog() -> Path:
    """`datasets.yaml` in the installed package, or at the top of a checkout."""
    inside = Path(__file__).with_name("datasets.yaml")
    return inside if inside.exists() else Path(__file__).parents[2] / "datasets.yaml"


@cache
def read_cards() -> dict[str, DatasetCard]:
    """Read every dataset card.

    Returns:
        The cards by dataset name, sorted by name. Read once and cached.

    Raises:
        DataError: A card is not valid; the message names the first wrong key.

    Example:
        >>> read_cards()["phantom"].modality
        'cxr'
    """
    raw = yaml.safe_load(_locate_catalog().read_text("utf-8"))
    try:
        return {name: DatasetCard.model_validate(fields) for name, fields in sorted(raw.items())}
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(
            f"a dataset card is not valid ({place}: {first['msg']})", str(_locate_catalog()), "correct it"
        ) from error


def find_card(name: str) -> DatasetCard:
    """Find the card of one dataset.

    Args:
        name: Name of the dataset.

    Returns:
        Its card.

    Raises:
        UsageError: No dataset has this name.

    Example:
        >>> find_card("phantom").synthetic
        True
    """
    if name not in read_cards():
        raise make_unknown_name_error("dataset", name, read_cards())
    return read_cards()[name]
