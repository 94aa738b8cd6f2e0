"""Record every number that users see, so that a change of the structure can be shown to change none of them.

`python tests/record_numbers.py OUT.json --data DIR` builds the site from the committed results, scores the published
predictions of Danilov et al. (with real data alone) and evaluates three submissions on the phantom. Provenance, speed
and prose are left out. `python tests/record_numbers.py --compare BEFORE.json AFTER.json` lists what differs.
"""

import csv
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {"provenance", "cost", "benchmark", "generator", "commit", "sandbox"}
"""Fields that may differ between two runs of the same program."""
COSTS = ("images_per_second", "latency", "peak_memory", "seconds", "commit", "device", "version", "started")
PUBLISHED = (
    "covid_net",
    "bsnet",
    "Unet",
    "Unet++",
    "DeepLabV3",
    "DeepLabV3+",
    "FPN",
    "Linknet",
    "PSPNet",
    "PAN",
    "MAnet",
)
EVALUATED = {
    "zone-medians": "brixia-severity/phantom/test",
    "zone-texture": "brixia-severity/phantom/test",
    "hu-thresholding": "ct-triage/phantom-ct/test",
}


def list_numbers(value: object, place: str = "") -> Iterator[tuple[str, float]]:
    """Every number below a JSON value with its path; the fields in `LEFT_OUT` are passed over."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in LEFT_OUT:
                yield from list_numbers(item, f"{place}/{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from list_numbers(item, f"{place}/{i}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def list_cells(path: Path) -> Iterator[tuple[str, float]]:
    """Every number of a CSV table with its row and column."""
    with path.open(encoding="utf-8", newline="") as lines:
        for i, row in enumerate(csv.DictReader(lines)):
            for column, text in row.items():
                if not any(cost in column for cost in COSTS):
                    try:
                        yield f"/{i}/{column}", float(text)
                    except (TypeError, ValueError):
                        continue


def run(*arguments: object) -> str:
    """Run the command line and return what it prints."""
    command = [sys.executable, "-m", "cxrbench", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def record_site(folder: Path) -> dict[str, float]:
    """The numbers of every export of the site that is built from the committed results."""
    run("leaderboard", "build", "--results", "submissions", "--out", folder)
    numbers: dict[str, float] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".json" and name != "cxrbench-leaderboard.json":
            document = json.loads(path.read_text("utf-8"))
            numbers |= {f"{name}{place}": value for place, value in list_numbers(document)}
        elif path.suffix == ".csv":
            numbers |= {f"{name}{place}": value for place, value in list_cells(path)}
    return {place: value for place, value in numbers.items() if not any(cost in place for cost in COSTS)}


def record_scores(data: Path, folder: Path) -> dict[str, float]:
    """The numbers of `score` on the predictions that Danilov et al. published, and on the junior radiologist."""
    numbers: dict[str, float] = {}
    shared = ("--data", data, "--json", "--out", folder)
    track = "zone-severity/danilov/test"
    for system in PUBLISHED:
        text = run("score", "--published", system, "--name", "it", "--track", track, "--partial", *shared)
        numbers |= {f"{system}{place}": value for place, value in list_numbers(json.loads(text))}
    text = run("score", "--rater", "junior", "--track", "brixia-severity/brixia-cohen/test", *shared)
    return numbers | {f"junior{place}": value for place, value in list_numbers(json.loads(text))}


def record_evaluations(folder: Path) -> dict[str, float]:
    """The numbers of `evaluate` on the phantom."""
    numbers: dict[str, float] = {}
    for name, track in EVALUATED.items():
        text = run(
            "evaluate", f"submissions/{name}/submission.py", "--track", track, "--fresh", "--json", "--out", folder
        )
        numbers |= {f"{name}{place}": value for place, value in list_numbers(json.loads(text))}
    return numbers


def compare_records(before: Path, after: Path) -> list[str]:
    """One line per number that differs, is missing or is new."""
    old, new = (json.loads(path.read_text("utf-8")) for path in (before, after))
    return [
        f"{part}:{place}: {old.get(part, {}).get(place)} became {new.get(part, {}).get(place)}"
        for part in sorted({*old, *new})
        for place in sorted({*old.get(part, {}), *new.get(part, {})})
        if not is_same(old.get(part, {}).get(place), new.get(part, {}).get(place))
    ]


def is_same(before: float | None, after: float | None) -> bool:
    """Whether both are there and agree to twelve digits."""
    return before is not None and after is not None and math.isclose(before, after, rel_tol=1e-12, abs_tol=1e-12)


@click.command()
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Real data, for the published part.")
@click.option("--compare", is_flag=True, help="Compare two records instead of making one.")
def main(paths: tuple[Path, ...], data: Path | None, *, compare: bool) -> None:
    """Write a record to the one path given, or compare two."""
    if compare:
        lines = compare_records(*paths)
        click.echo("\n".join([*lines[:50], f"{len(lines)} numbers differ"]))
        sys.exit(bool(lines))
    with TemporaryDirectory() as folder:
        numbers = {"site": record_site(Path(folder, "site")), "evaluate": record_evaluations(Path(folder, "runs"))}
        if data is not None:
            numbers["score"] = record_scores(data.resolve(), Path(folder, "scores"))
    paths[0].write_text(json.dumps(numbers, indent=0, sort_keys=True), "utf-8")
    click.echo(", ".join(f"{part}: {len(values)} numbers" for part, values in numbers.items()))


if __name__ == "__main__":
    main()
