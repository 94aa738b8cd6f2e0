"""Patients of a track that a submission has seen in training."""

from collections.abc import Sequence

from cxrbench.datasets import Dataset, load
from cxrbench.errors import CxrbenchError, DataError, SubmissionError
from cxrbench.scoring.track_cases import TrackCases
from cxrbench.splits import Split, find_split
from cxrbench.splits.patient_identity import identify_patients, may_share_patients
from cxrbench.tasks.track import Track


def count_patients_seen(track_cases: TrackCases, trained_on: Sequence[str]) -> int:
    """Count the patients of a track that are in a part on which the weights of a submission were trained.

    A patient counts in every dataset: `cohen/train` has patients of `brixia-cohen/test`.

    Args:
        track_cases: The cases of the track.
        trained_on: Parts as `dataset/part` or `dataset@split/part`, as the submission states them.

    Returns:
        How many patients of the track are in one of these parts.

    Raises:
        SubmissionError: For a part that does not exist.
        DataError: Where a part is a rule and its dataset, which may share patients with that of the track, is not
            available.
    """
    parts = [_parse_part(track_cases, name) for name in trained_on]
    dataset = track_cases.track.dataset
    patients = identify_patients(track_cases.split, [case.id for case in track_cases.cases])
    shared = [part for part in parts if may_share_patients(part.dataset, dataset)]
    return len(patients & {patient for part in shared for patient in _list_part_patients(track_cases, part)})


def _parse_part(track_cases: TrackCases, name: str) -> Track:
    try:
        return Track.parse(f"{track_cases.track.task}/{name}")
    except CxrbenchError as error:
        raise SubmissionError(f"trained_on names an unknown part ({error.line})", name, "correct it") from error


def _list_part_patients(track_cases: TrackCases, part: Track) -> set[str]:
    """The patients of a part; a rule is evaluated on the copy of the dataset."""
    if isinstance(find_split(part.dataset, part.split), Split):
        split = part.load_split()
    elif part.dataset == track_cases.track.dataset:
        split = part.load_split(track_cases.dataset.cases)
    else:
        split = part.load_split(_load_copy(part, track_cases.data).cases)
    return identify_patients(split, split.cases(part.part))


def _load_copy(part: Track, data: str | None) -> Dataset:
    try:
        return load(part.dataset, data)
    except DataError as error:
        what = f"cannot check whether patients of {part.dataset}/{part.part} (trained_on) are in the track"
        raise DataError(what, error.line, f"add {part.dataset} to --data") from error
