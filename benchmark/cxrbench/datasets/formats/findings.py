"""What the small public COVID-19 tables write under `finding`, as a category."""

from collections.abc import Iterable, Mapping

from cxrbench.case import Category, Targets
from cxrbench.datasets import Problem
from cxrbench.datasets.formats.csv_table import Row

FINDINGS: Mapping[str, Category] = {"COVID-19": "covid", "Pneumonia": "other", "No finding": "healthy"}


def found_targets(row: Row) -> Targets:
    """Category and finding of a row; both unknown where it is blank (inconclusive) or says something else."""
    category = FINDINGS.get(row["finding"])
    return Targets(category=category, finding=None if category is None else category != "healthy")


def finding_problems(rows: Iterable[Row], key: str) -> list[Problem]:
    """Findings outside the known ones, each, and how many rows are blank."""
    listed = list(rows)
    strange = [row for row in listed if row["finding"] and row["finding"] not in FINDINGS]
    blank = sum(not row["finding"] for row in listed)
    problems = [Problem(row[key], f"unknown finding {row['finding']}: category unknown") for row in strange]
    if blank:
        problems.append(Problem("metadata.csv", f"{blank} rows have no finding: inconclusive, no category", bad=False))
    return problems


def facts(row: Row, *columns: str) -> dict[str, object]:
    """Those columns of a row that are not blank; an age that is a plain number as one, another (`50+`) as it stands."""
    known: dict[str, object] = {column: row[column] for column in columns if row.get(column)}
    if str(known.get("age", "")).isdigit():
        known["age"] = int(row["age"])
    return known
