"""The page of reported values: every number that a paper reports, with its verdict where it was recomputed."""

from collections import Counter
from collections.abc import Iterable

from cxrbench.reported.claims import PAPERS
from cxrbench.reported.verdicts import FILE, load_verdicts

from cxrbench_leaderboard.model.summaries import SiteSummary
from cxrbench_leaderboard.views.overview import find_site_sources
from cxrbench_leaderboard.views.page import Page, list_downloads


def make_reported_page(site: SiteSummary, exports: Iterable[str]) -> Page:
    """Make the page of reported values.

    Args:
        site: All tracks and rows in short, with the reported values.
        exports: Paths of the files beside the page.

    Returns:
        The page.

    Raises:
        DataError: If the file of verdicts does not belong to the reported values.
    """
    content = {
        "by_paper": [(name, [claim for claim in site.claims if claim.paper == name]) for name in PAPERS],
        "n_claims": len(site.claims),
        "by_verdict": dict(sorted(Counter(claim.verdict for claim in site.claims).items())),
        "verdicts": load_verdicts(FILE, {claim.id: claim.value for claim in site.claims}),
        "files": list_downloads(exports),
    }
    return Page("claims.html", "claims.html", find_site_sources(site), content)
