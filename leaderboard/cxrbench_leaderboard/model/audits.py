"""Audits of splits from `audits.json`, which `cxrbench splits audit NAMES --json` makes, as the pages show them.

The leaderboard never sees the data of an audit; it checks that each audit belongs to the bytes of the split that the
site shows.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cxrbench.errors import DataError
from pydantic import BaseModel, ConfigDict, ValidationError

FILE = Path(__file__).with_name("audits.json")


class PartBalance(BaseModel):
    """The labels of a part: images per value of each field; `median_age` in years, None where it is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    part: str
    images: int
    patients: int
    fields: dict[str, dict[str, int]]
    median_age: float | None


class SharedPatients(BaseModel):
    """Two parts that share patients: how many, and the images of these patients in each part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: str
    b: str
    patients: int
    images_a: int
    images_b: int


class HeldOutSource(BaseModel):
    """Images of a held-out part from one source, and how many of their patients are in train or in any other part."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    part: str
    source: str
    images: int
    patient_known: int
    in_train: int
    in_any_other: int
    share_in_train: float


class SplitAudit(BaseModel):
    """The audit of one split; other keys of the file are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    split: str
    sha256: str
    pairs: tuple[SharedPatients, ...]
    held_out: tuple[HeldOutSource, ...]
    balance: tuple[PartBalance, ...]
    not_in_copy: int | None
    not_in_split: int | None


class AuditFile(BaseModel):
    """The file `audits.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    splits: tuple[SplitAudit, ...]


@cache
def load_audits(path: Path = FILE) -> Mapping[str, SplitAudit]:
    """Load the audits of a file.

    Args:
        path: The file.

    Returns:
        The audits by the label of their split.

    Raises:
        DataError: If the file is not valid.
    """
    try:
        return {audit.split: audit for audit in AuditFile.model_validate_json(path.read_bytes()).splits}
    except (OSError, ValidationError) as error:
        raise DataError(f"not valid audits ({str(error).splitlines()[0]})", str(path), "make them again") from error


def find_audit(label: str, sha256: str, path: Path = FILE) -> SplitAudit | None:
    """Find the audit of a split.

    Args:
        label: The label of the split.
        sha256: The hash of the split as this version has it.
        path: The file of audits.

    Returns:
        The audit, or None where there is none.

    Raises:
        DataError: If the audit is of another version of the split.
    """
    audit = load_audits(path).get(label)
    if audit is not None and audit.sha256 != sha256:
        raise DataError("an audit is not of this split", f"{path}, {label}", "make the audits again")
    return audit
