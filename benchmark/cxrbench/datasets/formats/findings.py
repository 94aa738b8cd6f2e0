"""What the small public COVID-19 tables write under `finding`, as a category; and what a category says of a finding."""

from collections.abc import Iterable, Mapping

from cxrbench.case import Category, Targets
from cxrbench.datasets import Problem
from cxrbench.datasets.formats.csv_table import Row

FINDINGS: Mapping[str, Category] = {"COVID-19": "covid", "Pneumonia": "other", "No finding": "healthy"}


def to_finding(category: Category | None) -> bool | None:
    """Convert a category to whether the image shows a finding.

    Args:
        category: The category of a case; None where it is unknown.

    Returns:
        False for "healthy", True for the others, None for an unknown category.

    Example:
        >>> to_finding("other"), to_finding("healthy"), to_finding(None)
        (True, False, None)
    """
    return None if category is None else category != "healthy"


def make_finding_targets(row: Row) -> Targets:
    """Make the targets of a row that has a `finding`.

    Args:
        row: A row of the table.

    Returns:
        Category and finding; both None where the cell is blank (inconclusive) or has an unknown value.

    Example:
        >>> make_finding_targets({"finding": "Pneumonia"}).category
        'other'
    """
    category = FINDINGS.get(row["finding"])
    return Targets(category=category, finding=to_finding(category))


def check_findings(rows: Iterable[Row], key: str) -> list[Problem]:
    """Report findings without a category.

    Args:
        rows: The rows of the table.
        key: The column that names the image.

    Returns:
        One problem per unknown finding, and one remark that counts the blank ones.
    """
    table = list(rows)
    unknown = [row for row in table if row["finding"] and row["finding"] not in FINDINGS]
    blank = sum(not row["finding"] for row in table)
    problems = [Problem(row[key], f"unknown finding {row['finding']}: category unknown") for row in unknown]
    if blank:
        problems.append(Problem("metadata.csv", f"{blank} rows have no finding: inconclusive, no category", bad=False))
    return problems


def collect_facts(row: Row, *columns: str) -> dict[str, object]:
    """Collect the columns of a row that are not blank, for `Case.meta`.

    Args:
        row: A row of the table.
        columns: The columns wanted; one that the table lacks counts as blank.

    Returns:
        Column to text. An age that is a plain number becomes an int, another (`50+`) stays text.

    Example:
        >>> collect_facts({"age": "28", "sex": "", "view": "PA"}, "age", "sex", "view")
        {'age': 28, 'view': 'PA'}
    """
    facts: dict[str, object] = {column: row[column] for column in columns if row.get(column)}
    if str(facts.get("age", "")).isdigit():
        facts["age"] = int(row["age"])
    return facts
