import json
from decimal import Decimal

import numpy as np
import pytest
from cxrbench.datasets.adapters.danilov.thresholds import ThresholdScan
from cxrbench.metrics import mae, pearson
from cxrbench.reported.claims import Claim
from cxrbench.reported.comparison import compare_systems
from cxrbench.reported.document import make_document
from cxrbench.reported.findings import PaperReport, RecomputedValue
from cxrbench.reported.papers.danilov2022_thresholds import ScannedNetwork, recompute_threshold
from cxrbench.reported.rules import check_claims, is_equal_as_printed
from hypothesis import given
from hypothesis import strategies as st

CLAIM = Claim(
    id="a",
    paper="p",
    where="Table 1",
    system="s",
    task="t",
    dataset="d",
    part="test",
    metric="mae",
    value=Decimal("0.30"),
    n=139,
    unit="score points",
)
GRID = np.round(np.arange(101) * 0.01, 2)


def make_finding(recomputed, claim=CLAIM):
    return check_claims([claim], PaperReport({} if recomputed is None else {claim.id: recomputed}))[0]


@given(st.floats(-20, 20), st.integers(0, 4))
def test_what_a_value_rounds_to_is_equal_to_it(value, digits):
    assert is_equal_as_printed(Decimal(f"{value:.{digits}f}"), value)


@pytest.mark.parametrize(
    ("printed", "value", "same"),
    [("0.30", 0.305001, False), ("0.30", 0.305, True), ("0.30", 0.295, True), ("77", 76.5, True), ("77", 76.4, False)],
)
def test_a_half_may_be_rounded_either_way(printed, value, same):
    assert is_equal_as_printed(Decimal(printed), value) is same


def test_a_claim_without_a_rule_is_not_yet_checked():
    assert make_finding(None).verdict == "not yet checked"


def test_an_equal_value_needs_no_reason():
    finding = make_finding(RecomputedValue(0.2963, 135, ""))
    assert (finding.verdict, finding.reason) == ("equal", "")


def test_first_reading_with_the_printed_value_is_the_reason():
    result = make_finding(
        RecomputedValue(0.4, 135, "", others=(("val alone", 0.5), ("train alone", 0.301), ("both", 0.3)))
    )
    assert result.verdict == "differs"
    assert result.reason == "the printed value is that of train alone"


def test_an_unexplained_difference_has_its_reason():
    result = make_finding(
        RecomputedValue(0.4, 135, "", others=(("val alone", 0.5),), unexplained="the files are newer")
    )
    assert (result.verdict, result.reason) == ("differs", "the files are newer")


def test_an_undefined_value_is_undefined_with_its_reason():
    result = make_finding(RecomputedValue(None, 135, "", undefined="constant"))
    assert (result.verdict, result.reason) == ("undefined", "constant")


def scan(best, least):
    error = least + np.abs(GRID - best)
    return ThresholdScan(GRID, error, error**2)


def network(train, val, radiographs=(90, 10)):
    shares, truth = np.array([[0.5] * 6, [0.0] * 6]), np.array([6.0, 0.0])
    return ScannedNetwork(
        {"train": train, "val": val}, dict(zip(("train", "val"), radiographs, strict=True)), shares, truth
    )


def test_threshold_weights_train_and_val_by_their_radiographs():
    train, val = scan(0.40, 0.2), scan(0.20, 0.1)
    result = recompute_threshold("threshold-at-min-mae", network(train, val))
    assert result.value == pytest.approx(0.40 * 255)
    assert dict(result.others)["val alone"] == pytest.approx(0.20 * 255)
    least = recompute_threshold("mae", network(train, val))
    assert least.value == pytest.approx(0.9 * 0.2 + 0.1 * (0.1 + 0.2))
    assert least.n == 100
    assert dict(least.others)["train alone"] == pytest.approx(0.2)
    swapped = recompute_threshold("threshold-at-min-mae", network(train, val, radiographs=(10, 90)))
    assert swapped.value == pytest.approx(0.20 * 255)


def test_per_image_shares_are_scanned_too():
    others = dict(recompute_threshold("mae", network(scan(0.4, 0.2), scan(0.2, 0.1))).others)
    assert others["the published per-image shares"] == 0


def test_a_flat_scan_has_an_error_and_no_best_threshold():
    flat = ThresholdScan(GRID, np.full(101, 1.5), np.full(101, 4.0))
    assert recompute_threshold("threshold-at-min-mae", network(flat, flat)).value is None
    assert recompute_threshold("rmse", network(flat, flat)).value == pytest.approx(2)
    assert recompute_threshold("dice", network(flat, flat)) is None


@pytest.fixture(scope="module")
def systems():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 7, 80).astype(float)
    near = truth + rng.normal(0, 0.3, 80)
    sides = {"far": truth + rng.normal(0, 3, 80), "near": near, "also-near": near[:], "constant": np.zeros(80)}
    return truth, sides, [f"p{i // 2}" for i in range(80)]


def test_comparison_finds_the_significantly_different_system(systems):
    result = compare_systems("t", mae, *systems)
    assert (result.n, result.n_patients, len(result.pairs)) == (80, 40, 6)
    rows = {rank.name: (rank.rank, estimate.value) for rank, estimate in result.rows}
    assert rows["near"][0] == rows["also-near"][0] == 1
    assert rows["near"][1] == pytest.approx(np.abs(systems[0] - systems[1]["near"]).mean())
    verdicts = {frozenset((pair.difference.left, pair.difference.right)): pair.verdict for pair in result.pairs}
    assert verdicts[frozenset(("far", "near"))] == "significantly different"
    assert verdicts[frozenset(("near", "also-near"))] == "no difference shown"


def test_a_constant_prediction_has_no_correlation_and_no_rank(systems):
    last, estimate = compare_systems("t", pearson, *systems).rows[-1]
    assert (last.name, last.rank, estimate.value) == ("constant", None, None)
    assert "constant" in estimate.undefined


def test_the_document_is_deterministic_and_holds_no_path(tmp_path, systems):
    source = tmp_path / "scores.csv"
    source.write_text("a,1\n", "utf-8")
    report = PaperReport(
        {"a": RecomputedValue(0.3, 1, "h")}, ("remark",), (compare_systems("t", mae, *systems),), (source,)
    )
    claims = [CLAIM, CLAIM.model_copy(update={"id": "b"})]
    documents = [
        json.dumps(make_document({"p": (report, check_claims(claims, report))}, "c"), sort_keys=True) for _ in range(2)
    ]
    assert documents[0] == documents[1]
    assert str(tmp_path) not in documents[0]
    first = json.loads(documents[0])
    assert first["verdicts"]["a"]["verdict"] == "equal"
    assert set(first["verdicts"]) == {"a"}
    assert first["papers"]["p"]["unchecked"] == 1
    source.write_text("a,2\n", "utf-8")
    other = make_document({"p": (report, check_claims(claims, report))}, "c")
    assert other["papers"]["p"]["sources"] != first["papers"]["p"]["sources"]
