"""Exports: the rows of the pages as CSV, JSON and BibTeX, with all digits.

CSV is tidy, a line a number. Text that a spreadsheet would take for a formula gets an apostrophe in front there.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

import cxrbench
from cxrbench.catalog import Card
from cxrbench.reported.claims import PAPERS, Claim
from cxrbench.results.schema import MetricValue
from cxrbench.splits import format_bibtex
from cxrbench.stats import Gap
from pydantic_core import to_json

from cxrbench_leaderboard.model.evidence import Grid, Pictured, figure_lines, told_apart
from cxrbench_leaderboard.model.examples import Examples
from cxrbench_leaderboard.model.rows import Board, Row

Fields = dict[str, Any]
"""One line of a table, or one object of a JSON file; made here and written here."""
MEASURED = ("value", "low", "high", "n", "n_patients", "undefined", "better", "note")
"""Fields of a metric, in the order of the columns."""
measured = attrgetter(*MEASURED)


def metrics_csv(board: Board) -> str:
    """A line for each metric of each row, subgroups included."""
    head = ",".join(("submission", "rank", "subgroup", "metric", *MEASURED))
    lines = "".join(chain.from_iterable(map(_lines, board.rows)))
    return f"{head}\n{lines}" if lines else ""


def row_csv(board: Board, row: Row) -> str:
    """The line of a row under its heading: its primary metric, and everything that is not a metric."""
    return _csv([_short(board, row)])


def stacked(tables: Sequence[str]) -> str:
    """Tables with one and the same heading as one table."""
    lines = [table.partition("\n") for table in tables]
    return "".join([*(f"{head}\n" for head, _, _ in lines[:1]), *(rest for _, _, rest in lines)])


def shorts(board: Board) -> str:
    """Every row in short, JSON objects to join: what the overview shows of it, and what `row_csv` says."""
    return ",\n".join(_quick_json(_short(board, row)) for row in board.rows)


def record(board: Board, row: Row) -> str:
    """The same with provenance and cases: what its submission's page shows of it."""
    return _quick_json(_record(board, row))


def joined(n: int, records: Sequence[str], tracks: Sequence[str]) -> str:
    """`n` rows, one or several in a text, with what their tracks are, as one JSON file."""
    return f'{{"n_results": {n},\n"results": [\n{_items(records)}],\n"tracks": [\n{_items(tracks)}]}}\n'


def _items(objects: Sequence[str]) -> str:
    return ",\n".join(objects) + "\n" if objects else ""


def track_record(board: Board) -> str:
    """A track without its rows as JSON."""
    return _json(_track(board)).rstrip("\n")


def results_json(board: Board) -> str:
    """Everything on a track: every metric of every row, and the printed claims beside them."""
    claims = [_claim(claim) for system in board.systems for claim in system.claims.values()]
    return _quick_json({**_track(board), "rows": [_row(board, row) for row in board.rows], "claims": claims}) + "\n"


def tests_csv(board: Board, *grids: Grid | None) -> str:
    """A line for each pair of rows that was tested, in each of the grids."""
    return _csv([_test(board, grid, gap) for grid in grids if grid for gap in grid.cells.values()])


def _test(board: Board, grid: Grid, gap: Gap) -> Fields:
    return {
        "track": board.name,
        "metric": board.primary,
        "left": gap.left,
        "right": gap.right,
        "left_is_better_by": exact(gap.score.value),
        "low": exact(gap.score.low),
        "high": exact(gap.score.high),
        "p": exact_p(gap.p),
        "p_holm": exact_p(gap.p_holm),
        "pairs_corrected": grid.family,
        "told_apart": told_apart(gap),
        "on_the_metric_itself": grid.exact,
        "n": gap.score.n,
        "n_patients": gap.score.n_patients,
    }


def figures_csv(board: Board, pictures: Sequence[Pictured]) -> str:
    """A line for each number in the figures of a track's page."""
    lines = [(one.row.result.submission.name, line) for one in pictures for line in figure_lines(one.row)]
    keys = ("figure", "kind", "row", "column", "value")
    return _csv(
        [{"track": board.name, "submission": name, **dict(zip(keys, line, strict=True))} for name, line in lines]
    )


def methods_csv(worked: Examples) -> str:
    """A line for each number of the worked examples."""
    return _csv([dict(zip(("example", "name", "value"), line, strict=True)) for line in worked.lines])


def exact(value: float | None) -> float | None:
    """A computed number with the digits that do not depend on the machine."""
    return None if value is None else round(value, 9)


def exact_p(value: float | None) -> float | None:
    """The same of a p-value: six digits, however small.

    >>> exact_p(1.23456789e-8)
    1.23457e-08
    """
    return None if value is None else float(f"{value:.6g}")


def claims_csv(claims: Sequence[Claim]) -> str:
    """A line for each printed claim, digits as printed."""
    return _csv([_claim(claim) for claim in claims])


def claims_json(claims: Sequence[Claim]) -> str:
    """The same claims; numbers as text, so that printed zeros stay."""
    by_paper = dict(sorted(Counter(claim.paper for claim in claims).items()))
    by_verdict = dict(sorted(Counter(claim.verdict for claim in claims).items()))
    return _json(
        {
            "n": len(claims),
            "n_by_paper": by_paper,
            "n_by_verdict": by_verdict,
            "claims": [_claim(claim) for claim in claims],
        }
    )


def track_bib(board: Board) -> str:
    """What to cite for a track: its split with the hash, its dataset, and the papers with printed claims."""
    papers = dict.fromkeys(system.paper for system in board.systems)
    entries = [format_bibtex(board.split), board.card.citation.strip(), *(_paper(name) for name in papers)]
    return "\n\n".join(entry for entry in entries if entry) + "\n"


def site_bib() -> str:
    """What to cite for the benchmark itself."""
    lines = ("title = {{cxrbench}}", "author = {{The cxrbench developers}}", f"version = {{{cxrbench.__version__}}}")
    return "@software{cxrbench,\n" + "".join(f"  {line},\n" for line in lines) + "}\n"


def card_json(name: str, card: Card, splits: Sequence[Fields]) -> str:
    """A dataset's card with its splits: parts, sizes, hashes."""
    return _json({"name": name, **card.model_dump(mode="json"), "splits": list(splits)})


def objects(content: Fields | Sequence[Fields]) -> str:
    """Objects made elsewhere as a JSON file."""
    return _json(content)


def papers_bib() -> str:
    """The papers whose claims are shown."""
    return "\n\n".join(_paper(name) for name in sorted(PAPERS)) + "\n"


def _paper(name: str) -> str:
    paper = PAPERS[name]
    fields = f"  title = {{{paper.title}}},\n  author = {{{paper.author}}},\n  year = {{{paper.year}}},\n"
    return f"@misc{{{name},\n{fields}}}"


def _lines(row: Row) -> Iterator[str]:
    """The lines of a row, put together by hand: a large site has a million."""
    rank = "" if row.rank is None else row.rank
    for subgroup, metrics in [("", row.result.metrics), *sorted(row.result.subgroups.items())]:
        start = f"{_quoted(row.result.submission.name)},{rank},{_quoted(subgroup)}"
        for key, metric in sorted(metrics.items()):
            value, low, high, n, n_patients, undefined, better, note = measured(metric)
            numbers = f"{value},{low},{high}" if low is not None else f"{'' if value is None else value},,"
            words = f"{_quoted(undefined)},{better},{_quoted(note)}" if undefined or note else f",{better},"
            yield f"{start},{_quoted(key)},{numbers},{n},{n_patients},{words}\n"


@lru_cache(maxsize=4096)
def _quoted(text: str | None) -> str:
    """A text as a cell of a table."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([_text(text), ""])
    return out.getvalue()[:-1]


def _head(board: Board, row: Row) -> Fields:
    about = row.result.submission
    return {
        "track": board.name,
        "synthetic": row.result.track.synthetic,
        "rank": row.rank,
        "rank_low": row.place.low if row.place else None,
        "rank_high": row.place.high if row.place else None,
        "rank_group": row.place.group if row.place else None,
        "of": len(board.ranked),
        "not_ranked": "; ".join(row.reasons),
        "submission": about.name,
        "title": about.title,
        "authors": about.authors,
        "url": about.url,
        "kind": about.kind,
        "predicted": row.result.coverage.predicted,
        "expected": row.result.coverage.expected,
        "unlabelled": row.result.coverage.unlabelled,
        "trained_on": " ".join(about.trained_on),
        "patients_seen": about.patients_seen,
        "sandbox": row.result.sandbox,
    }


def _tail(row: Row) -> Fields:
    result, cost = row.result, row.result.cost
    return {
        "parameters": cost.parameters,
        "macs": cost.macs,
        "images_per_second": cost.images_per_second,
        "latency_p50_ms": cost.latency_ms.p50 if cost.latency_ms else None,
        "latency_p95_ms": cost.latency_ms.p95 if cost.latency_ms else None,
        "peak_memory_bytes": cost.peak_memory_bytes,
        "device": cost.device,
        "batch_size": cost.batch_size,
        "threads": cost.threads,
        "workers": cost.workers,
        "benchmark_version": result.benchmark.version,
        "benchmark_commit": result.benchmark.commit,
        "split_version": result.track.split_version,
        "split_sha256": result.track.split_sha256,
        "submission_sha256": result.submission.sha256,
        "result_sha256": row.source.sha256,
        "started": row.source.started.isoformat(),
        "seconds": row.result.provenance.seconds,
    }


def _short(board: Board, row: Row) -> Fields:
    return {**_head(board, row), "metric": board.primary, **vars(row.primary), **_tail(row)}


def _record(board: Board, row: Row) -> Fields:
    result = row.result
    return {
        **_head(board, row),
        "trained_on": list(result.submission.trained_on),
        "metric": board.primary,
        **vars(row.primary),
        **_tail(row),
        "result_file": row.source.place,
        "predictions": result.predictions and result.predictions.model_dump(mode="json"),
        "extremes": result.extremes and result.extremes.model_dump(mode="json"),
        "provenance": result.provenance.model_dump(mode="json"),
    }


def _track(board: Board) -> Fields:
    return {
        "track": board.name,
        "task": board.track.task,
        "dataset": board.track.dataset,
        "split": board.track.split,
        "part": board.track.part,
        "split_version": board.split.version,
        "split_sha256": board.split.sha256,
        "synthetic": board.card.synthetic,
        "primary": board.primary,
        "better": board.better(board.primary),
        "n_cases": len(board.cases),
        "n_patients": board.n_patients,
        "n_ranked": len(board.ranked),
        "n_not_ranked": len(board.unranked),
        "n_printed": board.n_printed,
        "n_checked": board.n_checked,
    }


def _row(board: Board, row: Row) -> Fields:
    return {
        **_head(board, row),
        "trained_on": list(row.result.submission.trained_on),
        "without_prediction": dict(row.failures),
        "metrics": _metrics(row.result.metrics),
        "subgroups": {name: _metrics(metrics) for name, metrics in row.result.subgroups.items()},
        **_tail(row),
    }


def _metrics(metrics: Mapping[str, MetricValue]) -> Fields:
    return {key: vars(metric) for key, metric in metrics.items()}


def _claim(claim: Claim) -> Fields:
    checked = claim.checked
    return {
        "id": claim.id,
        "paper": claim.paper,
        "where": claim.where,
        "system": claim.system,
        "task": claim.task,
        "dataset": claim.dataset,
        "part": claim.part,
        "subgroup": claim.subgroup,
        "metric": claim.metric,
        "printed": format(claim.value, "f"),
        "spread": None if claim.spread is None else format(claim.spread, "f"),
        "n": claim.n,
        "unit": claim.unit,
        "track": claim.track,
        "key": claim.key,
        "in_our_sign": format(claim.comparable, "f"),
        "verdict": claim.verdict,
        "recomputed": None if checked is None else checked.recomputed,
        "recomputed_in_our_sign": claim.recomputed,
        "recomputed_n": None if checked is None else checked.n,
        "reason": "" if checked is None else checked.reason,
        "note": claim.note,
    }


def _json(content: Fields | Sequence[Fields]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _quick_json(content: Fields) -> str:
    """The same for rows by the thousand, keys in the order given; a result that was read holds finite numbers alone."""
    return to_json(content).decode("utf-8")


def _csv(lines: Sequence[Fields]) -> str:
    return _written(list(lines[0]), ([_cell(value) for value in line.values()] for line in lines)) if lines else ""


def _written(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """A table whose cells are safe by now; nothing where it has no line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    empty = out.tell()
    writer.writerows(lines)
    return out.getvalue() if out.tell() > empty else ""


def _cell(value: Any) -> Any:
    """What a spreadsheet may read: booleans in words, and no text that begins as a formula does, numbers aside."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _text(value) if isinstance(value, str) else value


def _text(value: str | None) -> str | None:
    if value and value[0] in "=+-@\t\r" and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None
