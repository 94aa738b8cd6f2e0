"""The triage view: kept predictions of a ct-triage track as two rankings of one work list (Goncharov et al. 2020).

The paper's figure 5: the same studies by the probability of COVID-19 and by severity, the larger affected fraction.
Each study stands with its frontal projection, coloured by the share of lung behind each pixel that is affected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cxrbench.case import Case
from cxrbench.errors import DataError, UsageError
from cxrbench.results.store import read_result, read_table
from cxrbench.scoring.score import checked, lay_out
from cxrbench.tasks import Arrays
from cxrbench.tasks.segmentation import mask_of
from cxrbench.tasks.track import Track
from numpy.typing import NDArray

from cxrbench_baselines.ct.lungs import found_lungs
from cxrbench_baselines.ct.prepare import rescaled, rescaled_labels, shape_of, spacing_of
from cxrbench_baselines.ct.severity import local_severity
from cxrbench_baselines.ct.triage.picture import Picture, projection

TASK = "ct-triage"
LEAST_DEPTH_MM = 10.0
"""Pixels with less lung behind them are not coloured: their share says little."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One study of the work list: its two numbers, its places in the two rankings (1 is first), its picture."""

    case: str
    covid: float
    affected: float
    by_covid: int
    by_severity: int
    picture: str
    size: tuple[int, int]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkList:
    """A track's predictions: what made them, whether the data are synthetic, and its studies."""

    track: str
    system: str
    synthetic: bool
    entries: tuple[Entry, ...]


def source(path: Path, track: str | None) -> tuple[Track, Path, str]:
    """The track, the table of predictions and the system's name: of a result file, or of a table with its track.

    Raises `UsageError` where a table comes without a track, the track is of another task, or a result has no table.
    """
    if path.suffix == ".json":
        result = read_result(path)
        if result.predictions is None:
            raise UsageError("the result keeps no predictions", str(path), "evaluate the submission again")
        track, table, system = result.track.name, path.parent / result.predictions.file, result.submission.title
    elif track is None:
        raise UsageError("a table of predictions does not say its track", str(path), "give --track")
    else:
        table, system = path, path.stem
    found = Track.parse(track)
    if found.task != TASK:
        raise UsageError(f"triage needs predictions of {TASK}", track, "give a result of that task")
    return found, table, system


def work_list(
    path: Path,
    out: Path,
    *,
    track: str | None = None,
    data: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005
) -> WorkList:
    """Read predictions, rank the studies twice and write their pictures to `out/pictures`."""
    asked, table, system = source(path, track)
    ground = lay_out(asked, data)
    found = checked(ground, read_table(table))
    cases = [case for case in ground.cases if case.id in found]
    ranks = {key: ranking({case.id: _number(found[case.id], key) for case in cases}) for key in _KEYS}
    entries = []
    for done, case in enumerate(cases, 1):
        name = f"pictures/{done:04d}.png"
        picture, remarks = pictured(case, found[case.id])
        picture.save(out / name)
        covid, affected = (_number(found[case.id], key) for key in _KEYS)
        by_covid, by_severity = (ranks[key][case.id] for key in _KEYS)
        entries.append(Entry(case.id, covid, affected, by_covid, by_severity, name, picture.size, remarks))
        progress(done, len(cases))
    synthetic = bool(cases) and all(case.meta.get("synthetic") is True for case in cases)
    return WorkList(str(asked), system, synthetic, tuple(entries))


_KEYS = ("covid", "affected_fraction")


def _number(prediction: Arrays, key: str) -> float:
    return float(np.asarray(prediction[key]))


def ranking(values: dict[str, float]) -> dict[str, int]:
    """Each study's place, 1 for the largest value; of equal values the first by name comes first.

    >>> ranking({"b": 0.5, "a": 0.5, "c": 0.9})
    {'c': 1, 'a': 2, 'b': 3}
    """
    ordered = sorted(values, key=lambda name: (-values[name], name))
    return {name: place for place, name in enumerate(ordered, 1)}


def pictured(case: Case, prediction: Arrays) -> tuple[Picture, tuple[str, ...]]:
    """The projection of a study with its local severity, and what is to be said of it."""
    image = case.image()
    small = rescaled(image, where=case.id)
    hu = np.asarray(small.pixels, np.int16)
    remarks: list[str] = []
    lungs = np.zeros(hu.shape, np.uint8)
    try:
        split = found_lungs(small, where=case.id)
        lungs, remarks = split.labels, [split.remark] if split.remark else []
    except DataError as error:
        remarks.append(error.what)
    share = np.full((hu.shape[0], hu.shape[2]), np.nan, np.float32)
    if "runs" in prediction:
        share = local_severity(_lesions(prediction, shape_of(image), hu.shape), lungs)
        share[(lungs > 0).sum(axis=1) * spacing_of(small)[1] < LEAST_DEPTH_MM] = np.nan
    else:
        remarks.append("no lesion mask predicted: the picture is without colour")
    return projection(hu, lungs, share, small.spacing), tuple(remarks)


def _lesions(prediction: Arrays, full: Sequence[int], small: Sequence[int]) -> NDArray[np.bool_]:
    mask = mask_of(prediction)
    if mask.shape != tuple(full):
        raise DataError(
            f"mask of shape {mask.shape} for an image of shape {tuple(full)}", "", "predict the image's size"
        )
    d, h, w = small
    return rescaled_labels(mask, (d, h, w)) > 0
