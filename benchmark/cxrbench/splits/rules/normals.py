"""Films without a finding that serve as the other class in training: every case is of the part train."""

from cxrbench.splits.rules import rule
from cxrbench.splits.rules.triage import all_train

rule(
    "nih-normal",
    version=1,
    parts=("train",),
    origin="ours, rule",
    licence="no ids are listed",
    note="every film is train: another country and other scanners than the COVID-19 films, so never a test beside them",
)(all_train)
