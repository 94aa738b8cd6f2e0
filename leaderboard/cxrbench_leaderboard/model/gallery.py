"""Pictures of the phantom, as `python -m cxrbench.phantom.gallery` wrote them here.

Twelve studies are for the gallery page, a small picture of every study for the pages of submissions. They lie beside
this module, so that the site is built from files alone; a test holds them to the phantom.
"""

import base64
import csv
import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "gallery"
NAMED = {"covid": "COVID-19", "healthy": "Healthy", "lobar": "Lobar pneumonia", "oedema": "Pulmonary oedema"}
"""What a category or another disease is called where its own name will not do."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A study: what the phantom's manifest says of it, and its picture as a `data:` address."""

    facts: dict[str, str]
    source: str

    @property
    def title(self) -> str:
        """What is to be seen."""
        kind = self.facts["confounder"] or self.facts["category"]
        grade = f", CT grade {self.facts['ct_grade']}" if kind == "covid" else ""
        return NAMED.get(kind, kind.capitalize()) + grade

    @property
    def about(self) -> str:
        """The picture in words, for those who do not see it."""
        return (
            f"{self.title}: {self.facts['view']} radiograph and two CT slices, each without and with its masks. "
            f"Brixia zones A to F: {' '.join(self.facts['brixia'])}."
        )


@cache
def exhibits() -> tuple[Exhibit, ...]:
    """The studies in order."""
    found = json.loads((FOLDER / "facts.json").read_text("utf-8"))
    return tuple(Exhibit(facts, _source(facts["study"])) for facts in found)


def _source(study: str) -> str:
    packed = base64.b64encode((FOLDER / f"{study}.webp").read_bytes()).decode()
    return f"data:image/webp;base64,{packed}"


@cache
def small() -> dict[str, Path]:
    """Study id to the file of its small picture, the radiograph without and with its masks."""
    return {file.stem: file for file in sorted((FOLDER / "small").glob("*.webp"))}


def small_html(case: str) -> str:
    """The small picture of a case of the dataset `phantom`, for a page one folder down; nothing for another id."""
    facts = _small_facts().get(case)
    if facts is None:
        return ""
    kind = facts["confounder"] or facts["category"]
    zones = f"Brixia zones A to F {' '.join(facts['brixia'])}"
    about = f"Synthetic radiograph, without and with its masks: {NAMED.get(kind, kind)}, {zones}"
    return f'<img src="../phantom/{case}.webp" width="256" height="128" loading="lazy" alt="{about}">'


@cache
def _small_facts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((FOLDER / "small" / "facts.json").read_text("utf-8"))
    return found


def facts_csv() -> str:
    """What stands beside the pictures, as a table."""
    text, rows = io.StringIO(), [one.facts for one in exhibits()]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
