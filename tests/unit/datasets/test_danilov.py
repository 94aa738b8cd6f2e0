"""Danilov: the readers' scores, the paper's filter, patients from the source sets, masks from Supervisely."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.datasets.adapters.danilov.published import BSNET, PARTS, read_published_predictions
from cxrbench.errors import DataError

from tests.fixtures.make_tables import (
    DANILOV,
    danilov_row,
    make_rsna,
    packed_bitmap,
    write_annotation,
    write_csv,
    write_picture,
)

ACTUALMED, COHEN, FIGURE1 = (f"{name}-chestxray-dataset" for name in ("Actualmed-COVID", "covid", "Figure1-COVID"))
NORMAL = {"label": "Normal", "Normal": "Yes"}
ROWS = [
    danilov_row(ACTUALMED, "DX.1.png.bmp", 3, 4),
    danilov_row(COHEN, "one.jpg", 5, None, subset="test"),
    danilov_row(COHEN, "poor.jpg", 2, None, Poor_quality_D="Yes", subset="test"),
    danilov_row(FIGURE1, "COVID-00039b.jpg", 1, 0),
    danilov_row("chest_xray_normal", "NORMAL2-IM-1289-0001.png", 0, 0, **NORMAL),
    danilov_row("rsna_normal", "aaaa.png", 0, 0, **NORMAL),
    danilov_row("COVID-19-Radiography-Database", "COVID-19 (91).png", 6, 6),
]


def listed(tmp_path, rows=ROWS, folder="danilov"):
    write_csv(tmp_path / folder / "metadata.csv", DANILOV, rows)
    return load("danilov", tmp_path)


def reasons(dataset, case):
    return [problem.reason for problem in dataset.problems if problem.file == case]


def test_severity_is_the_mean_of_the_readers(tmp_path):
    dataset = listed(tmp_path)
    severity = {case.id: case.targets.zone_severity for case in dataset.cases}
    assert severity == {
        f"{ACTUALMED}/DX.1.png.bmp": 3.5,
        f"{COHEN}/one.jpg": 5.0,
        f"{COHEN}/poor.jpg": 2.0,
        f"{FIGURE1}/COVID-00039b.jpg": 0.5,
        "chest_xray_normal/NORMAL2-IM-1289-0001.png": 0.0,
        "rsna_normal/aaaa.png": 0.0,
        "COVID-19-Radiography-Database/COVID-19 (91).png": 6.0,
    }
    assert dataset.cases[0].targets.readings == {"R": 3.0, "D": 4.0}
    assert dataset.cases[1].targets.readings == {"R": 5.0}


def test_normals_have_no_readings(tmp_path):
    normal = listed(tmp_path).cases[4]
    assert (normal.targets.category, normal.targets.finding, normal.targets.readings) == ("healthy", False, {})


def test_the_papers_filter_is_marked_and_named(tmp_path):
    dataset = listed(tmp_path)
    outside = [case.id for case in dataset.cases if not case.meta["paper_filter"]]
    assert outside == [f"{COHEN}/poor.jpg"]
    assert any("quality poor by reader D" in reason for reason in reasons(dataset, outside[0]))


@pytest.fixture
def without_split(monkeypatch):
    monkeypatch.setattr("cxrbench.datasets.adapters.danilov.patients.load_split_patients", lambda _: {})
    monkeypatch.setattr("cxrbench.datasets.adapters.rsna.adapter.load_split_patients", lambda _: {})


def test_patients_come_from_the_source_sets(tmp_path, without_split):
    cohen = ("patientid", "filename", "finding", "view", "modality", "folder")
    write_csv(tmp_path / "cohen/metadata.csv", cohen, [("12", "one.jpg", "COVID-19", "PA", "X-ray", "images")])
    write_csv(tmp_path / "actualmed/metadata.csv", ("patientid", "imagename"), [("ANON7", "DX.1.png")])
    make_rsna(tmp_path / "rsna", [], twins=[("aaaa", "00000041_000.png", "41", "1.0", "Normal")])
    dataset = listed(tmp_path)
    assert [case.patient for case in dataset.cases] == [
        "actualmed:ANON7",
        "cohen:12",
        f"image:{COHEN}/poor.jpg",
        "figure1:COVID-00039",
        "kermany:IM-1289",
        "nih:41",
        "image:COVID-19-Radiography-Database/COVID-19 (91).png",
    ]
    assert any("a patient of its own" in reason for reason in reasons(dataset, f"{COHEN}/poor.jpg"))


def test_a_registered_split_gives_the_patients(tmp_path, monkeypatch):
    known = {f"{COHEN}/one.jpg": "cohen:12"}
    monkeypatch.setattr("cxrbench.datasets.adapters.danilov.patients.load_split_patients", lambda _: known)
    assert listed(tmp_path).cases[1].patient == "cohen:12"


def test_an_image_may_be_in_its_source_without_bmp(tmp_path):
    write_picture(tmp_path / "actualmed/images/DX.1.png")
    dataset = listed(tmp_path)
    assert dataset.cases[0].image().pixels.shape == (20, 24)
    assert reasons(dataset, f"danilov/{COHEN}/one.jpg") == ["listed but absent"]


def test_the_tables_may_be_in_resources(tmp_path):
    assert len(listed(tmp_path, folder="danilov/resources").cases) == len(ROWS)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (danilov_row(COHEN, "x.jpg", 7, 1), "a score is not 0-6 (7, 1)"),
        (danilov_row(COHEN, "x.jpg", "3.5", 1), "a score is not 0-6 (3.5, 1)"),
        (danilov_row(COHEN, "x.jpg", 1, 1, label="Flu"), "label Flu with Normal No"),
        (danilov_row(COHEN, "x.jpg", 0, 0, Normal="Yes"), "label COVID-19 with Normal Yes"),
        (danilov_row(COHEN, "x.jpg", 0, 1, **NORMAL), "a normal radiograph with a score above 0"),
        (danilov_row(COHEN, "x.jpg", 0, 1, subset="dev"), "subset dev is none of train, val, test"),
    ],
)
def test_a_row_that_contradicts_itself_is_reported_and_left_out(tmp_path, row, reason):
    dataset = listed(tmp_path, [*ROWS, row])
    assert len(dataset.cases) == len(ROWS)
    assert reasons(dataset, f"{COHEN}/x.jpg") == [f"{reason}: left out"]


def test_a_radiograph_without_scores_has_no_truth(tmp_path):
    case = listed(tmp_path, [danilov_row(COHEN, "x.jpg", None, None)]).cases[0]
    assert case.targets.zone_severity is None
    assert not case.meta["paper_filter"]


def test_duplicate_rows(tmp_path):
    differing = danilov_row(COHEN, "one.jpg", 4, None)
    dataset = listed(tmp_path, [*ROWS, ROWS[0], differing])
    ids = [case.id for case in dataset.cases]
    assert ids.count(f"{ACTUALMED}/DX.1.png.bmp") == 1
    assert f"{COHEN}/one.jpg" not in ids
    assert reasons(dataset, f"{COHEN}/one.jpg") == ["2 rows in metadata.csv, which differ: none kept"]
    assert "2 rows in metadata.csv, all equal: one kept" in reasons(dataset, f"{ACTUALMED}/DX.1.png.bmp")


def test_a_missing_column_is_named(tmp_path):
    write_csv(tmp_path / "danilov/metadata.csv", DANILOV[:-1], [])
    with pytest.raises(DataError, match="column missing: Normal"):
        load("danilov", tmp_path)


@pytest.fixture
def project(tmp_path):
    """A Supervisely project with one radiograph of 20 x 24 pixels."""
    folder = tmp_path / "danilov/scoring" / COHEN
    write_picture(folder / "img/one.jpg")
    return folder


def annotated(tmp_path, project, objects, size=(20, 24)):
    write_annotation(project / "ann/one.jpg.json", size, objects)
    dataset = listed(tmp_path, ROWS[1:2])
    return dataset.cases[0], reasons(dataset, f"{COHEN}/one.jpg")


def test_objects_are_placed_at_their_origin_and_united(tmp_path, project):
    corner = np.array([[1, 1], [1, 0]])
    objects = [
        ("COVID-19", 3, 5, packed_bitmap(corner)),
        ("COVID-19", 4, 6, packed_bitmap(np.array([[0, 1]]), "L")),
        ("Lungs", 2, 4, packed_bitmap(np.ones((6, 7)))),
    ]
    case, _ = annotated(tmp_path, project, objects)
    lesions, lungs = np.zeros((20, 24), bool), np.zeros((20, 24), int)
    lesions[5:7, 3:5] = corner
    lesions[6, 5] = True
    lungs[4:10, 2:9] = 3
    np.testing.assert_array_equal(case.targets.lesion_mask(), lesions)
    np.testing.assert_array_equal(case.targets.lung_mask(), lungs)


def test_a_later_object_does_not_erase_an_earlier_one(tmp_path, project):
    objects = [
        ("COVID-19", 0, 0, packed_bitmap(np.ones((4, 4)))),
        ("COVID-19", 0, 0, packed_bitmap(np.eye(4))),
    ]
    case, _ = annotated(tmp_path, project, objects)
    assert case.targets.lesion_mask().sum() == 16


def test_an_annotation_without_objects_is_an_empty_lesion_mask(tmp_path, project):
    case, _ = annotated(tmp_path, project, [])
    assert case.targets.lesion_mask().shape == (20, 24)
    assert not case.targets.lesion_mask().any()
    assert case.targets.lung_mask is None


@pytest.mark.parametrize(
    ("title", "size", "reason"),
    [
        ("Heart", (20, 24), "unknown class Heart: masks not used"),
        ("COVID-19", (24, 20), "annotation of 24 x 20 pixels, image of 20 x 24: masks not used"),
    ],
)
def test_an_invalid_annotation_is_reported_and_not_used(tmp_path, project, title, size, reason):
    case, reported = annotated(tmp_path, project, [(title, 0, 0, packed_bitmap(np.ones((2, 2))))], size)
    assert reason in reported
    assert case.targets.lesion_mask is None


def test_an_annotation_that_does_not_parse_is_reported(tmp_path, project):
    (project / "ann").mkdir()
    (project / "ann/one.jpg.json").write_text('{"objects": []}', "utf-8")
    dataset = listed(tmp_path, ROWS[1:2])
    assert any(
        "annotation cannot be read (KeyError: 'size')" in reason for reason in reasons(dataset, f"{COHEN}/one.jpg")
    )


@pytest.mark.parametrize("data", ["no base64!", "aGVsbG8=", packed_bitmap(np.ones((30, 30)))])
def test_a_bad_bitmap_is_an_error_that_names_the_file(tmp_path, project, data):
    case, _ = annotated(tmp_path, project, [("COVID-19", 0, 0, data)])
    with pytest.raises(DataError, match=r"one\.jpg\.json"):
        case.targets.lesion_mask()


def test_an_absent_annotation_is_reported(tmp_path, project):
    write_picture(project / "img/one.jpg")
    dataset = listed(tmp_path, ROWS[1:2])
    assert "annotation absent: no masks" in reasons(dataset, f"{COHEN}/one.jpg")


def test_published_predictions_are_indexed_by_case(tmp_path):
    columns = ("Dataset", "Filename", "Our", *PARTS, "Score R", "Score D", "GT", "Subset", "Label")
    row = (COHEN, "one.jpg", 4, 0.9, 0.8, 0.7, 0.6, 0.1, 0.0, 5, None, 5, "test", "COVID-19")
    write_csv(tmp_path / "danilov/model_outputs/Unet++_x_imagenet_050921_0826.csv", columns, [row])
    published = read_published_predictions(tmp_path / "danilov")
    assert list(published) == ["Unet++"]
    assert published["Unet++"].table["zone_severity"].to_dict() == {f"{COHEN}/one.jpg": 4.0}


@pytest.mark.parametrize("fault", ["column", "twice", "nothing"])
def test_a_bad_table_of_predictions_is_refused(tmp_path, fault):
    columns = ("Dataset", "Filename", "Our", *PARTS, "Score R", "Score D", "GT", "Subset", "Label")
    row = (COHEN, "one.jpg", 4, *[0.5] * 6, 5, None, 5, "test", "COVID-19")
    path = tmp_path / "model_outputs/FPN_x.csv"
    expected = {"column": "column missing: Label", "twice": "predicted twice", "nothing": "no published predictions"}
    if fault == "column":
        write_csv(path, columns[:-1], [row[:-1]])
    elif fault == "twice":
        write_csv(path, columns, [row, row])
    with pytest.raises(DataError, match=expected[fault]):
        read_published_predictions(tmp_path)


def test_the_real_tables(real_data):
    dataset = load("danilov", real_data)
    inside = [case for case in dataset.cases if case.meta["paper_filter"]]
    assert (len(dataset.cases), len(inside)) == (1_364, 1_320)
    assert Counter(case.meta["subset"] for case in dataset.cases) == {"train": 1089, "val": 136, "test": 139}
    assert Counter(case.meta["subset"] for case in inside) == {"train": 1055, "val": 130, "test": 135}
    assert sum(case.targets.category == "healthy" for case in dataset.cases) == 784


def test_the_real_predictions_have_the_published_errors(real_data):
    published = read_published_predictions(real_data / "danilov")
    dataset = load("danilov", real_data)
    ids = [case.id for case in dataset.cases]
    missing = {
        name: tuple(case for case in ids if case not in predictions.table.index)
        for name, predictions in published.items()
    }
    outside = tuple(case.id for case in dataset.cases if not case.meta["paper_filter"])
    assert (missing.pop("bsnet"), missing.pop("covid_net")) == ((), ())
    assert len(missing) == 9
    assert set(missing.values()) == {outside}
    test = [case for case in dataset.cases if case.meta["subset"] == "test" and case.meta["paper_filter"]]
    for system, error in {"MAnet": 0.296, "bsnet": 2.519, "covid_net": 1.830}.items():
        scores = published[system].table["zone_severity"]
        assert np.mean([abs(scores[case.id] - case.targets.zone_severity) for case in test]) == pytest.approx(
            error, abs=6e-4
        )


def check_scores(published):
    """A network's score counts its affected parts, BS-Net's the zones whose most probable class is above 0."""
    network = published["MAnet"].table
    np.testing.assert_array_equal((network[list(PARTS)] > 0.31).sum(axis=1), network["zone_severity"])
    classes = published["bsnet"].table.filter(like="raw_score_").to_numpy().reshape(-1, 6, 4).argmax(-1)
    np.testing.assert_array_equal((classes > 0).sum(1), published["bsnet"].table["zone_severity"])


def test_scores_follow_from_the_parts_and_the_classes(tmp_path):
    columns = ("Dataset", "Filename", "Our", *PARTS, "Score R", "Score D", "GT", "Subset", "Label")
    row = (COHEN, "one.jpg", 4, 0.9, 0.8, 0.7, 0.6, 0.1, 0.0, 5, None, 5, "test", "COVID-19")
    write_csv(tmp_path / "model_outputs/MAnet_x_imagenet_050921_0826.csv", columns, [row])
    zones = [(0.7, 0.1, 0.1, 0.1), (0.1, 0.2, 0.6, 0.1), *[(0.2, 0.5, 0.2, 0.1)] * 4]
    write_csv(tmp_path / "bsnet.csv", BSNET, [(COHEN, "one.jpg", "test", "COVID-19", 5, *sum(zones, ()))])
    check_scores(read_published_predictions(tmp_path))


def test_the_real_scores_follow_from_the_parts_and_the_classes(real_data):
    check_scores(read_published_predictions(real_data / "danilov"))


def test_the_published_split_shares_patients_between_train_and_test(real_data, without_split):
    """Counted independently: 16 of the 37 joined Cohen test radiographs have their patient in train."""
    parts = defaultdict(set)
    joined = [case for case in load("danilov", real_data).cases if case.patient.startswith("cohen:")]
    for case in joined:
        parts[case.patient].add(case.meta["subset"])
    test = [case for case in joined if case.meta["subset"] == "test"]
    assert (len(joined), len(parts), len(test)) == (367, 235, 37)
    assert sum(len(subsets) > 1 for subsets in parts.values()) == 34
    assert sum("train" in parts[case.patient] for case in test) == 16
