"""The pages of splits: the list, and for each its origin, parts, audit, balance and citation."""

from collections.abc import Iterable, Sequence

from cxrbench_leaderboard.model.split_summaries import SplitSummary
from cxrbench_leaderboard.model.summaries import SiteSummary
from cxrbench_leaderboard.views.overview import find_site_sources
from cxrbench_leaderboard.views.page import Page, list_downloads


def make_split_list(site: SiteSummary, splits: Sequence[SplitSummary], exports: Iterable[str]) -> Page:
    """Make the list of splits.

    Args:
        site: All tracks and rows in short.
        splits: All splits.
        exports: Paths of the files beside the page.

    Returns:
        The page.
    """
    content = {"splits": splits, "files": list_downloads(exports)}
    return Page("splits.html", "splits/index.html", find_site_sources(site), content)


def make_split_page(site: SiteSummary, split: SplitSummary, exports: Iterable[str]) -> Page:
    """Make the page of a split.

    Args:
        site: All tracks and rows in short.
        split: The split.
        exports: Paths of the files beside the page.

    Returns:
        The page.
    """
    label = split.head.label
    content = {
        "split": split,
        "tracks": [track for track in site.tracks if track.split_label == label],
        "files": list_downloads(exports),
    }
    return Page("split.html", f"splits/{label}.html", find_site_sources(site), content)
