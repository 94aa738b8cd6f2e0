"""The order of metric columns, and metrics whose keys carry a label in brackets."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from cxrbench.case import ZONES

from cxrbench_leaderboard.model.glossary import GROUPS, describe_metric

LabelKind = Literal["zones", "readers", "labels"]
"""What the brackets of a metric key hold."""


@dataclass(frozen=True, slots=True)
class LabelledMetric:
    """A metric with labels in brackets: the key without them, and the labels in order."""

    base: str
    labels: tuple[str, ...]
    kind: LabelKind

    def make_key(self, label: str) -> str:
        """Make the metric key of one label.

        Args:
            label: A label, such as `A`.

        Returns:
            The key, such as `zone_mae[A]`.
        """
        return f"{self.base}[{label}]"

    @property
    def keys(self) -> tuple[str, ...]:
        """The metric keys of all labels."""
        return tuple(map(self.make_key, self.labels))

    @property
    def subject(self) -> str:
        """What the labels are."""
        if self.kind == "zones":
            return "by zone (A\N{EN DASH}C: the patient's right lung, D\N{EN DASH}F: the left lung, top to bottom)"
        return "between readers" if self.kind == "readers" else "in detail"

    def describe_label(self, label: str) -> str:
        """Write a label as a heading.

        Args:
            label: A label, such as `senior_vs_junior`.

        Returns:
            The label in words, such as "senior against junior"; "against senior" for `vs_senior`.
        """
        return label.replace("_vs_", " against ").replace("vs_", "against ").replace("_", " ")


def sort_keys(keys: Iterable[str], primary: str) -> tuple[str, ...]:
    """Sort metric keys for the columns of a table.

    Args:
        keys: The metric keys.
        primary: The primary metric of the track.

    Returns:
        The primary metric, the other metrics of its group, then the other groups.
    """
    groups, first = ["", *GROUPS.values()], describe_metric(primary).group

    def order(key: str) -> tuple[bool, bool, int, int, str]:
        heading = describe_metric(key)
        return key != primary, heading.group != first, groups.index(heading.group), heading.order, key

    return tuple(sorted(keys, key=order))


def list_labelled_metrics(keys: Iterable[str], primary: str) -> tuple[LabelledMetric, ...]:
    """Collect the metrics with labels: single zones first, then readers against each other, then all others.

    Args:
        keys: Metric keys, with and without labels.
        primary: The primary metric of the track.

    Returns:
        One entry per metric and kind of label.
    """
    labels: dict[tuple[LabelKind, str], set[str]] = {}
    for key in keys:
        base, label = key.partition("[")[0], describe_metric(key).label
        if label:
            labels.setdefault((_find_kind(label), base), set()).add(label)
    order = sort_keys({base for _, base in labels}, primary)
    places = [(kind, base) for kind in get_args(LabelKind) for base in order if (kind, base) in labels]
    return tuple(LabelledMetric(base, tuple(sorted(labels[kind, base])), kind) for kind, base in places)


def _find_kind(label: str) -> LabelKind:
    if label in ZONES:
        return "zones"
    return "readers" if "vs_" in label else "labels"
