"""Fetching the files of a dataset that anyone may download, each checked against the SHA-256 on its card.

Pooch decides what is missing, checks and puts in place; the transfer itself is ours, because it goes on where an
earlier one broke off: what has come lies beside the file as `<name>.part`, and the server is asked for the rest.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cxrbench.catalog import CardFile, card
from cxrbench.errors import DataError, UsageError

if TYPE_CHECKING:
    from requests import Response

Progress = Callable[[str, int, int], None]
"""Called with a file's path, the bytes that have come, and all its bytes (0 where the server does not say)."""

TIMEOUT = (10, 60)
CHUNK = 1 << 16
"""Bytes at a time: what a broken connection loses at most."""

TRIES = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """One file of the card, below the data folder, and whether it was fetched now or there already."""

    path: str
    state: Literal["fetched", "present"]


def fetch(name: str, data: str | Path | None, *, progress: Progress | None = None) -> list[Fetched]:
    """Bring every file on the card of dataset `name` to the folder `data` (default: `CXRBENCH_DATA`).

    A file that is there with the right checksum is left alone. Raises `UsageError` where the card lists no file or
    no folder is given, `DataError` for a failed transfer (the same call goes on from there) and for a file whose
    checksum is another (the file is removed).
    """
    chosen, files = data or os.environ.get("CXRBENCH_DATA"), card(name).files
    if not files:
        found = card(name)
        fix = f"get it from {found.home}" if found.home else "see its card"
        raise UsageError(f"dataset {name} has no files to fetch (access: {found.access})", "", fix)
    if not chosen:
        raise UsageError("no folder to fetch to", name, "give --data DIR or set CXRBENCH_DATA")
    return [fetch_file(file, Path(chosen), progress=progress) for file in files]


def fetch_file(file: CardFile, data: Path, *, progress: Progress | None = None) -> Fetched:
    """Bring one file to `data / file.path`; errors as for `fetch`."""
    import pooch
    from requests import RequestException

    goal = data / file.path
    download = _Resuming(goal.with_name(f"{goal.name}.part"), lambda done, total: _tell(progress, file, done, total))
    try:
        with _silent(pooch.get_logger()):
            pooch.retrieve(file.url, f"sha256:{file.sha256}", goal.name, goal.parent, downloader=download)
    except RequestException as error:
        fix = "the same command goes on where it broke off"
        raise DataError(f"download failed ({_reason(error)})", file.url, fix) from error
    except ValueError as error:
        fix = "the file was removed: try again, or tell us that the source changed"
        raise DataError("the file fetched has another SHA-256 than its card says", file.url, fix) from error
    except OSError as error:
        raise DataError(f"cannot be written ({error.strerror})", str(goal), "check the folder") from error
    return Fetched(file.path, "fetched" if download.used else "present")


def _tell(progress: Progress | None, file: CardFile, done: int, total: int) -> None:
    if progress is not None:
        progress(file.path, done, total)


def _reason(error: Exception) -> str:
    response: Response | None = getattr(error, "response", None)
    return f"{response.status_code} {response.reason}" if response is not None else type(error).__name__


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Pooch tells on stderr what it does; we tell it ourselves."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


class _Resuming:
    """A downloader for Pooch that adds to `part` what is missing, over several connections if need be."""

    def __init__(self, part: Path, tell: Callable[[int, int], None]) -> None:
        self._part, self._tell = part, tell
        self.used = False

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        from requests import ConnectionError as Broken
        from requests.exceptions import ChunkedEncodingError

        self.used = True
        for left in reversed(range(TRIES)):
            try:
                self._transfer(url)
                break
            except (Broken, ChunkedEncodingError):
                if left == 0:
                    raise
        self._part.replace(output_file)

    def _transfer(self, url: str) -> None:
        """One connection: append where the server goes on from our last byte, else begin again."""
        import requests

        have = self._part.stat().st_size if self._part.is_file() else 0
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            span = response.headers.get("Content-Range", "")
            if response.status_code == 416 and span.endswith(f"/{have}"):
                return
            if response.status_code == 416:
                self._part.unlink()
                raise requests.ConnectionError("the part that had come is longer than the file", response=response)
            response.raise_for_status()
            goes_on = response.status_code == 206 and span.startswith(f"bytes {have}-")
            self._store(response, have if goes_on else 0)

    def _store(self, response: "Response", have: int) -> None:
        total = have + int(response.headers.get("Content-Length", -have))
        with self._part.open("ab" if have else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                self._tell(file.tell(), total)
