"""Printed claims: read from `published.yaml`, and laid beside the tracks that ask the same question.

The map below is by hand and small on purpose: a claim stands on a track's page only where dataset, part and metric
are the ones of the paper. All other claims are on the page of claims alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from cxrbench.errors import DataError
from cxrbench.reported.verdicts import Checked, load_verdicts

VERDICT = "not yet checked"
FILE = Path(__file__).with_name("published.yaml")
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Scalars stay text, so that a printed 0.560 keeps its last digit."""

TRACKS = {
    ("brixia-severity", "cohen-brixia-192", "all"): "brixia-severity/brixia-cohen/all",
    ("brixia-severity", "cohen-brixia-192", "test"): "brixia-severity/brixia-cohen@published/test",
}
"""(task, dataset, part) of a claim to track; part test is the authors' own 75/25 draw, by their rule and seed."""
METRICS = {"mae": "mae", "mean-error": "mean_error", "pearson-r": "pearson"}
SUBGROUPS = {"regions-mean": ("zone", ""), "global-score": ("global", "")} | {
    f"region-{zone.lower()}": ("zone", f"[{zone}]") for zone in "ABCDEF"
}
READERS = frozenset({"radiologist-rj"})
"""Readers whose mean error Table 9 prints as the reference minus the reader."""
OPPOSITE = (
    "the mean error is printed with the opposite sign, reference (senior) minus reader (junior). "
    "Mean errors measured here are prediction minus truth; the printed value in that sign stands below it."
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper by its short name on the pages, its full title, its first author and year."""

    short: str
    title: str
    author: str
    year: int


PAPERS = {
    "signoroni2020-bsnet": Paper(
        "Signoroni et al. 2020 (BS-Net)",
        "End-to-end learning for semiquantitative rating of COVID-19 severity on Chest X-rays",
        "Signoroni, Alberto and others",
        2020,
    ),
    "amer2020-dlnet": Paper(
        "Amer et al. 2020 (DLNet)",
        "COVID-19 in CXR: from Detection and Severity Scoring to Patient Disease Monitoring",
        "Amer, Rula and others",
        2020,
    ),
    "danilov2022-scoring": Paper(
        "Danilov et al. 2022",
        "Automatic scoring of COVID-19 severity in X-ray imaging based on a novel deep learning workflow",
        "Danilov, Viacheslav V. and others",
        2022,
    ),
    "tang2020-rural-opacity": Paper(
        "Tang et al. 2020",
        "Segmentation model of the opacity regions in the chest X-rays of the Covid-19 patients in the US rural areas "
        "and the application to the disease severity",
        "Tang, Haiming and others",
        2020,
    ),
    "goncharov2020-ct-triage": Paper(
        "Goncharov et al. 2020",
        "CT-based COVID-19 Triage: Deep Multitask Learning Improves Joint Identification and Severity Quantification",
        "Goncharov, Mikhail and others",
        2020,
    ),
}


class Claim(BaseModel):
    """One printed number with its source; `value` and `spread` keep the printed digits."""

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
    _checked: Checked | None = PrivateAttr(None)

    @property
    def checked(self) -> Checked | None:
        """What the published files give for it, None where that was not yet checked."""
        return self._checked

    def with_verdict(self, checked: Checked | None) -> "Claim":
        """The same claim with its verdict."""
        copy = self.model_copy()
        copy._checked = checked  # noqa: SLF001 - its own
        return copy

    @property
    def verdict(self) -> str:
        """One of "equal", "differs", "undefined", or that it was not yet checked."""
        return VERDICT if self._checked is None else self._checked.verdict

    @property
    def track(self) -> str:
        """The track that asks the same question, or nothing."""
        return TRACKS.get((self.task, self.dataset, self.part), "") if self.key else ""

    @property
    def key(self) -> str:
        """The metric key of the same quantity, or nothing: `zone_mae`, `global_mean_error`, `zone_mae[A]` ..."""
        metric, (prefix, bracket) = METRICS.get(self.metric, ""), SUBGROUPS.get(self.subgroup, ("", ""))
        known = (self.task, self.dataset, self.part) in TRACKS and metric and prefix
        return f"{prefix}_{metric}{bracket}" if known else ""

    @property
    def opposite(self) -> bool:
        """Whether it is printed with the other sign than this site's."""
        return self.system in READERS and self.metric == "mean-error" and self.where == "Table 9"

    @property
    def comparable(self) -> Decimal:
        """The value in this site's sign: prediction minus truth."""
        return -self.value if self.opposite and self.value else self.value

    @property
    def recomputed(self) -> float | None:
        """What the published files give, in this site's sign; None where it was not checked, or is undefined."""
        found = None if self._checked is None else self._checked.recomputed
        return -found if self.opposite and found else found

    @property
    def quoted(self) -> bool:
        """Whether the paper took the number over from another work."""
        return self.note.startswith("quoted")


class Published(BaseModel):
    """The part of `published.yaml` that the leaderboard shows."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    claims: tuple[Claim, ...]


def load_claims(path: Path = FILE) -> tuple[Claim, ...]:
    """Every claim of the file, in its order, with the verdicts of the `verdicts.json` beside it.

    Raises `DataError` that names the first bad entry.
    """
    try:
        claims = Published.model_validate(yaml.load(path.read_text("utf-8"), Loader=LOADER)).claims  # noqa: S506
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"a printed claim is not valid ({place}: {first['msg']})", str(path), "correct it") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"the printed claims cannot be read ({error})", str(path), "correct it") from error
    return _with_verdicts(_distinct(claims, path), path.with_name("verdicts.json"))


def _with_verdicts(claims: tuple[Claim, ...], path: Path) -> tuple[Claim, ...]:
    found = load_verdicts(path, {claim.id: claim.value for claim in claims})
    return claims if found is None else tuple(claim.with_verdict(found.verdicts.get(claim.id)) for claim in claims)


def _distinct(claims: tuple[Claim, ...], path: Path) -> tuple[Claim, ...]:
    seen: set[str] = set()
    for claim in claims:
        if claim.id in seen or claim.paper not in PAPERS:
            why = "stands twice" if claim.id in seen else f"names an unknown paper ({claim.paper})"
            raise DataError(f"the claim {claim.id} {why}", str(path), "correct it")
        seen.add(claim.id)
    return claims


@dataclass(frozen=True, slots=True)
class System:
    """What one paper printed of one system on one track, by metric key."""

    name: str
    paper: str
    where: str
    claims: Mapping[str, Claim]

    def has(self, keys: Iterable[str]) -> bool:
        """Whether any of the metric keys was printed."""
        return any(key in self.claims for key in keys)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of its numbers, each once, in order; the remark on the sign first."""
        opposite = (OPPOSITE,) if any(claim.opposite for claim in self.claims.values()) else ()
        return (*opposite, *dict.fromkeys(claim.note for claim in self.claims.values() if claim.note))


def systems_on(track: str, claims: Sequence[Claim]) -> tuple[System, ...]:
    """The systems with printed numbers on a track, in the order of the file."""
    found: dict[tuple[str, str, str], dict[str, Claim]] = {}
    for claim in claims:
        if claim.track == track:
            found.setdefault((claim.system, claim.paper, claim.where), {})[claim.key] = claim
    return tuple(System(*source, by_key) for source, by_key in found.items())
