import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from cxrbench.datasets.adapters.danilov.thresholds import Scan
from cxrbench.metrics import mae, pearson
from cxrbench.reported import Printed, Recomputed, Report, check, equal
from cxrbench.reported.comparison import compare_systems
from cxrbench.reported.document import document
from cxrbench.reported.papers.danilov2022_thresholds import Network, recomputed_threshold
from hypothesis import given
from hypothesis import strategies as st

CLAIM = Printed("a", "p", "Table 1", "s", "t", "d", "test", "", "mae", Decimal("0.30"), 139)
GRID = np.round(np.arange(101) * 0.01, 2)


def finding(recomputed, claim=CLAIM):
    return check([claim], Report({} if recomputed is None else {claim.id: recomputed}))[0]


@given(st.floats(-20, 20), st.integers(0, 4))
def test_what_a_value_rounds_to_is_equal_to_it(value, digits):
    assert equal(Decimal(f"{value:.{digits}f}"), value)


@pytest.mark.parametrize(
    ("printed", "value", "same"),
    [("0.30", 0.305001, False), ("0.30", 0.305, True), ("0.30", 0.295, True), ("77", 76.5, True), ("77", 76.4, False)],
)
def test_a_half_may_be_rounded_either_way_and_no_further(printed, value, same):
    assert equal(Decimal(printed), value) is same


def test_a_claim_without_a_rule_is_not_yet_checked():
    assert finding(None).verdict == "not yet checked"


def test_an_equal_value_needs_no_reason():
    assert (finding(Recomputed(0.2963, 135, "")).verdict, finding(Recomputed(0.2963, 135, "")).reason) == ("equal", "")


def test_the_first_reading_that_gives_the_printed_value_is_the_reason():
    found = finding(Recomputed(0.4, 135, "", others=(("val alone", 0.5), ("train alone", 0.301), ("both", 0.3))))
    assert found.verdict == "differs"
    assert found.reason == "the printed value is that of train alone"


def test_a_difference_that_nothing_explains_says_so():
    found = finding(Recomputed(0.4, 135, "", others=(("val alone", 0.5),), unexplained="the files are newer"))
    assert (found.verdict, found.reason) == ("differs", "the files are newer")


def test_an_undefined_value_is_undefined_with_its_reason():
    found = finding(Recomputed(None, 135, "", undefined="constant"))
    assert (found.verdict, found.reason) == ("undefined", "constant")


def scan(best, least):
    error = least + np.abs(GRID - best)
    return Scan(GRID, error, error**2)


def network(train, val, films=(90, 10)):
    shares, truth = np.array([[0.5] * 6, [0.0] * 6]), np.array([6.0, 0.0])
    return Network({"train": train, "val": val}, dict(zip(("train", "val"), films, strict=True)), shares, truth)


def test_the_threshold_is_that_of_train_and_val_weighted_by_their_films():
    train, val = scan(0.40, 0.2), scan(0.20, 0.1)
    found = recomputed_threshold("threshold-at-min-mae", network(train, val))
    assert found.value == pytest.approx(0.40 * 255)
    assert dict(found.others)["val alone"] == pytest.approx(0.20 * 255)
    least = recomputed_threshold("mae", network(train, val))
    assert least.value == pytest.approx(0.9 * 0.2 + 0.1 * (0.1 + 0.2))
    assert least.n == 100
    assert dict(least.others)["train alone"] == pytest.approx(0.2)
    swapped = recomputed_threshold("threshold-at-min-mae", network(train, val, films=(10, 90)))
    assert swapped.value == pytest.approx(0.20 * 255)


def test_the_per_image_shares_are_scanned_beside():
    others = dict(recomputed_threshold("mae", network(scan(0.4, 0.2), scan(0.2, 0.1))).others)
    assert others["the published per-image shares"] == 0


def test_a_flat_scan_has_an_error_and_no_best_threshold():
    flat = Scan(GRID, np.full(101, 1.5), np.full(101, 4.0))
    assert recomputed_threshold("threshold-at-min-mae", network(flat, flat)).value is None
    assert recomputed_threshold("rmse", network(flat, flat)).value == pytest.approx(2)
    assert recomputed_threshold("dice", network(flat, flat)) is None


@pytest.fixture(scope="module")
def systems():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 7, 80).astype(float)
    near = truth + rng.normal(0, 0.3, 80)
    sides = {"far": truth + rng.normal(0, 3, 80), "near": near, "also-near": near[:], "constant": np.zeros(80)}
    return truth, sides, [f"p{i // 2}" for i in range(80)]


def test_a_comparison_tells_apart_what_is_apart(systems):
    found = compare_systems("t", mae, *systems)
    assert (found.n, found.n_patients, len(found.pairs)) == (80, 40, 6)
    rows = {rank.name: (rank.rank, score.value) for rank, score in found.rows}
    assert rows["near"][0] == rows["also-near"][0] == 1
    assert rows["near"][1] == pytest.approx(np.abs(systems[0] - systems[1]["near"]).mean())
    told = {frozenset((pair.gap.left, pair.gap.right)): pair.told for pair in found.pairs}
    assert told[frozenset(("far", "near"))] == "told apart"
    assert told[frozenset(("near", "also-near"))] == "no difference shown"


def test_a_constant_prediction_has_no_correlation_and_no_rank(systems):
    last, score = compare_systems("t", pearson, *systems).rows[-1]
    assert (last.name, last.rank, score.value) == ("constant", None, None)
    assert "constant" in score.undefined


def test_the_document_is_deterministic_and_holds_no_path(tmp_path, systems):
    source = tmp_path / "scores.csv"
    source.write_text("a,1\n", "utf-8")
    report = Report({"a": Recomputed(0.3, 1, "h")}, ("remark",), (compare_systems("t", mae, *systems),), (source,))
    claims = [CLAIM, replace(CLAIM, id="b")]
    made = [json.dumps(document({"p": (report, check(claims, report))}, "c"), sort_keys=True) for _ in range(2)]
    assert made[0] == made[1]
    assert str(tmp_path) not in made[0]
    first = json.loads(made[0])
    assert first["verdicts"]["a"]["verdict"] == "equal"
    assert set(first["verdicts"]) == {"a"}
    assert first["papers"]["p"]["unchecked"] == 1
    source.write_text("a,2\n", "utf-8")
    other = document({"p": (report, check(claims, report))}, "c")
    assert other["papers"]["p"]["sources"] != first["papers"]["p"]["sources"]
