"""Pictures of the phantom, as `python -m cxrbench.phantom.gallery` writes them into the folder `gallery`.

Twelve studies are for the gallery page; a thumbnail of every study is for the pages of submissions. They are files of
this package, so that the site is built from files alone; a test compares them with the phantom.
"""

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "gallery"
NAMES = {"covid": "COVID-19", "healthy": "Healthy", "lobar": "Lobar pneumonia", "oedema": "Pulmonary oedema"}
"""Names of categories and other diseases that differ from their keys."""
StudyFacts = dict[str, str]
"""What the manifest of the phantom says about a study."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A study of the gallery: its facts, and its picture as a `data:` address."""

    facts: StudyFacts
    source: str

    @property
    def title(self) -> str:
        """What the picture shows."""
        kind = self.facts["confounder"] or self.facts["category"]
        grade = f", CT grade {self.facts['ct_grade']}" if kind == "covid" else ""
        return NAMES.get(kind, kind.capitalize()) + grade

    @property
    def description(self) -> str:
        """The picture in words, for readers who cannot see it."""
        return (
            f"{self.title}: {self.facts['view']} radiograph and two CT slices, each without and with its masks. "
            f"Brixia zones A to F: {' '.join(self.facts['brixia'])}."
        )


@cache
def list_exhibits() -> tuple[Exhibit, ...]:
    """List the studies of the gallery in order."""
    studies = json.loads((FOLDER / "facts.json").read_text("utf-8"))
    return tuple(Exhibit(facts, _encode_picture(facts["study"])) for facts in studies)


def _encode_picture(study: str) -> str:
    encoded = base64.b64encode((FOLDER / f"{study}.webp").read_bytes()).decode()
    return f"data:image/webp;base64,{encoded}"


@cache
def list_thumbnails() -> dict[str, Path]:
    """List the thumbnails, each a radiograph without and with its masks, by study id."""
    return {file.stem: file for file in sorted((FOLDER / "small").glob("*.webp"))}


def describe_thumbnail(case: str) -> str | None:
    """Describe the thumbnail of a case in words.

    Args:
        case: A case id of any dataset.

    Returns:
        The description, or None for a case that is no study of the phantom.
    """
    facts = _load_thumbnail_facts().get(case)
    if facts is None:
        return None
    kind = facts["confounder"] or facts["category"]
    zones = f"Brixia zones A to F {' '.join(facts['brixia'])}"
    return f"Synthetic radiograph, without and with its masks: {NAMES.get(kind, kind)}, {zones}"


@cache
def _load_thumbnail_facts() -> dict[str, StudyFacts]:
    facts: dict[str, StudyFacts] = json.loads((FOLDER / "small" / "facts.json").read_text("utf-8"))
    return facts
