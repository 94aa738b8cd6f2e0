"""The pages of datasets: the list, and the card of each."""

from collections.abc import Iterable, Sequence

from cxrbench.catalog import DatasetCard, read_cards

from cxrbench_leaderboard.model.split_summaries import SplitSummary
from cxrbench_leaderboard.model.summaries import SiteSummary
from cxrbench_leaderboard.views.overview import find_site_sources
from cxrbench_leaderboard.views.page import Page, list_downloads


def make_dataset_list(site: SiteSummary) -> Page:
    """Make the list of datasets.

    Args:
        site: All tracks and rows in short.

    Returns:
        The page.
    """
    return Page(
        "datasets.html", "datasets/index.html", find_site_sources(site), {"cards": sorted(read_cards().items())}
    )


def make_dataset_page(
    site: SiteSummary, name: str, card: DatasetCard, splits: Sequence[SplitSummary], exports: Iterable[str]
) -> Page:
    """Make the page of a dataset.

    Args:
        site: All tracks and rows in short.
        name: The dataset.
        card: Its card.
        splits: Its splits.
        exports: Paths of the files beside the page.

    Returns:
        The page.
    """
    content = {
        "name": name,
        "card": card,
        "splits": splits,
        "tracks": [track for track in site.tracks if track.dataset == name],
        "files": list_downloads(exports),
    }
    return Page("dataset.html", f"datasets/{name}.html", find_site_sources(site), content)
