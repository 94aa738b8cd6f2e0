"""The gallery: twelve studies of the phantom in pictures."""

from collections.abc import Iterable

from cxrbench_leaderboard.model.gallery import list_exhibits
from cxrbench_leaderboard.views.page import Page, ResultSources, list_downloads


def make_gallery_page(sources: ResultSources, exports: Iterable[str]) -> Page:
    """Make the gallery page.

    Args:
        sources: What the site is made from.
        exports: Paths of the files beside the page.

    Returns:
        The page.
    """
    content = {"exhibits": list_exhibits(), "files": list_downloads(exports)}
    return Page("gallery.html", "gallery.html", sources, content)
