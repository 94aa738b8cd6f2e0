"""Audits of splits: `audits.json`, made by `cxrbench splits audit NAMES --json`, as the pages show them.

The leaderboard never sees the data behind them; it checks that each audit is of the split that it has, to the byte.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cxrbench.errors import DataError
from pydantic import BaseModel, ConfigDict, ValidationError

FILE = Path(__file__).with_name("audits.json")


class Part(BaseModel):
    """A part by what its labels say: images of each value of each field; `median_age` in years where it is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    part: str
    images: int
    patients: int
    fields: dict[str, dict[str, int]]
    median_age: float | None


class Pair(BaseModel):
    """Two parts that share patients: how many, and their images in each part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: str
    b: str
    patients: int
    images_a: int
    images_b: int


class HeldOut(BaseModel):
    """Images of a held-out part from one source, and how many of their patients are in train or in any other part."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    part: str
    source: str
    images: int
    patient_known: int
    in_train: int
    in_any_other: int
    share_in_train: float


class Audited(BaseModel):
    """What the audit found of one split; other keys of the file are for other readers."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    split: str
    sha256: str
    pairs: tuple[Pair, ...]
    held_out: tuple[HeldOut, ...]
    balance: tuple[Part, ...]
    not_in_copy: int | None
    not_in_split: int | None


class Audits(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    splits: tuple[Audited, ...]


@cache
def load_audits(path: Path = FILE) -> Mapping[str, Audited]:
    """The audits by the label of their split; raises `DataError` for a file that is not valid."""
    try:
        return {one.split: one for one in Audits.model_validate_json(path.read_bytes()).splits}
    except (OSError, ValidationError) as error:
        raise DataError(f"not valid audits ({str(error).splitlines()[0]})", str(path), "make them again") from error


def audit_of(label: str, sha256: str, path: Path = FILE) -> Audited | None:
    """The audit of a split, None where there is none; raises `DataError` for one of another version of the split."""
    found = load_audits(path).get(label)
    if found is not None and found.sha256 != sha256:
        raise DataError("an audit is not of this split", f"{path}, {label}", "make the audits again")
    return found
