"""Printed claims against what the published per-image files give; the printed values come from published.yaml."""

import json

import pytest
from cxrbench.reported.claims import load_claims

DANILOV = "danilov2022-scoring"


@pytest.fixture(scope="module")
def printed():
    return {claim.id: claim for claim in load_claims() if claim.paper == DANILOV}


@pytest.fixture
def danilov(command, real_data):
    done = command("reproduce", "claims", "--paper", DANILOV, "--data", real_data, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_table_10_is_recomputed_in_full(danilov, printed):
    cells = {name: claim for name, claim in printed.items() if claim.where == "Table 10"}
    assert len(cells) == 11 * 2 * 3
    for name, claim in cells.items():
        verdict = danilov["verdicts"][name]
        assert verdict["verdict"] == "equal", name
        assert verdict["recomputed"] == pytest.approx(float(claim.value), abs=0.00501), name
        assert verdict["n"] == {"train": 1055, "val": 130, "test": 135}[claim.part]


@pytest.mark.parametrize("start", ["danilov-fig9-", "danilov-e-", "danilov-radiologists-"])
def test_agreement_and_subgroup_tables_are_recomputed(danilov, printed, start):
    names = [name for name in printed if name.startswith(start)]
    assert names
    assert {danilov["verdicts"][name]["verdict"] for name in names} == {"equal"}


def test_table_9_is_of_train_alone_but_for_one_network(danilov, printed):
    cells = [name for name, claim in printed.items() if claim.where == "Table 9"]
    assert len(cells) == 36
    for name in cells:
        verdict, value = danilov["verdicts"][name], float(printed[name].value)
        half = 0.51 if "threshold" in name else 0.00501
        if name.startswith("danilov-t9-deeplabv3plus-deeplabv3-"):
            assert verdict["verdict"] == ("undefined" if "threshold" in name else "differs")
        else:
            assert verdict["others"]["train alone"] == pytest.approx(value, abs=half), name
            assert verdict["verdict"] == "equal" or "train alone" in verdict["reason"]


def test_a_remark_says_that_the_constant_network_has_no_correlation(danilov):
    assert any(
        "deeplabv3plus+deeplabv3:" in remark and "undefined" in remark
        for remark in danilov["papers"][DANILOV]["remarks"]
    )


def test_most_networks_do_not_differ_on_135_radiographs(danilov):
    mae = next(part for part in danilov["papers"][DANILOV]["comparisons"] if part["metric"] == "mae")
    assert (mae["n"], len(mae["rows"]), len(mae["pairs"])) == (135, 9, 36)
    assert mae["rows"][0]["system"] == "deeplabv3plus+manet"
    different = [pair for pair in mae["pairs"] if pair["told"] == "significantly different"]
    assert {"deeplabv3plus+deeplabv3"} == set.intersection(*({pair["left"], pair["right"]} for pair in different))
    assert len(different) == 8


def test_radiographs_of_training_patients_are_counted(danilov):
    assert (
        "29 of the 135 test radiographs are of patients with other radiographs in train or val"
        in (danilov["papers"][DANILOV]["remarks"])
    )


def test_numbers_do_not_depend_on_other_datasets(danilov, command, real_data, tmp_path):
    (tmp_path / "danilov").symlink_to(real_data / "danilov")
    done = command("reproduce", "claims", "--paper", DANILOV, "--data", tmp_path, "--json")
    assert json.loads(done.out) == danilov


def test_text_has_one_row_per_claim_and_the_counts(command, real_data, printed):
    done = command("reproduce", "claims", "--paper", DANILOV, "--data", real_data)
    headline = next(line for line in done.out.splitlines() if "t10-deeplabv3plus-manet-mae-test" in line)
    assert headline.split()[1:] == ["0.30", "0.2963", "135", "of", "139", "equal"]
    assert "135 cases of 131 patients" in done.out
    assert f"{len(printed)} claims: " in done.out


def test_the_reader_of_table_9_of_bs_net(command, real_data):
    done = command("reproduce", "claims", "--paper", "signoroni2020-bsnet", "--data", real_data, "--json")
    verdicts = json.loads(done.out)["verdicts"]
    prefix = "bsnet-t9-radiologist-rj-full-"
    assert verdicts[f"{prefix}mean-error-regions-mean"]["verdict"] == "equal"
    assert verdicts[f"{prefix}mae-regions-mean"] | {"reason": ""} == {
        "printed": "0.405",
        "recomputed": pytest.approx(0.407, abs=0.001),
        "verdict": "differs",
        "reason": "",
        "n": 192,
        "n_printed": 192,
        "how": "junior against senior; mean error as senior minus junior",
        "others": {},
    }


def test_an_unknown_paper_gets_a_suggestion(command, tmp_path):
    done = command("reproduce", "claims", "--paper", "danilov2022", "--data", tmp_path)
    assert done.code == 2
    assert "did you mean danilov2022-scoring" in done.error_lines[0]


def test_without_data_it_says_what_is_missing(command, tmp_path):
    done = command("reproduce", "claims", "--paper", DANILOV, "--data", tmp_path)
    assert done.code == 4
    assert "danilov" in done.error_lines[0]
