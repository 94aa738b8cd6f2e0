"""The vocabulary of the benchmark: a case, its image and its targets.

Targets are an immutable record of what a dataset knows about a case. What it does not know is `None`, never 0.
Pixels and masks are decoded on demand, so that 26,684 cases can be listed within a second.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
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
"""Value of a lung mask where the source does not distinguish the sides."""
IGNORE = 255
"""Value of a lung mask where the source marks a pixel as neither lung nor background: it is not scored."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a submission receives for a case: pixels, modality, spacing and an opaque id.

    Attributes:
        pixels: A radiograph is float32 `[H, W]` in [0, 1], air dark and bone bright. A CT is int16 `[D, H, W]` in
            Hounsfield units, -1024 to 3071, axes in LPS order (feet to head, front to back, the patient's right to
            left).
        modality: "cxr" for a radiograph, "ct" for a CT volume.
        spacing: Millimetres along each axis of `pixels`; None where the file does not give it.
        id: An identifier that differs from run to run and tells nothing about the case.

    Example:
        >>> import numpy as np
        >>> from cxrbench import Image
        >>> image = Image(np.zeros((320, 256), np.float32), spacing=(0.8, 0.8))
        >>> image.modality, image.pixels.shape
        ('cxr', (320, 256))
    """

    pixels: NDArray[np.float32] | NDArray[np.int16]
    modality: Modality = "cxr"
    spacing: tuple[float, ...] | None = None
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The ground truth of one case. A field that the source does not give is None (or an empty mapping).

    Attributes:
        brixia: Six zone scores 0-3 in the order A to F.
        raters: The same six zone scores by rater.
        extent: Geographic extent 0-8, the sum of both lungs.
        opacity: Degree of opacity 0-6, the sum of both lungs.
        zone_severity: Number of affected zones 0-6, the mean over readers.
        readings: The same one-number score (`zone_severity`, for example) by reader.
        finding: Whether the disease is present.
        category: "covid", "other" (another disease) or "healthy".
        boxes: Bounding boxes, float `[n, 4]` as x, y, width, height in pixels.
        lung_mask: A function that decodes the lung mask, uint8 of the image's shape: 0 background, 1 right lung,
            2 left lung, 3 a lung of unknown side, 255 (`IGNORE`) not scored.
        lesion_mask: A function that decodes the lesion mask, bool of the image's shape.
        affected_fraction: Share 0-1 of lung volume with lesions, by "right", "left" and "larger" (of the two).
        ct_grade: CT severity grade 0-4.
        icu: Whether the patient was admitted to intensive care.
        death: Whether the patient died.
        day: Days since the patient's first study.

    Example:
        >>> from cxrbench import Targets
        >>> targets = Targets(brixia=(0, 1, 2, 0, 1, 3), finding=True)
        >>> sum(targets.brixia), targets.extent
        (7, None)
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
    """One image (a radiograph or a CT series) with its ground truth.

    Attributes:
        id: The case's id, unique within its dataset.
        patient: The patient's id, by which splits and statistics group cases.
        dataset: Name of the dataset.
        modality: "cxr" or "ct".
        targets: The ground truth.
        meta: What else the source records: age, sex, view, site, rater, path.
        load: A function that decodes the image; None where this copy of the dataset lacks it.
        files: The files that `load` reads (the folder of a DICOM series); empty where the image is absent or generated.
        mask_files: The files that the masks in `targets` are read from.

    Example:
        >>> import numpy as np
        >>> from cxrbench import Case, Image, Targets
        >>> case = Case(
        ...     id="case-1",
        ...     patient="patient-1",
        ...     dataset="mine",
        ...     targets=Targets(extent=3.0),
        ...     load=lambda: Image(np.zeros((64, 64), np.float32)),
        ... )
        >>> case.available, case.image().pixels.shape
        (True, (64, 64))
    """

    id: str
    patient: str
    dataset: str
    modality: Modality = "cxr"
    targets: Targets = field(default_factory=Targets)
    meta: Mapping[str, object] = field(default_factory=dict)
    load: Callable[[], Image] | None = field(default=None, repr=False, compare=False)
    files: tuple[Path, ...] = field(default=(), repr=False, compare=False)
    mask_files: tuple[Path, ...] = field(default=(), repr=False, compare=False)

    @property
    def available(self) -> bool:
        """Whether this copy of the dataset has the image."""
        return self.load is not None

    def image(self) -> Image:
        """Decode the image.

        Returns:
            The image in canonical form (see `Image`).

        Raises:
            DataError: The file is absent or cannot be decoded.
        """
        if self.load is None:
            raise DataError("the image of this case is absent", f"{self.dataset}/{self.id}", "complete the copy")
        return self.load()
