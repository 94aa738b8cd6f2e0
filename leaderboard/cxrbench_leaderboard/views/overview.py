"""The front page: the primary metric of every submission on every track, and the list of tracks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cxrbench_leaderboard.model.summaries import SiteSummary, SubmissionSummary, TrackSummary
from cxrbench_leaderboard.views.page import Page, ResultSources, list_downloads
from cxrbench_leaderboard.views.paging import RowRange, split_rows


@dataclass(frozen=True, slots=True)
class OverviewTable:
    """A table of the overview: tracks across, submissions down.

    `shown` are the submissions on the page. `in_part` says whether the page also carries the other submissions for
    the script that sorts and filters.
    """

    id: str
    tracks: Sequence[TrackSummary]
    shown: Sequence[SubmissionSummary]
    submissions: Sequence[SubmissionSummary]
    in_part: bool


def list_overview_pages(site: SiteSummary, exports: Iterable[str]) -> Iterator[Page]:
    """List the pages of the overview.

    Args:
        site: All tracks and rows in short.
        exports: Paths of the files beside the pages.

    Yields:
        One page per range of submissions, the first rows first.
    """
    downloads = list_downloads(exports)
    sources = find_site_sources(site)
    for rows in split_rows(max(len(site.real_submissions), len(site.synthetic_submissions))):
        content = {
            "site": site,
            "part": rows,
            "real": _make_table("overview", site.used_tracks, site.real_submissions, rows),
            "synthetic_table": _make_table(
                "overview-synthetic", site.synthetic_tracks, site.synthetic_submissions, rows
            ),
            "files": downloads,
        }
        yield Page("index.html", f"index{rows.suffix}.html", sources, content)


def find_site_sources(site: SiteSummary) -> ResultSources:
    """Find what the pages of the whole site are made from.

    Args:
        site: All tracks and rows in short.

    Returns:
        The number of results and the day of the newest.
    """
    return ResultSources(len(site.rows), site.newest)


def _make_table(
    table_id: str, tracks: Sequence[TrackSummary], submissions: Sequence[SubmissionSummary], rows: RowRange
) -> OverviewTable:
    shown = submissions[rows.first : rows.last]
    in_part = rows.number == 1 and len(submissions) > len(shown)
    return OverviewTable(table_id, tracks, shown, submissions, in_part)
