"""Image files of a dataset: which are there, how they are decoded, what is listed but absent."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from cxrbench.case import Case, Image
from cxrbench.datasets import DataFolder, Problem
from cxrbench.errors import DataError
from cxrbench.imaging.raster import read_raster

Loader = Callable[[], Image]


def first_found(data: DataFolder, dataset: str, *markers: str) -> Path:
    """The first of several files, each below the dataset's root, by which a copy of the dataset is known.

    Raises the `DataError` of the first marker where none is there.
    """
    for marker in markers:
        try:
            return data.root(dataset, marker) / marker
        except DataError:
            continue
    return data.root(dataset, markers[0]) / markers[0]


def names_in(folder: Path) -> frozenset[str]:
    """The names in a folder by one scan of it; none where the folder is absent."""
    return frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()


def raster(path: Path) -> Loader | None:
    """The loader of a PNG, JPEG, BMP or TIFF file; None where it is absent."""
    return (lambda: read_raster(path)) if path.is_file() else None


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width as the picture is decoded (EXIF turned), from its header alone.

    Raises `DataError` where the file is not an image.
    """
    try:
        with Pillow.open(path) as picture:
            turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            return picture.size if turned else (picture.height, picture.width)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"image cannot be decoded ({error})", str(path), "fetch the file again") from error


def dicom(path: Path) -> Loader:
    """The loader of a DICOM radiograph that is known to exist."""

    def load() -> Image:
        from cxrbench.imaging.dicom import read_radiograph

        return read_radiograph(path)

    return load


def absent(folder: Path, cases: Sequence[Case], suffix: str = "") -> list[Problem]:
    """What is listed but has no file: one problem for a folder that is not there, else one a case.

    A case's file is its id and `suffix`.
    """
    missing = [case for case in cases if not case.available]
    if missing and not folder.is_dir():
        return [Problem(folder.name, f"absent: none of {len(missing)} listed images is there")]
    return [Problem(f"{folder.name}/{case.id}{suffix}", "listed but absent") for case in missing]


def unlisted(folder: Path, known: Iterable[str]) -> list[Problem]:
    """Files of a folder that no table lists; they are no cases."""
    extra = sorted(names_in(folder) - set(known))
    return [Problem(f"{folder.name}/{name}", "present but not listed", bad=False) for name in extra]
