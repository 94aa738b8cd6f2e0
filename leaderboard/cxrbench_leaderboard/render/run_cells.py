"""Cells that say how a row was made: coverage, isolation, rank, cost, device, date."""

from cxrbench.results.schema import Cost, Coverage
from cxrbench.stats import Rank

from cxrbench_leaderboard.model.rows import Row
from cxrbench_leaderboard.model.text import format_magnitude, format_number
from cxrbench_leaderboard.render.cells import Cell, escape_text, join_cells, make_missing_cell, make_number_cell

MEBIBYTE = 1048576


def make_rank_cell(row: Row, *, exact: bool = True, total: int | None = None) -> Cell:
    """Make the cell of a rank with its 95 % interval.

    Args:
        row: The row.
        exact: Whether the cell carries the exact values.
        total: The number of ranked rows, where the cell says it.

    Returns:
        The cell; a dash for a row that is not ranked.
    """
    if row.rank is None:
        return make_missing_cell("rank")
    of = f' of <span data-value="{total}">{total}</span>' if total is not None else ""
    start = Cell('<td class="num" data-key="rank"')
    number = join_cells(make_exact_value(row.rank) if exact else Cell(""), Cell(f">%s{of}", (str(row.rank),)))
    return join_cells(start, number, make_rank_interval(row.ranking, exact=exact), Cell("</td>"))


def make_exact_value(value: float) -> Cell:
    """Make the attribute with the exact value of a cell.

    Args:
        value: The value.

    Returns:
        The attribute, as a part of a cell.
    """
    return Cell(' data-value="%s"', (str(value),))


def make_rank_interval(ranking: Rank | None, *, exact: bool = True) -> Cell:
    """Make the 95 % rank interval of a row, as a part of a cell.

    Args:
        ranking: The rank of the row.
        exact: Whether the part carries the exact values.

    Returns:
        The interval; nothing where the row has none.
    """
    if ranking is None or ranking.low is None:
        return Cell("")
    low, high = str(ranking.low), str(ranking.high)
    bounds = Cell(' data-low="%s" data-high="%s"', (low, high)) if exact else Cell("")
    shown = Cell("%s", (low,)) if low == high else Cell("%s\N{EN DASH}%s", (low, high))
    start, label = Cell(' <span class="rank-interval"'), Cell(">95&nbsp;%% rank interval <b>")
    return join_cells(start, bounds, label, shown, Cell("</b></span>"))


def make_coverage_cell(cover: Coverage) -> Cell:
    """Make the cell of the cases with a prediction.

    Args:
        cover: The coverage of the row.

    Returns:
        The cell.
    """
    pattern = '<td class="num" data-key="predicted" data-value="%s">%s / <span data-value="%s">%s</span></td>'
    return Cell(pattern, (str(cover.predicted), str(cover.predicted), str(cover.expected), str(cover.expected)))


def make_isolation_cell(row: Row) -> Cell:
    """Make the cell of the isolation.

    Args:
        row: The row.

    Returns:
        The cell.
    """
    return Cell('<td data-key="isolation">%s</td>', (escape_text(row.isolation),))


def list_cost_cells(cost: Cost) -> list[Cell]:
    """List what a run cost: parameters, operations, images per second, latency, memory.

    Args:
        cost: The cost of the row.

    Returns:
        One cell per cost, a dash for one that was not measured.
    """
    memory = cost.peak_memory_bytes
    cells = [
        make_number_cell(value, format_magnitude(value), key)
        for key, value in (("parameters", cost.parameters), ("macs", cost.macs))
    ]
    latency = (cost.latency_ms.p50, cost.latency_ms.p95) if cost.latency_ms else (None, None)
    keys = ("images_per_second", "latency_p50_ms", "latency_p95_ms")
    cells += [
        make_number_cell(value, format_number(value, 1), key)
        for key, value in zip(keys, (cost.images_per_second, *latency), strict=True)
    ]
    mebibytes = None if memory is None else format_number(memory / MEBIBYTE, 0)
    return [*cells, make_number_cell(memory, mebibytes, "peak_memory_bytes")]


def make_device_cell(row: Row) -> Cell:
    """Make the cell of the device.

    Args:
        row: The row.

    Returns:
        The cell.
    """
    return Cell('<td data-key="device">%s</td>', (escape_text(row.device),))


def make_date_cell(row: Row) -> Cell:
    """Make the cell of the day (UTC) of the run.

    Args:
        row: The row.

    Returns:
        The cell.
    """
    started = row.file.started
    pattern = '<td data-key="started"><time datetime="%s">%s</time></td>'
    return Cell(pattern, (started.isoformat(), str(started.date())))
