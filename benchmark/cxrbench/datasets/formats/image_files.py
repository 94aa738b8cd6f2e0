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
from cxrbench.imaging.radiograph.opening import read_orientation
from cxrbench.imaging.radiograph.raster import read_raster

Loader = Callable[[], Image]


def find_root(data: DataFolder, dataset: str, *markers: str) -> tuple[Path, Path]:
    """Find a dataset's root where several files or folders may identify a copy.

    Args:
        data: The data folder.
        dataset: The name of the dataset.
        markers: Files or folders relative to the root, the preferred one first.

    Returns:
        The root, and the first marker that exists, as a path.

    Raises:
        DataError: No marker is there; the message names the first one.
    """
    for marker in markers:
        try:
            root = data.root(dataset, marker)
        except DataError:
            continue
        return root, root / marker
    return data.root(dataset, markers[0]), Path(markers[0])


def list_names(folder: Path) -> frozenset[str]:
    """List the names in a folder by one scan of it.

    Args:
        folder: The folder.

    Returns:
        The names of its files and folders; empty where it is absent.
    """
    return frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()


def find_file(*places: Path | None) -> Path | None:
    """Find a file that may be in one of several places.

    Args:
        places: The places, the preferred one first; None is skipped.

    Returns:
        The first place that is a file, or None.
    """
    return next((place for place in places if place is not None and place.is_file()), None)


def list_files(*paths: Path | None) -> tuple[Path, ...]:
    """List the files behind an image or a mask, for `Case.files` and `Case.mask_files`.

    Args:
        paths: The files; None stands for one that is absent.

    Returns:
        The paths that are not None, in their order.

    Example:
        >>> list_files(Path("a.png"), None) == (Path("a.png"),)
        True
    """
    return tuple(path for path in paths if path is not None)


def make_raster_loader(path: Path | None) -> Loader | None:
    """Make the loader of a PNG, JPEG, BMP or TIFF file.

    Args:
        path: A file that exists, or None where it is absent.

    Returns:
        A function that decodes the file; None for None.
    """
    return partial(read_raster, path) if path else None


def make_dicom_loader(path: Path, *, resized: bool = False) -> Loader:
    """Make the loader of a DICOM radiograph.

    Args:
        path: A file that exists.
        resized: Whether the radiograph was resized after its header was written, so that the pixel spacing in the
            header is wrong and is left out.

    Returns:
        A function that decodes the file.
    """
    return partial(_read_dicom, path, resized=resized)


def _read_dicom(path: Path, *, resized: bool) -> Image:
    from cxrbench.imaging.radiograph.dicom import read_radiograph

    image = read_radiograph(path)
    return replace(image, spacing=None) if resized else image


def read_image_size(path: Path) -> tuple[int, int]:
    """Read the size of a radiograph as it is decoded (with the EXIF rotation applied), from its header alone.

    Args:
        path: A DICOM, PNG, JPEG, BMP or TIFF file.

    Returns:
        Height and width in pixels.

    Raises:
        DataError: The file is not an image.
    """
    if path.suffix.lower() == ".dcm":
        from cxrbench.imaging.radiograph.dicom import read_header

        header = read_header(path)
        return header.rows, header.columns
    try:
        with Pillow.open(path) as picture:
            plain = picture.format == "PNG" and "exif" not in picture.info  # reading EXIF would decode the pixels
            turned = not plain and read_orientation(picture) >= 5
            return picture.size if turned else (picture.height, picture.width)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"image cannot be decoded ({error})", str(path), "fetch the file again") from error


def list_absent_images(folder: Path, cases: Sequence[Case]) -> list[Problem]:
    """Report cases whose image is listed in a table but has no file.

    Args:
        folder: The folder of the images.
        cases: All cases of the table.

    Returns:
        One problem for a folder that does not exist, else one per absent image.
    """
    missing = [case for case in cases if not case.available]
    if missing and not folder.is_dir():
        return [Problem(folder.name, f"absent: none of {len(missing)} listed images is there")]
    return [Problem(f"{folder.name}/{case.id}", "listed but absent") for case in missing]


def list_unlisted_files(folder: Path, known: Iterable[str]) -> list[Problem]:
    """Report files that no table lists; they are not cases.

    Args:
        folder: The folder of the images.
        known: The file names in the table.

    Returns:
        One problem per file; hidden files, which the operating system makes, are left out.
    """
    extra = sorted(name for name in list_names(folder) - set(known) if not name.startswith("."))
    return [Problem(f"{folder.name}/{name}", "present but not listed") for name in extra]
