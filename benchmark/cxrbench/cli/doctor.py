"""`cxrbench doctor`."""

import importlib.util
import platform
import shutil
from dataclasses import asdict, dataclass

import click

from cxrbench.cli.output import data_option, json_option, print_json, print_table

EXTRAS = {
    "baselines": ("torch", "torchvision", "timm", "safetensors"),
    "croissant": ("mlcroissant",),
    "ct": ("nibabel", "SimpleITK"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that this machine has or lacks, and what to do about it."""

    what: str
    state: str
    advice: str = ""


@click.command()
@data_option
@json_option
def doctor(data: str | None, as_json: bool) -> None:
    """Say what this machine has: Python, extras, isolation, browser, data; and how to get what it lacks."""
    found = [Finding("python", platform.python_version()), *_extras(), _isolation(), _browser(), *_datasets(data)]
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        print_table(("what", "state", "advice"), [(one.what, one.state, one.advice) for one in found])


def _extras() -> list[Finding]:
    missing = {extra: [name for name in names if not importlib.util.find_spec(name)] for extra, names in EXTRAS.items()}
    return [
        Finding(f"extra {extra}", f"lacks {', '.join(names)}", f'pip install -e ".[{extra}]"')
        if names
        else Finding(f"extra {extra}", "installed")
        for extra, names in missing.items()
    ]


def _isolation() -> Finding:
    from cxrbench.runner.isolation.sandbox import best_level

    level = best_level()
    advice = {
        "bubblewrap": "",
        "namespaces": "files stay readable to a submission; apt install bubblewrap",
        "none": "run only code that you trust; apt install bubblewrap, and allow user namespaces",
    }
    return Finding("isolation", level, advice[level])


def _browser() -> Finding:
    found = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)
    return Finding("browser", found or "none", "" if found else "the site's browser tests skip; apt install chromium")


def _datasets(data: str | None) -> list[Finding]:
    """Datasets found below the data folder, and how many of their cases have an image there."""
    from cxrbench.datasets import dataset_adapters, load
    from cxrbench.errors import CxrbenchError

    if data is None:
        return [Finding("data", "no folder given", "--data DIR or CXRBENCH_DATA; the phantom needs none")]
    found = []
    for name in dataset_adapters:
        try:
            cases = load(name, data).cases
        except CxrbenchError:
            continue
        found.append(Finding(f"dataset {name}", f"{sum(case.available for case in cases)} of {len(cases)} images"))
    return found
