"""The files of the site by kind of page: the exports beside a page, then the page itself.

Files are given one after the other, so that they need not all be in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from cxrbench.catalog import DatasetCard, read_cards
from cxrbench.splits import list_splits
from pydantic_core import from_json

from cxrbench_leaderboard.export import bibtex, csv_tables, json_files
from cxrbench_leaderboard.export.csv_text import stack_tables
from cxrbench_leaderboard.export.records import to_split_record
from cxrbench_leaderboard.model.boards import Board
from cxrbench_leaderboard.model.evidence import TrackEvidence, collect_evidence
from cxrbench_leaderboard.model.examples import compute_examples
from cxrbench_leaderboard.model.gallery import list_thumbnails
from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.split_summaries import SplitSummary, summarize_split
from cxrbench_leaderboard.model.summaries import SiteSummary, SubmissionSummary
from cxrbench_leaderboard.render import submission_rows
from cxrbench_leaderboard.render.renderer import Renderer
from cxrbench_leaderboard.views.datasets import make_dataset_list, make_dataset_page
from cxrbench_leaderboard.views.gallery import make_gallery_page
from cxrbench_leaderboard.views.methods import make_methods_page
from cxrbench_leaderboard.views.overview import find_site_sources, list_overview_pages
from cxrbench_leaderboard.views.page import Page
from cxrbench_leaderboard.views.reported import make_reported_page
from cxrbench_leaderboard.views.splits import make_split_list, make_split_page
from cxrbench_leaderboard.views.submission import SubmissionRow, make_submission_page
from cxrbench_leaderboard.views.track import list_track_pages

SiteFile = tuple[str, str | bytes]
"""A file of the site: path and content."""


def list_track_files(renderer: Renderer, board: Board, rows_table: str) -> Iterator[SiteFile]:
    """List the files of a track.

    Args:
        renderer: The renderer.
        board: The track.
        rows_table: Its rows as CSV.

    Yields:
        The exports, then the pages.
    """
    evidence = collect_evidence(board)
    contents = _list_track_exports(board, evidence, rows_table)
    exports = {f"tracks/{board.file}{ending}": content for ending, content in contents.items() if content}
    yield from exports.items()
    yield from _render_pages(renderer, list_track_pages(board, evidence, exports))


def _list_track_exports(board: Board, evidence: TrackEvidence, rows_table: str) -> dict[str, str]:
    """The exports by the end of their names, empty where there is nothing to export."""
    claims = [claim for system in board.systems for claim in system.claims.values()]
    return {
        ".csv": csv_tables.write_metrics(board),
        ".rows.csv": rows_table,
        ".claims.csv": csv_tables.write_claims(claims),
        ".json": json_files.write_results(board),
        ".bib": bibtex.cite_track(board),
        ".tests.csv": csv_tables.write_tests(board, evidence),
        ".figures.csv": csv_tables.write_figures(board, evidence.figures),
    }


def _render_pages(renderer: Renderer, pages: Iterator[Page]) -> Iterator[SiteFile]:
    return ((page.path, renderer.render(page)) for page in pages)


def make_submission_row(board: Board, row: Row) -> SubmissionRow:
    """Make a row's part of its submission's page.

    Args:
        board: The track.
        row: A row of the track.

    Returns:
        The part, rendered.
    """
    return SubmissionRow(
        scores=submission_rows.render_scores(board, row),
        run=submission_rows.render_run(board, row),
        cases=submission_rows.render_cases(board, row),
        record=json_files.write_record(board, row),
        csv=csv_tables.write_row(board, row),
    )


def list_submission_files(
    renderer: Renderer, submission: SubmissionSummary, rows: Sequence[SubmissionRow]
) -> Iterator[SiteFile]:
    """List the files of a submission.

    Args:
        renderer: The renderer.
        submission: The submission.
        rows: Its rows, in the order of `submission.rows`.

    Yields:
        The exports, then the page.
    """
    base = f"submissions/{submission.about.name}"
    exports = {
        f"{base}.csv": stack_tables([row.csv for row in rows]),
        f"{base}.json": json_files.join_records(len(rows), [row.record for row in rows], []),
    }
    yield from exports.items()
    newest = rows[list(submission.rows).index(submission.newest.track)]
    page = make_submission_page(submission, rows, from_json(newest.record), exports)
    yield page.path, renderer.render(page)


def list_site_files(
    renderer: Renderer, site: SiteSummary, tables: Sequence[Path], records: Sequence[Path]
) -> Iterator[SiteFile]:
    """List every file of the site except those of tracks and of submissions.

    Args:
        renderer: The renderer.
        site: All tracks and rows in short.
        tables: Files with the rows of each track as CSV.
        records: Files with the rows of each track as JSON objects to join.

    Returns:
        The exports and the pages.
    """
    splits = [summarize_split(head) for head in list_splits()]
    return chain(
        _list_overview_files(renderer, site, tables, records),
        _list_reported_files(renderer, site),
        _list_methods_files(renderer, site),
        _list_gallery_files(renderer, site),
        _list_dataset_files(renderer, site, splits),
        _list_split_files(renderer, site, splits),
    )


def _list_overview_files(
    renderer: Renderer, site: SiteSummary, tables: Sequence[Path], records: Sequence[Path]
) -> Iterator[SiteFile]:
    exports = {
        "leaderboard.csv": stack_tables(_read_texts(tables)),
        "leaderboard.json": json_files.join_records(len(site.rows), _read_texts(records), site.tracks),
        "leaderboard.bib": bibtex.cite_benchmark(),
    }
    yield from exports.items()
    yield from _render_pages(renderer, list_overview_pages(site, exports))


def _read_texts(files: Sequence[Path]) -> list[str]:
    return [file.read_bytes().decode("utf-8") for file in files]


def _list_reported_files(renderer: Renderer, site: SiteSummary) -> Iterator[SiteFile]:
    exports = {
        "claims.csv": csv_tables.write_claims(site.claims),
        "claims.json": json_files.write_claims(site.claims),
        "claims.bib": bibtex.cite_papers(),
    }
    yield from _add_page(renderer, exports, make_reported_page(site, exports))


def _list_methods_files(renderer: Renderer, site: SiteSummary) -> Iterator[SiteFile]:
    worked = compute_examples()
    exports = {"methods.csv": csv_tables.write_examples(worked)}
    yield from _add_page(renderer, exports, make_methods_page(worked, find_site_sources(site), exports))


def _list_gallery_files(renderer: Renderer, site: SiteSummary) -> Iterator[SiteFile]:
    exports = {"gallery.csv": csv_tables.write_gallery()}
    yield from ((f"phantom/{study}.webp", file.read_bytes()) for study, file in list_thumbnails().items())
    yield from _add_page(renderer, exports, make_gallery_page(find_site_sources(site), exports))


def _list_dataset_files(renderer: Renderer, site: SiteSummary, splits: Sequence[SplitSummary]) -> Iterator[SiteFile]:
    yield from _add_page(renderer, {}, make_dataset_list(site))
    for name, card in read_cards().items():
        chosen = [split for split in splits if split.head.dataset == name]
        exports = _list_dataset_exports(name, card, chosen)
        yield from _add_page(renderer, exports, make_dataset_page(site, name, card, chosen, exports))


def _list_dataset_exports(name: str, card: DatasetCard, splits: Sequence[SplitSummary]) -> dict[str, str]:
    return {
        f"datasets/{name}.json": json_files.write_card(name, card, splits),
        f"datasets/{name}.bib": bibtex.cite_dataset(card, splits),
    }


def _list_split_files(renderer: Renderer, site: SiteSummary, splits: Sequence[SplitSummary]) -> Iterator[SiteFile]:
    records = [to_split_record(split) for split in splits]
    exports = {"splits/splits.json": json_files.write_json(records)}
    yield from _add_page(renderer, exports, make_split_list(site, splits, exports))
    for split, record in zip(splits, records, strict=True):
        base = f"splits/{split.head.label}"
        exports = {f"{base}.json": json_files.write_json(record), f"{base}.bib": f"{split.bibtex}\n"}
        yield from _add_page(renderer, exports, make_split_page(site, split, exports))


def _add_page(renderer: Renderer, exports: Mapping[str, str], page: Page) -> Iterator[SiteFile]:
    yield from exports.items()
    yield page.path, renderer.render(page)
