"""The triage view: stored predictions of a ct-triage track as two rankings of one work list (Goncharov et al. 2020).

As in the paper's Fig. 5, the same studies are ranked by the probability of COVID-19 and by severity (the larger
affected fraction). Each study is shown with its frontal projection, coloured by the affected share of the lung behind
each pixel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cxrbench.case import Case
from cxrbench.errors import DataError, UsageError
from cxrbench.results.store import read_result, read_table
from cxrbench.scoring.track_cases import check_predictions, load_track_cases
from cxrbench.tasks import Arrays
from cxrbench.tasks.masks.prediction import decode_prediction
from cxrbench.tasks.track import Track
from numpy.typing import NDArray

from cxrbench_baselines.ct.lungs import find_lung_sides
from cxrbench_baselines.ct.rescaling import read_shape, read_spacing, rescale_ct, rescale_labels
from cxrbench_baselines.ct.severity import compute_local_severity
from cxrbench_baselines.ct.triage.picture import Picture, draw_projection

TASK = "ct-triage"
RANKED_KEYS = ("covid", "affected_fraction")
"""Predictions that studies are ranked by."""
LEAST_DEPTH_MM = 10.0
"""Pixels with less lung behind them are not coloured: their share is unreliable."""


@dataclass(frozen=True, slots=True)
class WorkListEntry:
    """One study of the work list: its two predictions, its two ranks (1 is first), its picture and its remarks."""

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
    """The predictions of a track: the system, whether the data are synthetic, and the studies."""

    track: str
    system: str
    synthetic: bool
    entries: tuple[WorkListEntry, ...]


def read_source(path: Path, track: str | None) -> tuple[Track, Path, str]:
    """Find the predictions of a result file, or of a table of predictions.

    Args:
        path: A result file, or a table of predictions.
        track: Track of a table; a result file names its own.

    Returns:
        The track, the table of predictions and the system's name.

    Raises:
        UsageError: A table has no track, the track is of another task, or a result has no table.
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
    parsed = Track.parse(track)
    if parsed.task != TASK:
        raise UsageError(f"triage needs predictions of {TASK}", track, "give a result of that task")
    return parsed, table, system


def build_work_list(
    path: Path,
    out: Path,
    *,
    track: str | None = None,
    data: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005
) -> WorkList:
    """Read predictions, rank the studies twice and write their pictures.

    Args:
        path: A result file, or a table of predictions.
        out: Folder of the view; pictures are written to `out/pictures`.
        track: Track of a table; a result file names its own.
        data: Folder of the data.
        progress: Called with the number of finished studies and their total.

    Returns:
        The work list.

    Raises:
        UsageError: The predictions are not of a ct-triage track.
        DataError: A mask has another shape than its image.
    """
    parsed, table, system = read_source(path, track)
    track_cases = load_track_cases(parsed, data)
    predictions = check_predictions(track_cases, read_table(table))
    cases = [case for case in track_cases.cases if case.id in predictions]
    ranks = {
        key: rank_studies({case.id: _read_number(predictions[case.id], key) for case in cases}) for key in RANKED_KEYS
    }
    entries = []
    for done, case in enumerate(cases, 1):
        name = f"pictures/{done:04d}.png"
        picture, remarks = render_study(case, predictions[case.id])
        picture.save(out / name)
        covid, affected = (_read_number(predictions[case.id], key) for key in RANKED_KEYS)
        by_covid, by_severity = (ranks[key][case.id] for key in RANKED_KEYS)
        entries.append(WorkListEntry(case.id, covid, affected, by_covid, by_severity, name, picture.size, remarks))
        progress(done, len(cases))
    synthetic = bool(cases) and all(case.meta.get("synthetic") is True for case in cases)
    return WorkList(str(parsed), system, synthetic, tuple(entries))


def _read_number(prediction: Arrays, key: str) -> float:
    return float(np.asarray(prediction[key]))


def rank_studies(values: dict[str, float]) -> dict[str, int]:
    """Rank studies by a predicted value.

    Args:
        values: The value of each study.

    Returns:
        The rank of each study, 1 for the largest value; among equals the names decide.

    Example:
        >>> rank_studies({"b": 0.5, "a": 0.5, "c": 0.9})
        {'c': 1, 'a': 2, 'b': 3}
    """
    ordered = sorted(values, key=lambda name: (-values[name], name))
    return {name: rank for rank, name in enumerate(ordered, 1)}


def render_study(case: Case, prediction: Arrays) -> tuple[Picture, tuple[str, ...]]:
    """Draw the projection of a study with its local severity.

    Args:
        case: The study.
        prediction: Its checked prediction.

    Returns:
        The picture, and remarks on lungs and mask.

    Raises:
        DataError: The mask has another shape than the image.
    """
    image = case.image()
    small = rescale_ct(image, where=case.id)
    hu = np.asarray(small.pixels, np.int16)
    remarks: list[str] = []
    lungs = np.zeros(hu.shape, np.uint8)
    try:
        split = find_lung_sides(small, where=case.id)
        lungs, remarks = split.labels, [split.remark] if split.remark else []
    except DataError as error:
        remarks.append(error.what)
    share = np.full((hu.shape[0], hu.shape[2]), np.nan, np.float32)
    if "runs" in prediction:
        share = compute_local_severity(_read_lesions(prediction, read_shape(image), hu.shape), lungs)
        share[(lungs > 0).sum(axis=1) * read_spacing(small)[1] < LEAST_DEPTH_MM] = np.nan
    else:
        remarks.append("no lesion mask predicted: the picture has no colour")
    return draw_projection(hu, lungs, share, small.spacing), tuple(remarks)


def _read_lesions(prediction: Arrays, full: Sequence[int], small: Sequence[int]) -> NDArray[np.bool_]:
    mask = decode_prediction(prediction)
    if mask.shape != tuple(full):
        raise DataError(
            f"mask of shape {mask.shape} for an image of shape {tuple(full)}", "", "predict the image's size"
        )
    d, h, w = small
    return rescale_labels(mask, (d, h, w)) > 0
