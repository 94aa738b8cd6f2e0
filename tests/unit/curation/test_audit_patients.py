"""The audit of patients and balance, on made-up splits that leak and on the real tables."""

import json
import re

import pytest
from cxrbench.case import Case, Targets
from cxrbench.curation import audit as package
from cxrbench.curation.audit import audit_splits
from cxrbench.curation.audit.balance import compute_balance, describe_case, parse_age
from cxrbench.curation.audit.patients import count_held_out, find_shared_patients
from cxrbench.splits import Split


def split_of(rows, **head):
    """A split from (case, patient, part)."""
    stated = {"dataset": "d", "origin": "ours", "licence": "", "note": "", **head}
    return Split(**stated, patients={c: p for c, p, _ in rows}, part_of={c: part for c, _, part in rows})


LEAKY = split_of(
    [
        ("a1", "A", "train"),
        ("a2", "A", "train"),
        ("a3", "A", "test"),
        ("b1", "B", "val"),
        ("b2", "B", "test"),
        ("c1", "C", "test"),
        ("d1", "image:d1", "test"),
        ("e1", "E", "unused"),
        ("e2", "E", "train"),
    ]
)


def test_pairs_of_parts_count_patients_and_images():
    counts = {(pair.a, pair.b): (pair.patients, pair.images_a, pair.images_b) for pair in find_shared_patients(LEAKY)}
    assert counts == {("train", "test"): (1, 2, 1), ("val", "test"): (1, 1, 1)}


def test_held_out_images_whose_patient_is_in_another_part():
    val, test = count_held_out(LEAKY)
    assert (val.part, val.images, val.in_train, val.in_any_other) == ("val", 1, 0, 1)
    assert (test.images, test.patient_known, test.in_train, test.in_any_other) == (4, 3, 1, 2)
    assert test.share_in_train == 0.25


def test_held_out_images_are_counted_by_folder():
    rows = [("x/1", "A", "train"), ("x/2", "A", "test"), ("y/1", "B", "test"), ("y/2", "C", "test")]
    counts = {row.source: (row.images, row.in_train) for row in count_held_out(split_of(rows))}
    assert counts == {"all": (3, 1), "x": (1, 1), "y": (2, 0)}


def test_a_clean_split_has_no_pairs():
    clean = split_of([("a", "A", "train"), ("b", "B", "test"), ("c", "B", "unused")])
    assert find_shared_patients(clean) == ()
    assert [row.in_any_other for row in count_held_out(clean)] == [0]


def test_balance_includes_unknown_values():
    cases = {
        "a1": Case(id="a1", patient="A", dataset="d", targets=Targets(finding=True), meta={"age": 17, "sex": "F"}),
        "a2": Case(id="a2", patient="A", dataset="d", targets=Targets(finding=False), meta={"age": "066Y"}),
        "c1": Case(id="c1", patient="C", dataset="d", targets=Targets(finding=True), meta={"age": 151}),
    }
    balance = {part.part: part for part in compute_balance(LEAKY, cases)}
    assert balance["train"].images == 2
    assert balance["train"].patients == 1
    assert balance["train"].fields == {
        "finding": {"negative": 1, "positive": 1},
        "sex": {"F": 1, "unknown": 1},
        "age": {"0-17": 1, "65 and over": 1},
    }
    assert balance["train"].median_age == 41.5
    assert balance["test"].fields["age"] == {"unknown": 1}
    assert balance["test"].median_age is None
    assert balance["val"].images == 0


@pytest.mark.parametrize(
    ("targets", "band"),
    [
        (Targets(brixia=(0, 0, 0, 0, 0, 0)), "Brixia 0"),
        (Targets(brixia=(0, 1, 1, 1, 1, 1)), "Brixia 1-5"),
        (Targets(brixia=(2, 2, 2, 2, 2, 2)), "Brixia 12-18"),
        (Targets(zone_severity=0.0), "zones 0"),
        (Targets(zone_severity=2.0), "zones 0.5-2"),
        (Targets(zone_severity=2.5), "zones 2.5-4"),
        (Targets(extent=8.0), "extent 6-8"),
        (Targets(ct_grade=0), "CT-0"),
        (Targets(), "unknown"),
    ],
)
def test_bands_of_severity(targets, band):
    assert describe_case(Case(id="x", patient="x", dataset="d", targets=targets))["severity"] == band


@pytest.mark.parametrize(
    ("text", "expected"), [("58.0", 58), (0, 0), ("000M", 0), ("110", 110), ("111", None), ("", None), (None, None)]
)
def test_ages(text, expected):
    assert parse_age(text) == expected


def test_rsna_by_its_split_alone(command):
    done = command("splits", "audit", "rsna", "--json")
    assert done.code == 0
    report = json.loads(done.out)
    (dataset,) = report["datasets"]
    assert (dataset["images"], dataset["patients"]) == (26_684, 11_439)
    assert (dataset["patients_with_several"], dataset["most_images_of_one"]) == (4_355, 65)
    ours, leaking = report["splits"]
    assert (ours["split"], ours["shared_patients"], ours["pairs"]) == ("rsna", 0, [])
    test = next(row for row in leaking["held_out"] if row["part"] == "test")
    assert test["images"] == 1_124
    assert test["share_in_train"] == pytest.approx(0.64, abs=0.02)
    assert report["compared"] is None
    assert "no data folder" in ours["without_balance"]


def test_rsna_with_its_labels(command, real_data):
    done = command("splits", "audit", "rsna@default", "--data", real_data, "--json")
    (ours,) = json.loads(done.out)["splits"]
    assert ours["not_in_copy"] == ours["not_in_split"] == 0
    by_part = {part["part"]: part["fields"]["finding"] for part in ours["balance"]}
    assert by_part["test"] == {"negative": 562, "positive": 562}
    assert sum(part["positive"] for part in by_part.values()) == 5_627


def test_danilov_published_test_images_share_patients():
    audits = {split.split: split for split in audit_splits(["danilov"]).splits}
    assert audits["danilov"].shared_patients == 0
    published = audits["danilov@published"].held_out
    rows = {(row.part, row.source): row for row in published}
    cohen = rows["test", "covid-chestxray-dataset"]
    assert (cohen.images, cohen.patient_known) == (40, 37)
    assert (cohen.in_train, cohen.in_any_other) == (16, 21)
    assert rows["test", "rsna_normal"].in_any_other == 0


def test_the_authors_draw_of_the_192():
    audits = {split.split: split for split in audit_splits(["brixia-cohen"]).splits}
    (test,) = audits["brixia-cohen@published"].held_out
    assert (test.images, test.in_train) == (48, 17)
    assert audits["brixia-cohen"].shared_patients == 0


def test_one_split_or_all_of_a_dataset_each_once():
    assert [split.split for split in audit_splits(["rsna@image-level", "rsna"]).splits] == ["rsna@image-level", "rsna"]
    assert [split.split for split in audit_splits(["brixia-cohen@default"]).splits] == ["brixia-cohen"]


def test_a_rule_needs_the_copy(command):
    done = command("splits", "audit", "brixia")
    assert done.code == 4
    assert done.error_lines == ["error: no data folder: brixia; give --data DIR or set CXRBENCH_DATA"]


def test_unknown_names_are_usage_errors(command):
    assert command("splits", "audit", "rnsa").code == 2
    assert command("splits", "audit", "rsna@published").code == 2
    assert command("splits", "audit").code == 2


def test_the_text_states_the_numbers_of_the_json(command):
    text = command("splits", "audit", "brixia-cohen@published").out
    assert "15 patients are in more than one part" in text
    assert re.search(r"test\s+all\s+48\s+46\s+17\s+17\s+35.4 %", text)


def test_counts_of_a_copy_that_differs(synthetic_copy):
    table = synthetic_copy / "brixia-cohen/public-annotations.csv"
    lines = table.read_text("utf-8-sig").splitlines()
    lines[1] = lines[1].replace(lines[1].split(",")[0], "never-seen.png")
    table.write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    (audit, _) = package.audit_splits(["brixia-cohen"], str(synthetic_copy)).splits
    assert (audit.not_in_copy, audit.not_in_split) == (2, 1)


def test_show_and_list(command):
    listed = json.loads(command("splits", "list", "--json").out)
    by_name = {split["split"]: split for split in listed}
    assert by_name["rsna"]["parts"] == {"all": 11_254, "train": 9_004, "val": 1_126, "test": 1_124}
    assert by_name["rsna"]["unused"] == 15_430
    assert by_name["brixia"]["parts"] == {"all": None, "train": None, "val": None, "test": None}
    names = [line.split()[0] for line in command("splits", "list").out.splitlines()[1:]]
    assert names == [split["split"] for split in listed]
    shown = json.loads(command("splits", "show", "mosmed-1110", "--json").out)
    assert shown["cases"]["study_0255"] == "masked"
    rule = command("splits", "show", "brixia")
    assert rule.code == 0
    assert "not evaluated" in rule.err
