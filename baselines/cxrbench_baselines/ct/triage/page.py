"""A work list as one HTML page in the folder of its pictures: no scripts, no network."""

from pathlib import Path

from cxrbench import __version__
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cxrbench_baselines.ct.triage import WorkList
from cxrbench_baselines.ct.triage.picture import COLOUR_SCALE


def write_page(work_list: WorkList, out: Path) -> Path:
    """Write `index.html`; the same work list gives the same bytes.

    Args:
        work_list: The work list, with its pictures in `out/pictures`.
        out: Folder of the page.

    Returns:
        The page's path.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "index.html"
    path.write_text(render_page(work_list), "utf-8")
    return path


def render_page(work_list: WorkList) -> str:
    """Render the page, with the two rankings side by side.

    Args:
        work_list: The work list.

    Returns:
        The HTML.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stops = ", ".join(f"rgb{colour} {stop:.0%}" for stop, colour in COLOUR_SCALE)
    rankings = (
        ("covid", "By probability of COVID-19", sorted(work_list.entries, key=lambda entry: entry.by_covid)),
        ("severity", "By severity", sorted(work_list.entries, key=lambda entry: entry.by_severity)),
    )
    template = environment.get_template("page.html.j2")
    return template.render(work_list=work_list, rankings=rankings, stops=stops, version=__version__) + "\n"
