"""Splits that are rules: where case ids are not public, the parts follow from the user's own copy.

A rule looks at nothing but ids, patients and what the source says of a case, so that two copies of one release give
the same parts. Its hash pins name, version and wording; a rule that changes is a new version.
"""

import hashlib
import json
from collections.abc import Callable, Sequence

from cxrbench.case import Case
from cxrbench.registry import Registry
from cxrbench.splits.split import DEFAULT, PartByCase, SplitRule

PartAssignment = Callable[[Sequence[Case]], PartByCase]
rules: Registry[SplitRule] = Registry("rule", "cxrbench.splits.rules")


def register_rule(
    label: str, *, version: int, parts: tuple[str, ...], origin: str, licence: str, note: str
) -> Callable[[PartAssignment], PartAssignment]:
    """Register a function from cases to parts as a split, as a decorator.

    Args:
        label: `dataset` or `dataset@name`.
        version: Version of the rule; a changed rule is a new version.
        parts: Every part that the function may name.
        origin: Where the rule comes from, as in `SplitHeader`.
        licence: Terms under which the ids may be listed.
        note: The rule in words; it is part of the hash.

    Returns:
        The decorator, which leaves the function as it is.
    """
    dataset, _, name = label.partition("@")

    def keep(assign: PartAssignment) -> PartAssignment:
        split = SplitRule(
            dataset=dataset,
            name=name or DEFAULT,
            version=version,
            origin=origin,
            licence=licence,
            note=note,
            sha256=hash_rule(label, version, note),
            parts=parts,
            assign=assign,
        )
        rules.register(label)(split)
        return assign

    return keep


def hash_rule(label: str, version: int, note: str) -> str:
    """Compute the SHA-256 that pins a rule: of its name, version and wording, as one JSON list in UTF-8.

    Args:
        label: `dataset` or `dataset@name`.
        version: Version of the rule.
        note: The rule in words.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps([label, version, note]).encode()).hexdigest()


def hash_to_fraction(salt: str, patient: str) -> float:
    """Map a patient to a fixed pseudo-random fraction, by the first 8 bytes of the SHA-256 of `<salt>:<patient>`.

    Args:
        salt: Text that sets one draw apart from another.
        patient: The patient's id.

    Returns:
        A number in [0, 1), the same on every machine.

    Example:
        >>> 0 <= hash_to_fraction("brixia-v1", "17") < 1
        True
    """
    digest = hashlib.sha256(f"{salt}:{patient}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
