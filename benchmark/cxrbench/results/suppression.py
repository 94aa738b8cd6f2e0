"""When a subgroup is too small for a result file to hold its metrics."""

MIN_CASES, MIN_PATIENTS = 20, 10
SUPPRESSED = f"suppressed: fewer than {MIN_CASES} cases or {MIN_PATIENTS} patients"
"""The reason that stands in place of the value of a suppressed metric."""
