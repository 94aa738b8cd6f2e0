"""Tracks: task x dataset x split x part, written `task/dataset/part` or `task/dataset@split/part`."""

from collections.abc import Sequence
from dataclasses import dataclass

from cxrbench.case import Case
from cxrbench.errors import UsageError
from cxrbench.splits import DEFAULT, Split, check_part, find_split, load_split
from cxrbench.tasks import Task, tasks


@dataclass(frozen=True, slots=True)
class Track:
    """One table of the leaderboard.

    Attributes:
        task: The name of the task.
        dataset: The name of the dataset.
        part: The part of the split that is scored.
        split: The name of the split.
    """

    task: str
    dataset: str
    part: str
    split: str = DEFAULT

    @classmethod
    def parse(cls, text: str) -> "Track":
        """Parse the name of a track and check that its task, dataset, split and part exist.

        Args:
            text: `task/dataset/part` or `task/dataset@split/part`.

        Returns:
            The track.

        Raises:
            UsageError: Where the text is no track, or one of its names is unknown.

        Example:
            >>> str(Track.parse("brixia-severity/phantom/test"))
            'brixia-severity/phantom/test'
        """
        pieces = text.split("/")
        if len(pieces) != 3 or not all(pieces):
            raise UsageError("a track is written task/dataset/part or task/dataset@split/part", text, "correct it")
        dataset, _, split = pieces[1].partition("@")
        track = cls(pieces[0], dataset, pieces[2], split or DEFAULT)
        track.definition()
        check_part(find_split(track.dataset, track.split), track.part)
        return track

    def definition(self) -> Task:
        """The track's task."""
        return tasks[self.task]

    def load_split(self, cases: Sequence[Case] | None = None) -> Split:
        """Load the split of the track, its hash checked.

        Args:
            cases: The cases of the dataset, on which a split that is a rule is evaluated.

        Returns:
            The split.

        Raises:
            DataError: Where the split is a rule and no cases are given.
        """
        return load_split(self.dataset, self.split, cases)

    def __str__(self) -> str:
        at = "" if self.split == DEFAULT else f"@{self.split}"
        return f"{self.task}/{self.dataset}{at}/{self.part}"

    @property
    def file_name(self) -> str:
        """The name of a result file on this track, without its suffix."""
        return str(self).replace("/", "--")
