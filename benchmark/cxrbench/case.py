"""The vocabulary that everything speaks: a case, its image, its targets.

Targets are a frozen record of what a dataset knows of a case; what it does not know is `None`, never 0.
Pixels and masks are decoded when they are asked for, so that 26,684 cases can be listed in a second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrbench.errors import DataError

Modality = Literal["cxr", "ct"]
Category = Literal["covid", "other", "healthy"]
Floats = NDArray[np.float64]
Zones = tuple[int, int, int, int, int, int]

ZONES = ("A", "B", "C", "D", "E", "F")
"""Brixia zones: A-C are the patient's right lung from top to bottom (image-left), D-F the left lung."""

LUNG = 3
"""Value of a lung mask where the source does not tell the sides."""
IGNORE = 255
"""Value of a lung mask where the source says that a pixel counts neither way: it is left out of the scoring."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a submission sees of a case: pixels, spacing and modality, and an id that means nothing.

    `pixels`: radiograph float32 `[H, W]` in [0, 1], air dark and bone bright; CT int16 `[D, H, W]` in Hounsfield
    units, axes in LPS order (feet to head, front to back, the patient's right to left), -1024...3071.
    `spacing`: mm along each axis of `pixels`, or None where the file does not say.
    """

    pixels: NDArray[np.float32] | NDArray[np.int16]
    modality: Modality = "cxr"
    spacing: tuple[float, ...] | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The truth of one case; a field that the source does not give is None.

    Ranges as in the field: `brixia` six zone scores 0-3 (A...F), `extent` 0-8, `opacity` 0-6, `zone_severity` 0-6,
    `ct_grade` 0-4, `affected_fraction` 0-1 ("right", "left" and "larger"), `day` in days since the first study.
    `readings` is the same one-number score (`zone_severity`, say) by each single reader, `raters` the same zones.
    `boxes` float `[n, 4]` as x, y, width, height in pixels. Masks are functions: calling one decodes it. A pixel of
    `lung_mask` is 0 background, 1 the right lung, 2 the left, 3 a lung of unknown side, or `IGNORE`: not scored.
    """

    brixia: Zones | None = None
    raters: Mapping[str, Zones] = field(default_factory=dict)
    extent: float | None = None
    opacity: float | None = None
    zone_severity: float | None = None
    readings: Mapping[str, float] = field(default_factory=dict)
    finding: bool | None = None
    category: Category | None = None
    boxes: Floats | None = None
    lung_mask: Callable[[], NDArray[np.uint8]] | None = None
    lesion_mask: Callable[[], NDArray[np.bool_]] | None = None
    affected_fraction: Mapping[str, float] | None = None
    ct_grade: int | None = None
    icu: bool | None = None
    death: bool | None = None
    day: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One image with its ground truth; `id` is unique within its dataset, `patient` is the grouping key.

    `load` decodes the image; it is None where the file is absent (then `image()` raises `DataError`).
    `meta` holds what else the source says: age, sex, view, site, rater, path.
    """

    id: str
    patient: str
    dataset: str
    modality: Modality = "cxr"
    targets: Targets = field(default_factory=Targets)
    meta: Mapping[str, object] = field(default_factory=dict)
    load: Callable[[], Image] | None = field(default=None, repr=False, compare=False)

    @property
    def available(self) -> bool:
        """Whether this copy of the dataset has the image."""
        return self.load is not None

    def image(self) -> Image:
        """Decode the image. Raises `DataError` where the file is absent or unreadable."""
        if self.load is None:
            raise DataError("the image of this case is absent", f"{self.dataset}/{self.id}", "complete the copy")
        return self.load()
