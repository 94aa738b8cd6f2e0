"""Reading and writing: a result file is valid and complete, or it is not there."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cxrbench.errors import DataError, UsageError
from cxrbench.results.schema import PredictionsFile, Result
from cxrbench.tasks import Row

if TYPE_CHECKING:
    import pandas as pd


def write_result(result: Result, folder: Path) -> Path:
    """Write a result under the name of its track, keys sorted, replacing an older one in one step.

    Args:
        result: The result.
        folder: The folder to write to.

    Returns:
        The path of the file.
    """
    path = folder / f"{result.track.name.replace('/', '--')}.json"
    write_atomically(path, to_json(result).encode())
    return path


def to_json(result: Result) -> str:
    """Convert a result to the text of its file.

    Args:
        result: The result.

    Returns:
        JSON, indented, keys sorted, ending in a newline.
    """
    import json

    return json.dumps(result.model_dump(mode="json", by_alias=True), indent=1, sort_keys=True, allow_nan=False) + "\n"


def read_result(path: Path) -> Result:
    """Read and validate a result file.

    Args:
        path: The path of the file.

    Returns:
        The result.

    Raises:
        UsageError: Where there is no such file.
        DataError: Where the file is not a valid result; it names the place.
    """
    try:
        return Result.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError("no such result file", str(path), "give the path of a result JSON") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"not a valid result ({place}: {first['msg']})", str(path), "make it again") from error


def to_parquet(rows: Mapping[str, Row]) -> bytes:
    """Convert predictions to a Parquet file, sorted by case: the same rows give the same bytes.

    Args:
        rows: The columns of each prediction, by case id. A list takes one row per item; a case whose lists are empty
            has one row with these columns empty.

    Returns:
        The content of the file.
    """
    import pandas as pd

    table = pd.DataFrame([{"case_id": case, **rows[case]} for case in sorted(rows)])
    lists = [str(name) for name in table.columns if any(isinstance(row.get(name), list) for row in rows.values())]
    if lists:
        table = table.explode(lists, ignore_index=True).astype(dict.fromkeys(lists, "float64"))
    return bytes(table.to_parquet(None, index=False, engine="pyarrow", compression="zstd"))


def describe_predictions(file: str, content: bytes) -> PredictionsFile:
    """Describe a table of predictions as a result records it.

    Args:
        file: The name of the file.
        content: Its content.

    Returns:
        Name and SHA-256.
    """
    return PredictionsFile(file=file, sha256=hashlib.sha256(content).hexdigest())


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under another name and move it into place, so that no reader sees half of it.

    Args:
        path: The path of the file; missing folders are made.
        content: Its content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_table(path: Path, *, several_rows: bool = False) -> dict[str, Row]:
    """Read a table of predictions.

    Args:
        path: A CSV or Parquet file, by its suffix. Paths in a column `mask` are relative to it.
        several_rows: Whether a case may have several rows: each of its columns is then a list in the order of the
            table, to which a row without a value in any column adds nothing.

    Returns:
        The other columns of each case, by case id.

    Raises:
        UsageError: Where there is no such file.
        DataError: Where it cannot be read, has no column `case_id` or names a case twice.
    """
    import pandas as pd

    if not path.is_file():
        raise UsageError("no such table of predictions", str(path), "give a CSV or Parquet file")
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"case_id": str})
    except (ValueError, OSError) as error:
        raise DataError(f"the table cannot be read ({error})", str(path), "write CSV or Parquet") from error
    if "case_id" not in table:
        raise DataError("the table has no column case_id", str(path), "name each case by its id")
    table = table.astype({"case_id": str})
    if "mask" in table:
        table["mask"] = [str(path.parent / name) if isinstance(name, str) else None for name in table["mask"]]
    if several_rows:
        return _group_rows(table)
    twice = table["case_id"][table["case_id"].duplicated()]
    if len(twice):
        raise DataError(f"a case is in the table twice ({twice.iloc[0]})", str(path), "keep one row per case")
    records = table.to_dict("records")
    return {str(row["case_id"]): {str(key): row[key] for key in row if key != "case_id"} for row in records}


def _group_rows(table: "pd.DataFrame") -> dict[str, Row]:
    """Case id to columns as lists, cases in the order in which they first occur."""
    columns = [str(name) for name in table.columns if name != "case_id"]
    rows: dict[str, Row] = {str(case): {name: [] for name in columns} for case in table["case_id"].unique()}
    filled = table[table[columns].notna().any(axis=1)] if columns else table
    for case, group in filled.groupby("case_id", sort=False):
        rows[str(case)] = {name: group[name].tolist() for name in columns}
    return rows
