"""What to cite: the benchmark, the splits and datasets, the papers whose values are reported."""

from collections.abc import Iterable

import cxrbench
from cxrbench.catalog import DatasetCard
from cxrbench.reported.claims import PAPERS
from cxrbench.splits import format_bibtex

from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.split_summaries import SplitSummary


def cite_track(board: Board) -> str:
    """Cite a track: its split with the hash, its dataset, the papers with reported values.

    Args:
        board: The track.

    Returns:
        The BibTeX file.
    """
    papers = dict.fromkeys(system.paper for system in board.systems)
    return _join_entries(
        [format_bibtex(board.split), board.card.citation.strip(), *(_cite_paper(name) for name in papers)]
    )


def cite_benchmark() -> str:
    """Cite the benchmark itself."""
    lines = ("title = {{cxrbench}}", "author = {{The cxrbench developers}}", f"version = {{{cxrbench.__version__}}}")
    return "@software{cxrbench,\n" + "".join(f"  {line},\n" for line in lines) + "}\n"


def cite_dataset(card: DatasetCard, splits: Iterable[SplitSummary]) -> str:
    """Cite a dataset and its splits.

    Args:
        card: The card of the dataset.
        splits: Its splits.

    Returns:
        The BibTeX file.
    """
    return _join_entries([card.citation.strip(), *(split.bibtex for split in splits)])


def cite_papers() -> str:
    """Cite the papers whose values are reported."""
    return _join_entries([_cite_paper(name) for name in sorted(PAPERS)])


def _join_entries(entries: Iterable[str]) -> str:
    return "\n\n".join(entry for entry in entries if entry) + "\n"


def _cite_paper(name: str) -> str:
    paper = PAPERS[name]
    fields = f"  title = {{{paper.title}}},\n  author = {{{paper.author}}},\n  year = {{{paper.year}}},\n"
    return f"@misc{{{name},\n{fields}}}"
