"""Pictures of studies with their ground truth: `python -m cxrbench.phantom.gallery FOLDER` writes them.

For twelve studies of the part `train` a picture is a row of six tiles: the radiograph without and with its masks, then
two slices of the CT, each without and with its masks. For every study there is a small one, the radiograph without and
with its masks, for the cases on which a submission did best and worst.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrbench.phantom.cohort import Study, make_cohort
from cxrbench.phantom.generate import Arrays, Bytes, make_arrays
from cxrbench.phantom.manifest import parse_boxes, read_manifest
from cxrbench.phantom.volume import to_hu

STUDIES = tuple(f"study-{number:03d}" for number in (48, 57, 108, 44, 45, 46, 66, 40, 5, 160, 215, 127))
TILE = 176
SMALL = 128
QUALITY = 72
"""Quality of WebP, 0-100: about 20 KB per picture, 4 KB per small one."""
WINDOW = (-1150.0, 250.0)
"""HU displayed as black and as white."""
COLOURS = {"right": (80, 150, 255), "left": (90, 220, 160), "glass": (255, 205, 60), "solid": (255, 90, 70)}
"""Red, green and blue of the outlines of the lungs and of the lesions."""
FACTS = (
    *("study", "patient", "day", "sex", "age", "view", "category", "confounder", "devices"),
    *("brixia", "rater_consensus", "fraction_right", "fraction_left", "extent", "opacity", "ct_grade", "icu", "death"),
)
"""Columns of the manifest shown with a picture."""
SMALL_FACTS = ("category", "confounder", "brixia")
Pixels = NDArray[np.uint8]


def list_studies() -> list[Study]:
    """List the studies with a picture of their own, in order."""
    by_id = {study.id: study for study in make_cohort()}
    return [by_id[name] for name in STUDIES]


def list_facts() -> list[dict[str, str]]:
    """List the manifest's columns for each of these studies, in order."""
    return [{key: read_manifest()[name][key] for key in FACTS} for name in STUDIES]


def list_small_facts() -> dict[str, dict[str, str]]:
    """List the facts shown with the small picture of every study, by its id."""
    return {name: {key: row[key] for key in SMALL_FACTS} for name, row in read_manifest().items()}


def draw_picture(study: Study) -> Pixels:
    """Draw the six tiles of a study.

    Args:
        study: The study.

    Returns:
        RGB uint8 `[TILE, 6 TILE, 3]`.
    """
    scan = make_arrays(study, "ct")
    tiles = _draw_radiograph(make_arrays(study, "cxr"), study.id, TILE)
    for height in _choose_slices(scan["lungs"]):
        lesions = scan["lesions"][height]
        slice_ = _apply_window(scan["codes"][height])
        tinted = {"glass": lesions == 1, "solid": lesions == 2}
        tiles += [_make_grey_tile(slice_, TILE), _draw_outlines(slice_, scan["lungs"][height], tinted, TILE)]
    return np.concatenate(tiles, 1)


def draw_small_picture(study: Study) -> Pixels:
    """Draw the radiograph of a study without and with its masks.

    Args:
        study: The study.

    Returns:
        RGB uint8 `[SMALL, 2 SMALL, 3]`.
    """
    return np.concatenate(_draw_radiograph(make_arrays(study, "cxr"), study.id, SMALL), 1)


def _draw_radiograph(arrays: Arrays, study: str, side: int) -> list[Pixels]:
    shown, tinted = arrays["pixels"], {"glass": arrays["lesions"] > 0}
    return [_make_grey_tile(shown, side), _draw_outlines(shown, arrays["lungs"], tinted, side, study)]


def _choose_slices(lungs: Bytes) -> tuple[int, int]:
    """Slices at two thirds and at one third of the lungs' height."""
    used = np.flatnonzero(lungs.any((1, 2)))
    low, high = int(used[0]), int(used[-1])
    return low + (high - low) * 2 // 3, low + (high - low) // 3


def _apply_window(codes: Bytes) -> Pixels:
    low, high = WINDOW
    return np.asarray(np.clip((to_hu(codes) - low) * (255 / (high - low)), 0, 255), np.uint8)


def _make_grey_tile(shown: Pixels, side: int) -> Pixels:
    small = cv2.resize(shown, (side, side), interpolation=cv2.INTER_AREA if len(shown) > side else cv2.INTER_LINEAR)
    return np.repeat(small[..., None], 3, 2)


def _draw_outlines(
    shown: Pixels, lungs: Bytes, lesions: Mapping[str, NDArray[np.bool_]], side: int, boxed: str = ""
) -> Pixels:
    """A tile with outlines of the lungs, coloured lesions and, for the study `boxed`, its boxes."""
    tile = _make_grey_tile(shown, side)
    for name, mask in lesions.items():
        inside = _resize_mask(mask, side) > 0
        tile[inside] = np.rint(0.6 * tile[inside] + 0.4 * np.array(COLOURS[name]))
    for value, name in ((1, "right"), (2, "left")):
        edges, _ = cv2.findContours(_resize_mask(lungs == value, side), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(tile, edges, -1, COLOURS[name], 1)
    for box in parse_boxes(read_manifest()[boxed]["boxes"] if boxed else "") * (side / len(shown)):
        x, y, width, height = np.rint(box).astype(int).tolist()
        cv2.rectangle(tile, (x, y), (x + width, y + height), (255, 255, 255), 1)
    return tile


def _resize_mask(mask: NDArray[np.bool_], side: int) -> Pixels:
    return np.asarray(cv2.resize(mask.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)


def write_gallery(folder: Path) -> None:
    """Write all pictures as WebP: the twelve, and below `small` all, each with `facts.json`.

    Args:
        folder: The folder, created if absent.
    """
    (folder / "small").mkdir(parents=True, exist_ok=True)
    for study in list_studies():
        _write_picture(folder / f"{study.id}.webp", draw_picture(study))
    for study in make_cohort():
        _write_picture(folder / "small" / f"{study.id}.webp", draw_small_picture(study))
    for subfolder, facts in ((folder, list_facts()), (folder / "small", list_small_facts())):
        (subfolder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _write_picture(file: Path, pixels: Pixels) -> None:
    _, packed = cv2.imencode(".webp", pixels[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    file.write_bytes(packed.tobytes())


if __name__ == "__main__":
    write_gallery(Path(sys.argv[1]))
