"""A row of a board: one submission on one track, with what marks it and what keeps it out of the ranking."""

from collections import Counter
from dataclasses import dataclass

from cxrbench.results.schema import MetricValue, Result
from cxrbench.stats import Rank

from cxrbench_leaderboard.model.result_files import ResultFile
from cxrbench_leaderboard.model.text import MISSING, clean_text, shorten_text

KINDS = {"submission": "submission", "predictions": "predictions only", "rater": "radiologist"}


@dataclass(frozen=True)
class Row:
    """A submission on a track. `reasons` says in words why a row takes no part in the ranking.

    `ranking` is its rank with the interval and the group of rows that do not differ significantly.
    """

    file: ResultFile
    reasons: tuple[str, ...] = ()
    ranking: Rank | None = None

    @property
    def rank(self) -> int | None:
        """The rank; None for a row that is not ranked."""
        return self.ranking.rank if self.ranking else None

    @property
    def result(self) -> Result:
        """The result that the row shows."""
        return self.file.result

    @property
    def primary(self) -> MetricValue:
        """The value of the primary metric."""
        return self.result.metrics[self.result.primary]

    @property
    def is_reader(self) -> bool:
        """Whether the row is a radiologist."""
        return self.result.submission.kind == "rater"

    @property
    def failures(self) -> tuple[tuple[str, int], ...]:
        """Why cases have no prediction, and how many per reason; case ids stay out of the pages."""
        return tuple(sorted(Counter(failed.reason for failed in self.result.coverage.failed).items()))

    @property
    def notes(self) -> list[str]:
        """Why the row is not ranked, and why cases have no prediction, as sentences."""
        reasons = [f"Not ranked: {clean_text('; '.join(self.reasons))}."] if self.reasons else []
        return reasons + [
            f"{count} without prediction: {shorten_text(clean_text(why), 120)}" for why, count in self.failures
        ]

    @property
    def marks(self) -> tuple[str, ...]:
        """How the predictions were made, where they are not those of an isolated submission."""
        kind = self.result.submission.kind
        if kind != "submission":
            return (KINDS[kind],)
        return ("not isolated",) if self.result.sandbox != "bubblewrap" else ()

    @property
    def limits(self) -> tuple[str, ...]:
        """What keeps a system out of the ranking, in a few words each; `reasons` has the full sentences."""
        cover, limits = self.result.coverage, []
        if not cover.complete:
            limits.append(f"{cover.predicted} of {cover.expected} cases")
        if self.result.submission.patients_seen:
            limits.append("trained on these patients")
        if self.result.track.split_sha256 != self.file.split.sha256:
            limits.append("another split version")
        return tuple(limits)

    @property
    def isolation(self) -> str:
        """How the submission was isolated, in one word."""
        ran = self.result.submission.kind == "submission"
        return shorten_text(clean_text(self.result.sandbox), 40) if ran else "not run here"

    @property
    def device(self) -> str:
        """The device on which the predictions were made, or a dash."""
        return shorten_text(clean_text(self.result.cost.device or MISSING), 40)

    def is_same_reader(self, label: str) -> bool:
        """Tell whether a bracket label compares this radiologist with the same radiologist.

        Args:
            label: The label in the brackets of a metric key, such as `vs_junior`.

        Returns:
            True for a radiologist against himself or herself.
        """
        name = self.result.submission.name.removeprefix("radiologist-")
        return self.is_reader and label == f"vs_{name}"


def list_reasons(file: ResultFile, fewest_unlabelled: int) -> tuple[str, ...]:
    """List why a result takes no part in the ranking.

    Args:
        file: The result.
        fewest_unlabelled: The least number of cases without truth in any result of the track.

    Returns:
        The reasons in words; empty for a ranked result.
    """
    result, reasons = file.result, []
    if result.submission.kind == "rater":
        reasons.append("readings of a radiologist, shown for comparison with the systems")
    if not result.coverage.complete:
        reasons.append(f"predicts {result.coverage.predicted} of {result.coverage.expected} cases")
    if result.submission.patients_seen:
        seen, total = result.submission.patients_seen, result.track.n_patients
        reasons.append(f"trained on {seen} of the {total} patients of this track")
    if result.metrics[result.primary].value is None:
        reasons.append(f"primary metric undefined: {result.metrics[result.primary].undefined}")
    if result.track.split_sha256 != file.split.sha256:
        reasons.append(f"scored on another version of the split (version {result.track.split_version})")
    if lacking := result.coverage.unlabelled - fewest_unlabelled:
        reasons.append(f"its copy of the dataset lacks the truth of {lacking} cases")
    return tuple(reasons)
