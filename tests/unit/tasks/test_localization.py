"""The localization task: keys, empty images, boxes in a CSV table."""

import numpy as np
import pytest
from cxrbench.case import Case, Targets
from cxrbench.results.store import read_table
from cxrbench.tasks import tasks

TASK = tasks["localization"]
BOX = [[10.0, 10, 20, 20]]
NONE = np.zeros((0, 4))


def case(i, boxes):
    return Case(id=f"c{i}", patient=f"p{i}", dataset="d", targets=Targets(boxes=np.array(boxes)))


def prediction(boxes):
    return TASK.check({"boxes": np.array(boxes), "confidence": np.ones(len(boxes))})


def test_keys_values_and_counts():
    cases = [case(0, BOX), case(1, NONE), case(2, NONE)]
    predictions = [prediction([[10.0, 10, 20, 10.2]]), prediction(NONE), prediction(BOX)]
    measured = TASK.measure(cases, predictions, ["p0", "p1", "p2"])
    values = {key: metric.estimator.point() for key, metric in measured.items()}
    assert values["rsna_map"] == pytest.approx(3 / 8 / 2)
    assert [values[f"rsna_map[0.{t}]"] for t in (40, 45, 50, 55, 60, 65, 70, 75)] == [0.5] * 3 + [0] * 5
    assert values["rsna_map[dlnet]"] == pytest.approx(3 / 8 / 3)
    assert measured["rsna_map"].counted.tolist() == [True, False, True]
    assert measured["rsna_map"].note == "left out: 1, without a box, drawn or predicted"
    assert measured["rsna_map[dlnet]"].counted is None


def test_a_csv_table_has_one_row_per_box(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("case_id,x,y,w,h,confidence\nb,,,,,\na,1,2,3,4,0.5\na,5,6,7,8,0.25\n", "utf-8")
    rows = read_table(path, several_rows=True)
    assert list(rows) == ["b", "a"]
    values = {name: TASK.check(TASK.from_row(row)) for name, row in rows.items()}
    assert values["a"]["boxes"].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert values["a"]["confidence"].tolist() == [0.5, 0.25]
    assert values["b"]["boxes"].shape == (0, 4)


def test_a_half_empty_row_is_refused(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("case_id,x,y,w,h,confidence\na,1,2,,4,0.5\n", "utf-8")
    row = read_table(path, several_rows=True)["a"]
    with pytest.raises(ValueError, match="finite"):
        TASK.check(TASK.from_row(row))


def test_a_case_known_to_have_no_box_has_truth():
    assert TASK.has_truth(case(0, NONE))
    assert not TASK.has_truth(Case(id="a", patient="p", dataset="d"))
