"""The page of a submission: its scores, its worst and best cases, its runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxrbench_leaderboard.model.summaries import SubmissionSummary
from cxrbench_leaderboard.views.page import Page, ResultSources, list_downloads


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A row's part of its submission's page: one table row each of scores, runs and cases; its record and CSV line.

    The table rows are rendered together with the row's track; `cases` is empty where no case may be named.
    """

    scores: str
    run: str
    cases: str
    record: str
    csv: str


def make_submission_page(
    submission: SubmissionSummary,
    rows: Sequence[SubmissionRow],
    newest: Mapping[str, Any],
    exports: Iterable[str],
) -> Page:
    """Make the page of a submission.

    Args:
        submission: The submission.
        rows: What the page shows of each of its rows, in the order of `submission.rows`.
        newest: The record of the newest row.
        exports: Paths of the files beside the page.

    Returns:
        The page.
    """
    pairs = list(zip(submission.rows.values(), rows, strict=True))
    content = {
        "submission": submission,
        "real_rows": [shown for row, shown in pairs if not row.synthetic],
        "synthetic_rows": [shown for row, shown in pairs if row.synthetic],
        "rows": list(rows),
        "newest": newest,
        "files": list_downloads(exports),
    }
    sources = ResultSources(len(rows), submission.newest.started[:10])
    return Page("submission.html", f"submissions/{submission.about.name}.html", sources, content)
