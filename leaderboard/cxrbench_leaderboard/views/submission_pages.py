"""The page of each submission and the exports beside it, from the pieces that its tracks have kept."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from pydantic_core import from_json

from cxrbench_leaderboard.export import export
from cxrbench_leaderboard.model.lines import Entry
from cxrbench_leaderboard.render.pieces import kept
from cxrbench_leaderboard.render.press import Made, Press, downloads
from cxrbench_leaderboard.views.track_pages import Files


def submission_files(press: Press, entries: Iterable[Entry], folder: Path) -> Files:
    """The files of some submissions; `folder` holds the pieces, a file a track."""
    return chain.from_iterable(_files(press, entry, folder) for entry in entries)


def _files(press: Press, entry: Entry, folder: Path) -> Files:
    path, lines = f"submissions/{entry.about.name}.html", list(entry.lines.values())
    pieces = {line.track: kept(folder, line.span) for line in lines}
    files = {
        path.replace(".html", ".csv"): export.stacked([one.csv for one in pieces.values()]),
        path.replace(".html", ".json"): export.joined(len(lines), [one.record for one in pieces.values()], []),
    }
    yield from files.items()
    content = {
        "real": [pieces[line.track] for line in lines if not line.synthetic],
        "drawn": [pieces[line.track] for line in lines if line.synthetic],
        "pieces": list(pieces.values()),
        "newest": from_json(pieces[entry.newest.track].record),
        "files": downloads(files),
    }
    made = Made(len(lines), entry.newest.started[:10])
    yield path, press.page("submission.html", path, made, entry=entry, **content)
