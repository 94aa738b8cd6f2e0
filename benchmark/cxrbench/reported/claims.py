"""Printed claims: read from `published.yaml`, and matched with the tracks on the same cases.

The map below is written by hand and small on purpose: a claim is on the page of a track only where dataset, part and
metric are those of the paper. All other claims are on the page of claims alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from cxrbench.errors import DataError
from cxrbench.reported.verdicts import StoredVerdict, load_verdicts

UNCHECKED: Literal["not yet checked"] = "not yet checked"
"""The verdict on a claim that no rule recomputes."""
FILE = Path(__file__).with_name("published.yaml")
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Scalars stay text, so that a printed 0.560 keeps its last digit."""

TRACKS = {
    ("brixia-severity", "cohen-brixia-192", "all"): "brixia-severity/brixia-cohen/all",
    ("brixia-severity", "cohen-brixia-192", "test"): "brixia-severity/brixia-cohen@published/test",
}
"""(task, dataset, part) of a claim to track; part test is the 75/25 draw of the authors, by their rule and seed."""
METRICS = {"mae": "mae", "mean-error": "mean_error", "pearson-r": "pearson"}
SUBGROUPS = {"regions-mean": ("zone", ""), "global-score": ("global", "")} | {
    f"region-{zone.lower()}": ("zone", f"[{zone}]") for zone in "ABCDEF"
}
READERS = frozenset({"radiologist-rj"})
"""Readers whose mean error Table 9 prints as the reference minus the reader."""
OPPOSITE = (
    "the mean error is printed with the opposite sign, reference (senior) minus reader (junior). "
    "Mean errors measured here are prediction minus truth; the printed value in that sign is below it."
)


@dataclass(frozen=True, slots=True)
class PaperReference:
    """A paper: its short name on the pages, its full title, its first author and year."""

    short: str
    title: str
    author: str
    year: int


PAPERS = {
    "signoroni2020-bsnet": PaperReference(
        "Signoroni et al. 2020 (BS-Net)",
        "End-to-end learning for semiquantitative rating of COVID-19 severity on Chest X-rays",
        "Signoroni, Alberto and others",
        2020,
    ),
    "amer2020-dlnet": PaperReference(
        "Amer et al. 2020 (DLNet)",
        "COVID-19 in CXR: from Detection and Severity Scoring to Patient Disease Monitoring",
        "Amer, Rula and others",
        2020,
    ),
    "danilov2022-scoring": PaperReference(
        "Danilov et al. 2022",
        "Automatic scoring of COVID-19 severity in X-ray imaging based on a novel deep learning workflow",
        "Danilov, Viacheslav V. and others",
        2022,
    ),
    "tang2020-rural-opacity": PaperReference(
        "Tang et al. 2020",
        "Segmentation model of the opacity regions in the chest X-rays of the Covid-19 patients in the US rural areas "
        "and the application to the disease severity",
        "Tang, Haiming and others",
        2020,
    ),
    "goncharov2020-ct-triage": PaperReference(
        "Goncharov et al. 2020",
        "CT-based COVID-19 Triage: Deep Multitask Learning Improves Joint Identification and Severity Quantification",
        "Goncharov, Mikhail and others",
        2020,
    ),
}


class Claim(BaseModel):
    """One printed number with its source.

    Attributes:
        id: The key of the claim.
        paper: The key of the paper in `PAPERS`.
        where: The table, figure or section.
        system: The system or reader.
        task: The task, as the paper defines it.
        dataset: The dataset of the paper.
        part: The part of the dataset.
        subgroup: The subgroup of cases or the region of the lungs; empty for all.
        metric: The metric, as the paper defines it.
        value: The number with its printed digits.
        spread: The printed spread of the number with its digits, if any.
        n: The number of cases that the paper states, if any.
        unit: The unit of the number.
        note: What a reader must know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    paper: str
    where: str
    system: str
    task: str
    dataset: str
    part: str
    subgroup: str = ""
    metric: str
    value: Decimal = Field(allow_inf_nan=False)
    spread: Decimal | None = Field(default=None, allow_inf_nan=False)
    n: int | None = Field(default=None, ge=1)
    unit: str
    note: str = ""
    _checked: StoredVerdict | None = PrivateAttr(None)

    @property
    def checked(self) -> StoredVerdict | None:
        """What the published files give for it; None where it was not yet checked."""
        return self._checked

    def with_verdict(self, checked: StoredVerdict | None) -> "Claim":
        """Add the verdict to a claim.

        Args:
            checked: What the published files give; None for a claim that was not checked.

        Returns:
            A copy of the claim with its verdict.
        """
        copy = self.model_copy()
        copy._checked = checked  # noqa: SLF001 - a copy of this object
        return copy

    @property
    def verdict(self) -> str:
        """One of "equal", "differs", "undefined", or that it was not yet checked."""
        return UNCHECKED if self._checked is None else self._checked.verdict

    @property
    def track(self) -> str:
        """The track of the same task and cases, or nothing."""
        return TRACKS.get((self.task, self.dataset, self.part), "") if self.key else ""

    @property
    def key(self) -> str:
        """The metric key of the same quantity, or nothing: `zone_mae`, `global_mean_error`, `zone_mae[A]` ..."""
        metric, (prefix, bracket) = METRICS.get(self.metric, ""), SUBGROUPS.get(self.subgroup, ("", ""))
        known = (self.task, self.dataset, self.part) in TRACKS and metric and prefix
        return f"{prefix}_{metric}{bracket}" if known else ""

    @property
    def opposite(self) -> bool:
        """Whether it is printed with the opposite sign of the mean errors measured here."""
        return self.system in READERS and self.metric == "mean-error" and self.where == "Table 9"

    @property
    def comparable(self) -> Decimal:
        """The value as prediction minus truth."""
        return -self.value if self.opposite and self.value else self.value

    @property
    def recomputed(self) -> float | None:
        """What the published files give, as prediction minus truth; None where it was not checked or is undefined."""
        value = None if self._checked is None else self._checked.recomputed
        return -value if self.opposite and value else value

    @property
    def quoted(self) -> bool:
        """Whether the paper quotes the number from another work."""
        return self.note.startswith("quoted")


class Published(BaseModel):
    """The part of `published.yaml` that the leaderboard shows."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    claims: tuple[Claim, ...]


def load_claims(path: Path = FILE) -> tuple[Claim, ...]:
    """Read the claims with their verdicts.

    Args:
        path: The file of claims; the verdicts are in `verdicts.json` in the same folder.

    Returns:
        Every claim, in the order of the file.

    Raises:
        DataError: Where an entry is not valid; the message names the first one.
    """
    try:
        claims = Published.model_validate(yaml.load(path.read_text("utf-8"), Loader=LOADER)).claims  # noqa: S506
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"a printed claim is not valid ({place}: {first['msg']})", str(path), "correct it") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"the printed claims cannot be read ({error})", str(path), "correct it") from error
    return _attach_verdicts(_check_distinct(claims, path), path.with_name("verdicts.json"))


def _attach_verdicts(claims: tuple[Claim, ...], path: Path) -> tuple[Claim, ...]:
    file = load_verdicts(path, {claim.id: claim.value for claim in claims})
    return claims if file is None else tuple(claim.with_verdict(file.verdicts.get(claim.id)) for claim in claims)


def _check_distinct(claims: tuple[Claim, ...], path: Path) -> tuple[Claim, ...]:
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen or claim.paper not in PAPERS:
            why = "is listed twice" if claim.id in seen else f"names an unknown paper ({claim.paper})"
            raise DataError(f"the claim {claim.id} {why}", str(path), "correct it")
        seen.add(claim.id)
    return claims


@dataclass(frozen=True, slots=True)
class ReportedSystem:
    """What one paper printed of one system on one track.

    Attributes:
        name: The system.
        paper: The key of the paper in `PAPERS`.
        where: The table or figure.
        claims: The claims by metric key.
    """

    name: str
    paper: str
    where: str
    claims: Mapping[str, Claim]

    def has(self, keys: Iterable[str]) -> bool:
        """Tell whether the paper printed any of some metrics.

        Args:
            keys: Metric keys.

        Returns:
            Whether there is a claim for one of them.
        """
        return any(key in self.claims for key in keys)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes on its numbers, each once, in order; the remark on the sign first."""
        opposite = (OPPOSITE,) if any(claim.opposite for claim in self.claims.values()) else ()
        return (*opposite, *dict.fromkeys(claim.note for claim in self.claims.values() if claim.note))


def list_systems(track: str, claims: Sequence[Claim]) -> tuple[ReportedSystem, ...]:
    """List the systems with printed numbers on a track.

    Args:
        track: The name of the track.
        claims: All claims.

    Returns:
        The systems, in the order of the claims.
    """
    by_system: dict[tuple[str, str, str], dict[str, Claim]] = {}
    for claim in claims:
        if claim.track == track:
            by_system.setdefault((claim.system, claim.paper, claim.where), {})[claim.key] = claim
    return tuple(ReportedSystem(*source, by_key) for source, by_key in by_system.items())
