"""Splits that are rules: where case ids are not public, the parts follow from the user's own copy.

A rule looks at nothing but ids, patients and what the source says of a case, so that two copies of one release give
the same parts. Its hash pins name, version and wording; a rule that changes is a new version.
"""

import hashlib
import json
from collections.abc import Callable, Sequence

from cxrbench.case import Case
from cxrbench.registry import Registry
from cxrbench.splits.split import DEFAULT, Parts, Plan

Assign = Callable[[Sequence[Case]], Parts]
rules: Registry[Plan] = Registry("rule", "cxrbench.splits.rules")


def rule(
    label: str, *, version: int, parts: tuple[str, ...], origin: str, licence: str, note: str
) -> Callable[[Assign], Assign]:
    """Decorator: register a function from cases to parts as the split `dataset` or `dataset@name`."""
    dataset, _, name = label.partition("@")

    def keep(assign: Assign) -> Assign:
        plan = Plan(
            dataset=dataset,
            name=name or DEFAULT,
            version=version,
            origin=origin,
            licence=licence,
            note=note,
            sha256=rule_hash(label, version, note),
            parts=parts,
            assign=assign,
        )
        rules.register(label)(plan)
        return assign

    return keep


def rule_hash(label: str, version: int, note: str) -> str:
    """SHA-256 that pins a rule: of its name, version and wording, as one JSON list in UTF-8."""
    return hashlib.sha256(json.dumps([label, version, note]).encode()).hexdigest()


def position(salt: str, patient: str) -> float:
    """Where a patient stands in [0, 1), by the first 8 bytes of the SHA-256 of `<salt>:<patient>`.

    >>> 0 <= position("brixia-v1", "17") < 1
    True
    """
    digest = hashlib.sha256(f"{salt}:{patient}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
