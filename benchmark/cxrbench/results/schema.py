"""The result file: one submission on one track, with provenance. It is input from outside, so pydantic checks it."""

from typing import Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from cxrbench.metrics.direction import Direction
from cxrbench.results.figures import FigureSet
from cxrbench.results.record import StrictRecord

SCHEMA = 1


class BenchmarkVersion(StrictRecord):
    """The version of cxrbench that scored."""

    version: str
    commit: str | None


class SubmissionInfo(StrictRecord):
    """Who made the predictions. `kind`: a submission that ran here, a table made elsewhere, a radiologist."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    title: str = Field(max_length=200)
    authors: str = Field(default="", max_length=500)
    url: str = Field(default="", max_length=500)
    kind: Literal["submission", "predictions", "rater"]
    sha256: str | None = None
    trained_on: tuple[str, ...] = ()
    patients_seen: int = Field(default=0, ge=0, description="patients of the track that the weights were trained on")


class TrackInfo(StrictRecord):
    """The track: names, hashes and sizes of what was scored."""

    name: str
    task: str
    dataset: str
    dataset_version: str
    synthetic: bool
    split: str
    split_version: int
    split_sha256: str
    part: str
    n_cases: int
    n_patients: int


class MetricValue(StrictRecord):
    """One metric: value with its 95 % interval over patients, or null and the reason.

    `n` cases of `n_patients` patients are behind it; `note` is there where a reader must know more.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_patients: int
    undefined: str | None = None
    better: Direction
    note: str | None = Field(default=None, max_length=500)

    @model_serializer(mode="wrap")
    def _omit_absent_note(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = handler(self)
        return fields if self.note is not None else {key: fields[key] for key in fields if key != "note"}


class Latency(StrictRecord):
    """Milliseconds from handing over a batch to its predictions, divided by the batch."""

    p50: float
    p95: float


class Cost(StrictRecord):
    """What running the submission took, as the parent process measured it; null where it was not measured."""

    parameters: int | None = None
    macs: int | None = None
    images_per_second: float | None = None
    latency_ms: Latency | None = None
    peak_memory_bytes: int | None = None
    device: str | None = None
    batch_size: int | None = None
    threads: int | None = None
    workers: int | None = None


class FailedCase(StrictRecord):
    """A case without a prediction, and why."""

    case: str
    reason: str


class Coverage(StrictRecord):
    """Cases of the track and cases predicted; an incomplete row is never ranked.

    `unlabelled` cases of the part have no truth for the task in the dataset; they are not among the expected.
    """

    expected: int
    predicted: int
    unlabelled: int = 0
    failed: tuple[FailedCase, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every case of the track was predicted."""
        return self.predicted == self.expected


class PredictionsFile(StrictRecord):
    """The table of predictions beside the result."""

    file: str
    sha256: str


class CaseScore(StrictRecord):
    """The primary metric of one case alone."""

    case: str
    value: float


class Extremes(StrictRecord):
    """The best and worst cases, the most extreme first; both are empty where the metric needs several cases."""

    best: tuple[CaseScore, ...] = ()
    worst: tuple[CaseScore, ...] = ()


class Provenance(StrictRecord):
    """When, where and how; the part of a result that may differ between two runs."""

    started: str
    seconds: float
    python: str
    platform: str
    cpu: str
    gpu: str | None
    packages: dict[str, str]
    seed: int
    command: str


class Result(StrictRecord):
    """One submission's scores on one track.

    `figures` is there where the scorer made any; `extremes` are left out where case ids are not public.
    """

    schema_version: int = Field(default=SCHEMA, alias="schema", ge=1, le=SCHEMA)
    benchmark: BenchmarkVersion
    submission: SubmissionInfo
    track: TrackInfo
    primary: str
    metrics: dict[str, MetricValue]
    subgroups: dict[str, dict[str, MetricValue]] = Field(default_factory=dict)
    cost: Cost = Cost()
    coverage: Coverage
    sandbox: str
    predictions: PredictionsFile | None = None
    figures: FigureSet | None = None
    extremes: Extremes | None = None
    provenance: Provenance

    @model_serializer(mode="wrap")
    def _omit_absent_parts(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = handler(self)
        absent = {key for key in ("figures", "extremes") if fields[key] is None}
        return {key: fields[key] for key in fields if key not in absent}

    @property
    def ranked(self) -> bool:
        """Whether the row takes part in the ranking: complete, and trained on none of the track's patients."""
        return self.coverage.complete and self.submission.patients_seen == 0
