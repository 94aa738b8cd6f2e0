"""Rural (TCIA COVID-19-AR, Tang et al. 2020): 7:3 by patient; case ids need the images, so the file lists patients."""

from pathlib import Path

from sklearn.model_selection import train_test_split

from cxrbench.curation.draws import draws, format_patient_list
from cxrbench.datasets import DataFolder
from cxrbench.datasets.formats.csv_table import Row, read_rows
from cxrbench.splits.split import SplitHeader

SEED = 23
TABLE = "covid_rural_patient_info.csv"
WITHOUT_ROW = "COVID-19-AR-16407177"
"""A patient who has a radiograph but no row in the table, and hence no outcome: train."""


@draws.register("covid-19-ar")
def draw_covid_19_ar(data: str | None) -> str:
    """Draw 30 % of the patients as test, stratified by outcome, with scikit-learn's `train_test_split`.

    Args:
        data: The data folder (default: `CXRBENCH_DATA`).

    Returns:
        The text of the split file.

    Raises:
        DataError: The data folder lacks a table that the draw needs.
    """
    root = DataFolder(None if data is None else Path(data)).root("covid-19-ar", TABLE)
    rows = sorted(read_rows(root / TABLE, ("PATIENT_ID", "ICU Admit", "MORTALITY")), key=lambda row: row["PATIENT_ID"])
    patients = [row["PATIENT_ID"] for row in rows]
    _, test = train_test_split(patients, test_size=0.3, random_state=SEED, stratify=[_to_outcome(row) for row in rows])
    header = SplitHeader(
        dataset="covid-19-ar",
        origin="published sizes, our draw",
        seed=SEED,
        licence="patient ids of TCIA COVID-19-AR, CC BY 4.0",
        note="a list of patients, since case ids need the films: each study goes where its patient goes; 7:3 by "
        "patient as in the paper, stratified by outcome (no ICU, ICU, died); COVID-19-AR-16407177 has a film but no "
        "row in the patient table and is in train",
    )
    held_out = set(test)
    return format_patient_list(
        header, {name: "test" if name in held_out else "train" for name in [*patients, WITHOUT_ROW]}
    )


def _to_outcome(row: Row) -> str:
    if row["MORTALITY"] == "1":
        return "died"
    return "icu" if row["ICU Admit"] == "1" else "neither"
