"""Image files of a dataset: which are there, how they are decoded, what is listed but absent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from cxrbench.case import Case, Image
from cxrbench.datasets import DataFolder, Problem
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.opening import orientation
from cxrbench.imaging.radiograph.raster import read_raster

Loader = Callable[[], Image]


def first_found(data: DataFolder, dataset: str, *markers: str) -> tuple[Path, Path]:
    """A dataset's root and the first of several files or folders below it by which a copy of it is known.

    Raises the `DataError` of the first marker where none is there.
    """
    for marker in markers:
        try:
            root = data.root(dataset, marker)
        except DataError:
            continue
        return root, root / marker
    return data.root(dataset, markers[0]), Path(markers[0])


def names_in(folder: Path) -> frozenset[str]:
    """The names in a folder by one scan of it; none where the folder is absent."""
    return frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()


def raster(path: Path) -> Loader | None:
    """The loader of a PNG, JPEG, BMP or TIFF file; None where it is absent."""
    return partial(read_raster, path) if path.is_file() else None


def dicom(path: Path, *, resized: bool = False) -> Loader:
    """The loader of a DICOM radiograph that is known to exist.

    `resized`: the film was resized after its header was written, so the header's spacing is not of these pixels.
    """
    return partial(_read_dicom, path, resized=resized)


def _read_dicom(path: Path, *, resized: bool) -> Image:
    from cxrbench.imaging.radiograph.dicom import read_radiograph

    film = read_radiograph(path)
    return replace(film, spacing=None) if resized else film


def picture_size(path: Path) -> tuple[int, int]:
    """Height and width of a radiograph as it is decoded (EXIF turned), from its header alone.

    Raises `DataError` where the file is not an image.
    """
    if path.suffix.lower() == ".dcm":
        from cxrbench.imaging.radiograph.dicom import header

        found = header(path)
        return found.rows, found.columns
    try:
        with Pillow.open(path) as picture:
            plain = picture.format == "PNG" and "exif" not in picture.info  # asking it would decode the pixels
            turned = not plain and orientation(picture) >= 5
            return picture.size if turned else (picture.height, picture.width)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"image cannot be decoded ({error})", str(path), "fetch the file again") from error


def absent(folder: Path, cases: Sequence[Case]) -> list[Problem]:
    """What is listed but has no file: one problem for a folder that is not there, else one a case."""
    missing = [case for case in cases if not case.available]
    if missing and not folder.is_dir():
        return [Problem(folder.name, f"absent: none of {len(missing)} listed images is there")]
    return [Problem(f"{folder.name}/{case.id}", "listed but absent") for case in missing]


def unlisted(folder: Path, known: Iterable[str]) -> list[Problem]:
    """Files of a folder that no table lists; they are no cases. Hidden ones are the system's, and not meant."""
    extra = sorted(name for name in names_in(folder) - set(known) if not name.startswith("."))
    return [Problem(f"{folder.name}/{name}", "present but not listed") for name in extra]
