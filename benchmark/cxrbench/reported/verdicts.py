"""Verdicts on printed claims: `verdicts.json`, made by `cxrbench reproduce claims --out`, as the pages show them.

The data behind them are not needed here; each verdict is checked to be of a known claim, as printed.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxrbench.errors import DataError

FILE = Path(__file__).with_name("verdicts.json")


class StoredVerdict(BaseModel):
    """What the published files give for one claim.

    Attributes:
        printed: The printed number.
        recomputed: The recomputed value; None where undefined.
        verdict: The verdict at the printed precision.
        reason: The most likely reason for a difference, or why the value is undefined.
        n: Number of cases.
        n_printed: The number of cases that the paper states, if any.
        how: What was computed.
        others: Other readings of the words of the claim, each with its value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    printed: Decimal
    recomputed: float | None
    verdict: Literal["equal", "differs", "undefined"]
    reason: str
    n: int
    n_printed: int | None
    how: str
    others: dict[str, float]


class SourceFiles(BaseModel):
    """The files behind a paper's verdicts: how many, and one SHA-256 over all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: int
    sha256: str


class PaperVerdicts(BaseModel):
    """Remarks on the claims of a paper as a whole, and its source files; the comparisons of systems are not read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    remarks: tuple[str, ...]
    sources: SourceFiles


class VerdictFile(BaseModel):
    """The file: which command of which version made it, and a verdict for each claim that could be recomputed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = Field(alias="schema")
    benchmark: str
    command: str
    papers: dict[str, PaperVerdicts]
    verdicts: dict[str, StoredVerdict]


def load_verdicts(path: Path, claims: Mapping[str, Decimal]) -> VerdictFile | None:
    """Read the verdicts on some claims.

    Args:
        path: The file `verdicts.json`.
        claims: The printed value of each claim, by its id.

    Returns:
        The file; None where there is none.

    Raises:
        DataError: For a file that is not valid, or a verdict on an unknown claim or on another printed value.
    """
    if not path.is_file():
        return None
    try:
        file = VerdictFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"not valid verdicts ({place}: {first['msg']})", str(path), "make them again") from error
    wrong = [name for name, verdict in file.verdicts.items() if claims.get(name) != verdict.printed]
    if wrong:
        raise DataError("a verdict is not of a printed claim", f"{path}, {wrong[0]}", "make the verdicts again")
    return file
