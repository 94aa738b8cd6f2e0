"""Tracks: task x dataset x split x part, written `task/dataset/part` or `task/dataset@split/part`."""

from collections.abc import Sequence
from dataclasses import dataclass

from cxrbench.case import Case
from cxrbench.errors import UsageError
from cxrbench.splits import DEFAULT, Split, check_part, load_split, registered_split
from cxrbench.tasks import Task, tasks


@dataclass(frozen=True, slots=True)
class Track:
    """One table of the leaderboard."""

    task: str
    dataset: str
    part: str
    split: str = DEFAULT

    @classmethod
    def parse(cls, text: str) -> "Track":
        """Read a track's name and check that its task, dataset, split and part exist; else `UsageError`."""
        pieces = text.split("/")
        if len(pieces) != 3 or not all(pieces):
            raise UsageError("a track is written task/dataset/part or task/dataset@split/part", text, "correct it")
        dataset, _, split = pieces[1].partition("@")
        track = cls(pieces[0], dataset, pieces[2], split or DEFAULT)
        track.definition()
        check_part(registered_split(track.dataset, track.split), track.part)
        return track

    def definition(self) -> Task:
        """The track's task."""
        return tasks[self.task]

    def load_split(self, cases: Sequence[Case] | None = None) -> Split:
        """The track's split, its hash checked; one that is a rule is evaluated on `cases`, those of the dataset."""
        return load_split(self.dataset, self.split, cases)

    def __str__(self) -> str:
        at = "" if self.split == DEFAULT else f"@{self.split}"
        return f"{self.task}/{self.dataset}{at}/{self.part}"

    @property
    def file_name(self) -> str:
        """The name of a result file on this track, without its suffix."""
        return str(self).replace("/", "--")
