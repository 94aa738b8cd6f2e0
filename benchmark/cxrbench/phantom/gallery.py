"""Studies as pictures with their truth, for readers: `python -m cxrbench.phantom.gallery FOLDER` writes them.

Of twelve studies of the part `train` a picture is a row of six tiles: the radiograph without and with its masks, then
two slices of the CT, each without and with its masks. Of every study there is a small one, the radiograph alone without
and with its masks, for the cases on which a submission did best and worst.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrbench.phantom.cohort import Study, cohort
from cxrbench.phantom.made import Arrays, Bytes, make
from cxrbench.phantom.manifest import boxes_of, manifest
from cxrbench.phantom.volume import to_hu

STUDIES = tuple(f"study-{number:03d}" for number in (48, 57, 108, 44, 45, 46, 66, 40, 5, 160, 215, 127))
TILE = 176
SMALL = 128
QUALITY = 72
"""Of WebP, 0-100: a picture of about 20 KB, a small one of 4 KB."""
WINDOW = (-1150.0, 250.0)
"""HU that are shown as black and as white."""
COLOURS = {"right": (80, 150, 255), "left": (90, 220, 160), "glass": (255, 205, 60), "solid": (255, 90, 70)}
"""Red, green and blue of the outlines of the lungs and of the lesions."""
FACTS = (
    *("study", "patient", "day", "sex", "age", "view", "category", "confounder", "devices"),
    *("brixia", "rater_consensus", "fraction_right", "fraction_left", "extent", "opacity", "ct_grade", "icu", "death"),
)
"""Columns of the manifest that stand beside a picture."""
SMALL_FACTS = ("category", "confounder", "brixia")
Pixels = NDArray[np.uint8]


def studies() -> list[Study]:
    """The studies shown, in order."""
    by_id = {study.id: study for study in cohort()}
    return [by_id[name] for name in STUDIES]


def facts() -> list[dict[str, str]]:
    """What the manifest says of each, in order."""
    return [{key: manifest()[name][key] for key in FACTS} for name in STUDIES]


def small_facts() -> dict[str, dict[str, str]]:
    """Of every study what its small picture shows, by its id."""
    return {name: {key: row[key] for key in SMALL_FACTS} for name, row in manifest().items()}


def picture(study: Study) -> Pixels:
    """The six tiles of a study, RGB `[TILE, 6 TILE, 3]`."""
    scan = make(study, "ct")
    tiles = _film(make(study, "cxr"), study.id, TILE)
    for height in _heights(scan["lungs"]):
        lesions = scan["lesions"][height]
        slice_ = _windowed(scan["codes"][height])
        tinted = {"glass": lesions == 1, "solid": lesions == 2}
        tiles += [_grey(slice_, TILE), _drawn(slice_, scan["lungs"][height], tinted, TILE)]
    return np.concatenate(tiles, 1)


def small_picture(study: Study) -> Pixels:
    """The radiograph without and with its masks, RGB `[SMALL, 2 SMALL, 3]`."""
    return np.concatenate(_film(make(study, "cxr"), study.id, SMALL), 1)


def _film(film: Arrays, study: str, side: int) -> list[Pixels]:
    shown, tinted = film["pixels"], {"glass": film["lesions"] > 0}
    return [_grey(shown, side), _drawn(shown, film["lungs"], tinted, side, study)]


def _heights(lungs: Bytes) -> tuple[int, int]:
    """Slices at two thirds and at one third of the lungs' height."""
    used = np.flatnonzero(lungs.any((1, 2)))
    low, high = int(used[0]), int(used[-1])
    return low + (high - low) * 2 // 3, low + (high - low) // 3


def _windowed(codes: Bytes) -> Pixels:
    low, high = WINDOW
    return np.asarray(np.clip((to_hu(codes) - low) * (255 / (high - low)), 0, 255), np.uint8)


def _grey(shown: Pixels, side: int) -> Pixels:
    small = cv2.resize(shown, (side, side), interpolation=cv2.INTER_AREA if len(shown) > side else cv2.INTER_LINEAR)
    return np.repeat(small[..., None], 3, 2)


def _drawn(shown: Pixels, lungs: Bytes, lesions: Mapping[str, NDArray[np.bool_]], side: int, boxed: str = "") -> Pixels:
    """A tile with outlines of the lungs, tinted lesions and, of the study `boxed`, boxes."""
    tile = _grey(shown, side)
    for name, mask in lesions.items():
        inside = _resized(mask, side) > 0
        tile[inside] = np.rint(0.6 * tile[inside] + 0.4 * np.array(COLOURS[name]))
    for value, name in ((1, "right"), (2, "left")):
        edges, _ = cv2.findContours(_resized(lungs == value, side), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(tile, edges, -1, COLOURS[name], 1)
    for box in boxes_of(manifest()[boxed]["boxes"] if boxed else "") * (side / len(shown)):
        x, y, width, height = np.rint(box).astype(int).tolist()
        cv2.rectangle(tile, (x, y), (x + width, y + height), (255, 255, 255), 1)
    return tile


def _resized(mask: NDArray[np.bool_], side: int) -> Pixels:
    return np.asarray(cv2.resize(mask.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)


def write(folder: Path) -> None:
    """Write `<study>.webp` of each of the twelve, and below `small` of all, each with `facts.json`, into a folder."""
    (folder / "small").mkdir(parents=True, exist_ok=True)
    for study in studies():
        _write(folder / f"{study.id}.webp", picture(study))
    for study in cohort():
        _write(folder / "small" / f"{study.id}.webp", small_picture(study))
    for place, told in ((folder, facts()), (folder / "small", small_facts())):
        (place / "facts.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _write(file: Path, pixels: Pixels) -> None:
    _, packed = cv2.imencode(".webp", pixels[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    file.write_bytes(packed.tobytes())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
