"""Fetch the files of a dataset that anyone may download, each checked against the SHA-256 on its card.

Pooch decides what is missing, checks the files and puts them in place. The transfer itself is ours, because it resumes
an interrupted one: a partial download is kept next to the file as `<name>.part`, and only the rest is requested.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cxrbench.catalog import CardFile, find_card
from cxrbench.errors import DataError, UsageError

if TYPE_CHECKING:
    from requests import Response

FetchProgress = Callable[[str, int, int], None]
"""Called with a file's path, the bytes received, and its size in bytes (0 where the server does not state it)."""

TIMEOUT = (10, 60)
CHUNK = 1 << 16
"""Bytes per read: what a broken connection loses at most."""

TRIES = 3


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """One file of the card: its path below the data folder, and whether it was fetched now or present before."""

    path: str
    state: Literal["fetched", "present"]


def fetch_dataset(name: str, data: str | Path | None, *, progress: FetchProgress | None = None) -> list[FetchedFile]:
    """Download every file on the card of a dataset; a file with the right checksum is not downloaded again.

    Args:
        name: Name of the dataset.
        data: The data folder (default: `CXRBENCH_DATA`).
        progress: Called as bytes arrive.

    Returns:
        The files, in the order of the card.

    Raises:
        UsageError: The card lists no files, or no folder is given.
        DataError: A transfer failed (the same call continues it), or a file has another checksum (it is removed).
    """
    folder, card = data or os.environ.get("CXRBENCH_DATA"), find_card(name)
    if not card.files:
        fix = f"get it from {card.home}" if card.home else "see its card"
        raise UsageError(f"dataset {name} has no files to fetch (access: {card.access})", "", fix)
    if not folder:
        raise UsageError("no folder to fetch to", name, "give --data DIR or set CXRBENCH_DATA")
    return [fetch_file(file, Path(folder), progress=progress) for file in card.files]


def fetch_file(file: CardFile, data: Path, *, progress: FetchProgress | None = None) -> FetchedFile:
    """Download one file of a card, or keep it where it is present with the right checksum.

    Args:
        file: The file's address, checksum and path.
        data: The data folder; the file is written to `data / file.path`.
        progress: Called as bytes arrive.

    Returns:
        The file, and whether it was downloaded now.

    Raises:
        DataError: The transfer failed, the checksum differs, or the file cannot be written.
    """
    import pooch
    from requests import RequestException

    goal = data / file.path
    download = _ResumingDownloader(
        goal.with_name(f"{goal.name}.part"), lambda done, total: _report_progress(progress, file, done, total)
    )
    try:
        with _silence_logger(pooch.get_logger()):
            pooch.retrieve(file.url, f"sha256:{file.sha256}", goal.name, goal.parent, downloader=download)
    except RequestException as error:
        fix = "the same command continues where it stopped"
        raise DataError(f"download failed ({_describe_failure(error)})", file.url, fix) from error
    except ValueError as error:
        fix = "the file was removed: try again, or report that the source changed"
        raise DataError("the downloaded file has another SHA-256 than its card states", file.url, fix) from error
    except OSError as error:
        raise DataError(f"cannot be written ({error.strerror})", str(goal), "check the folder") from error
    return FetchedFile(file.path, "fetched" if download.used else "present")


def _report_progress(progress: FetchProgress | None, file: CardFile, done: int, total: int) -> None:
    if progress is not None:
        progress(file.path, done, total)


def _describe_failure(error: Exception) -> str:
    response: Response | None = getattr(error, "response", None)
    return f"{response.status_code} {response.reason}" if response is not None else type(error).__name__


@contextmanager
def _silence_logger(logger: logging.Logger) -> Iterator[None]:
    """Silence Pooch's messages on stderr, since progress is reported here."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


class _ResumingDownloader:
    """A downloader for Pooch that completes a partial file, over several connections if necessary."""

    def __init__(self, part: Path, report: Callable[[int, int], None]) -> None:
        self._part, self._report = part, report
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
        """One connection: append where the server continues from our last byte, else start again."""
        import requests

        have = self._part.stat().st_size if self._part.is_file() else 0
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            span = response.headers.get("Content-Range", "")
            if response.status_code == 416 and span.endswith(f"/{have}"):
                return
            if response.status_code == 416:
                self._part.unlink()
                raise requests.ConnectionError("the partial download is longer than the file", response=response)
            response.raise_for_status()
            resumes = response.status_code == 206 and span.startswith(f"bytes {have}-")
            self._store(response, have if resumes else 0)

    def _store(self, response: "Response", have: int) -> None:
        total = have + int(response.headers.get("Content-Length", -have))
        with self._part.open("ab" if have else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                self._report(file.tell(), total)
