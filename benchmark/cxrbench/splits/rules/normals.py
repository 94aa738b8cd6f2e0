"""Radiographs without a finding that serve as the other class in training: every case is in the part train."""

from cxrbench.splits.rules import register_rule
from cxrbench.splits.rules.triage import assign_all_to_train

register_rule(
    "nih-normal",
    version=1,
    parts=("train",),
    origin="ours, rule",
    licence="no ids are listed",
    note="every film is train: another country and other scanners than the COVID-19 films, so never a test beside them",
)(assign_all_to_train)
