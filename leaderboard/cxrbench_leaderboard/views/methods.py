"""The page of methods: how intervals, tests and ranks are computed, and every metric with a worked example."""

from collections.abc import Iterable

from cxrbench.results.figures import LONGEST
from cxrbench.stats.bootstrap import DRAWS
from cxrbench.stats.intervals import MIN_DEFINED
from cxrbench.stats.panel import LEADING, LEAST
from cxrbench.tasks.figures import BAND_DRAWS

from cxrbench_leaderboard.model import examples
from cxrbench_leaderboard.model.glossary import MEANINGS, PREFIXES
from cxrbench_leaderboard.views.page import Page, ResultSources, list_downloads


def make_methods_page(worked: examples.WorkedExamples, sources: ResultSources, exports: Iterable[str]) -> Page:
    """Make the page of methods.

    Args:
        worked: The worked examples.
        sources: What the site is made from.
        exports: Paths of the files beside the page.

    Returns:
        The page.
    """
    content = {
        "worked": worked,
        "samples": examples,
        "meanings": MEANINGS,
        "prefixes": PREFIXES,
        "draws": DRAWS,
        "min_defined": MIN_DEFINED,
        "counted": LEADING,
        "least": f"{LEAST:g}",
        "longest": LONGEST,
        "band_draws": BAND_DRAWS,
        "files": list_downloads(exports),
    }
    return Page("methods.html", "methods.html", sources, content)
