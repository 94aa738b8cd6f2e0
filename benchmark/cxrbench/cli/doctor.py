"""`cxrbench doctor`."""

import importlib.util
import platform
import shutil
from dataclasses import asdict, dataclass

import click

from cxrbench.cli.output import add_data_option, add_json_option, print_json, print_table

EXTRAS = {
    "baselines": ("torch", "torchvision", "timm", "safetensors"),
    "croissant": ("mlcroissant",),
    "ct": ("nibabel", "SimpleITK"),
}


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One item that this machine has or lacks, and what to do about it."""

    what: str
    state: str
    advice: str = ""


@click.command()
@add_data_option
@add_json_option
def doctor(data: str | None, as_json: bool) -> None:
    """Check what this machine has: Python, extras, isolation, browser, data; and how to install what is missing."""
    findings = [
        DoctorFinding("python", platform.python_version()),
        *_check_extras(),
        _check_isolation(),
        _find_browser(),
        *_count_images(data),
    ]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table(
            ("what", "state", "advice"), [(finding.what, finding.state, finding.advice) for finding in findings]
        )


def _check_extras() -> list[DoctorFinding]:
    missing = {extra: [name for name in names if not importlib.util.find_spec(name)] for extra, names in EXTRAS.items()}
    return [
        DoctorFinding(f"extra {extra}", f"lacks {', '.join(names)}", f'pip install -e ".[{extra}]"')
        if names
        else DoctorFinding(f"extra {extra}", "installed")
        for extra, names in missing.items()
    ]


def _check_isolation() -> DoctorFinding:
    from cxrbench.runner.isolation.sandbox import find_best_level

    level = find_best_level()
    advice = {
        "bubblewrap": "",
        "namespaces": "submissions can read your files; apt install bubblewrap",
        "none": "run only code that you trust; apt install bubblewrap, and allow user namespaces",
    }
    return DoctorFinding("isolation", level, advice[level])


def _find_browser() -> DoctorFinding:
    browser = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)
    if browser is None:
        return DoctorFinding("browser", "none", "browser tests of the site are skipped; apt install chromium")
    return DoctorFinding("browser", browser)


def _count_images(data: str | None) -> list[DoctorFinding]:
    """Count the cases with an image of every dataset below the data folder."""
    from cxrbench.datasets import dataset_adapters, load
    from cxrbench.errors import CxrbenchError

    if data is None:
        return [
            DoctorFinding("data", "no folder given", "give --data DIR or set CXRBENCH_DATA; the phantom needs none")
        ]
    findings = []
    for name in dataset_adapters:
        try:
            cases = load(name, data).cases
        except CxrbenchError:
            continue
        findings.append(
            DoctorFinding(f"dataset {name}", f"{sum(case.available for case in cases)} of {len(cases)} images")
        )
    return findings
