"""Verdicts on printed claims: `verdicts.json`, made by `cxrbench reproduce claims --out`, as the pages show them.

The leaderboard never sees the data behind them; it checks that each verdict is of a claim that it has, as printed.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxrbench.errors import DataError

FILE = Path(__file__).with_name("verdicts.json")


class Checked(BaseModel):
    """What the published files give for one claim: the value (null where undefined), its cases, and the verdict.

    `others` are other readings of the claim's words, each with its value.
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


class Sources(BaseModel):
    """The files behind a paper's verdicts: how many, and one SHA-256 over all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: int
    sha256: str


class Paper(BaseModel):
    """What is said of a paper's claims as a whole; the comparisons of systems are for other readers of the file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    remarks: tuple[str, ...]
    sources: Sources


class Verdicts(BaseModel):
    """The file: which command of which version made it, and a verdict for each claim that could be recomputed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = Field(alias="schema")
    benchmark: str
    command: str
    papers: dict[str, Paper]
    verdicts: dict[str, Checked]


def load_verdicts(path: Path, claims: Mapping[str, Decimal]) -> Verdicts | None:
    """The verdicts on these claims (id to printed value), None where there is no file.

    Raises `DataError` for a file that is not valid, or a verdict on an unknown claim or on another printed value.
    """
    if not path.is_file():
        return None
    try:
        found = Verdicts.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"not valid verdicts ({place}: {first['msg']})", str(path), "make them again") from error
    wrong = [name for name, one in found.verdicts.items() if claims.get(name) != one.printed]
    if wrong:
        raise DataError("a verdict is not of a printed claim", f"{path}, {wrong[0]}", "make the verdicts again")
    return found
