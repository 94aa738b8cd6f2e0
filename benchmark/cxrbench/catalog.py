"""The catalogue: `datasets.yaml` to dataset cards. What a card does not know it leaves out; a typo is an error."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxrbench.errors import DataError
from cxrbench.registry import unknown


class CardFile(BaseModel):
    """One file that anyone may download: where from, its SHA-256, and its path below the data folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    path: str = Field(pattern=r"^[^/.][^/]*(/[^/.][^/]*)*$")


class Card(BaseModel):
    """One dataset: what it is, where it comes from, under which terms, how it lies on disk.

    `counts` are expected numbers by name (images, patients, rows ...); `problems` are known quirks that a user
    should hear of before the first surprise; `checksums` are SHA-256 of files by their path below the data folder;
    `files` are those that `cxrbench datasets fetch` can bring. `patients_of` names the datasets whose patients these
    are, where images were borrowed (`nih` is NIH ChestX-ray14); with several, each patient's id begins with its own.
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


def _file() -> Path:
    """`datasets.yaml` in the wheel, or at the top of a checkout."""
    inside = Path(__file__).with_name("datasets.yaml")
    return inside if inside.exists() else Path(__file__).parents[2] / "datasets.yaml"


@cache
def cards() -> dict[str, Card]:
    """Every card by dataset name. Raises `DataError` that names the first bad key."""
    raw = yaml.safe_load(_file().read_text("utf-8"))
    try:
        return {name: Card.model_validate(fields) for name, fields in sorted(raw.items())}
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"a dataset card is not valid ({place}: {first['msg']})", str(_file()), "correct it") from error


def card(name: str) -> Card:
    """The card of one dataset; raises `UsageError` for an unknown name."""
    if name not in cards():
        raise unknown("dataset", name, cards())
    return cards()[name]
