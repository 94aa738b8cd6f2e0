"""A work list as one HTML page beside its pictures: no scripts, no network."""

from pathlib import Path

from cxrbench import __version__
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cxrbench_baselines.ct.triage import WorkList
from cxrbench_baselines.ct.triage.picture import SCALE


def write_page(found: WorkList, out: Path) -> Path:
    """Write `index.html` and return its path; the same work list gives the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "index.html"
    path.write_text(page(found), "utf-8")
    return path


def page(found: WorkList) -> str:
    """The page; studies stand in the two orders side by side."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stops = ", ".join(f"rgb{colour} {stop:.0%}" for stop, colour in SCALE)
    rankings = (
        ("covid", "By probability of COVID-19", sorted(found.entries, key=lambda one: one.by_covid)),
        ("severity", "By severity", sorted(found.entries, key=lambda one: one.by_severity)),
    )
    template = environment.get_template("page.html.j2")
    return template.render(found=found, rankings=rankings, stops=stops, version=__version__) + "\n"
