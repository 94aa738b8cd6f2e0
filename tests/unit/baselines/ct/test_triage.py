"""The triage view: two rankings of one list, pictures in radiological orientation, a self-contained page."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from cxrbench.case import Case, Image
from cxrbench.datasets import load
from cxrbench.errors import UsageError
from cxrbench.results.store import to_parquet, write_atomically
from cxrbench.splits import load_split
from cxrbench.tasks import tasks
from cxrbench_baselines.ct.severity import compute_local_severity
from cxrbench_baselines.ct.triage import build_work_list, read_source, render_study
from cxrbench_baselines.ct.triage.page import render_page
from cxrbench_baselines.ct.triage.picture import draw_projection
from PIL import Image as Pillow

from tests.fixtures.make_chest import chest

TRACK = "ct-triage/phantom-ct/val"
NAMES = load_split("phantom-ct").cases("val")[:5]


def row(covid, affected, mask=None):
    prediction = {"covid": covid, "affected_fraction": affected}
    if mask is not None:
        prediction["mask"] = mask
    task = tasks["ct-triage"]
    return task.to_row(task.check(prediction))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Predictions with two different rankings; the masks are the true lesions, the last study has none."""
    cases = load("phantom-ct").by_id
    covid, affected = (0.9, 0.1, 0.5, 0.5, 0.2), (0.0, 0.4, 0.3, 0.2, 0.1)
    masks = [cases[name].targets.lesion_mask() for name in NAMES[:-1]] + [None]
    rows = {name: row(*values) for name, values in zip(NAMES, zip(covid, affected, masks, strict=True), strict=True)}
    path = tmp_path_factory.mktemp("triage") / "predictions.parquet"
    write_atomically(path, to_parquet(rows))
    return path


@pytest.fixture(scope="module")
def view(table, tmp_path_factory):
    """The work list of the table, and the folder of its pictures."""
    folder = tmp_path_factory.mktemp("view")
    return build_work_list(table, folder, track=TRACK), folder


def test_the_same_studies_in_two_orders_with_a_picture_each(view):
    studies, folder = view
    by_covid = [entry.case for entry in sorted(studies.entries, key=lambda entry: entry.by_covid)]
    by_severity = [entry.case for entry in sorted(studies.entries, key=lambda entry: entry.by_severity)]
    assert by_covid == [NAMES[0], *sorted(NAMES[2:4]), NAMES[4], NAMES[1]]
    assert by_severity == [NAMES[index] for index in (1, 2, 3, 4, 0)]
    assert studies.synthetic
    for entry in studies.entries:
        with Pillow.open(folder / entry.picture) as picture:
            assert picture.size == entry.size
    without = next(entry for entry in studies.entries if entry.case == NAMES[4])
    assert any("no lesion mask predicted" in remark for remark in without.remarks)


def test_the_command_writes_a_self_contained_page(table, tmp_path, command):
    done = command("triage", table, "--track", TRACK, "--out", tmp_path / "view", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert [study["case"] for study in report["studies"]] == list(NAMES)
    text = (tmp_path / "view" / "index.html").read_text("utf-8")
    assert "synthetic" in text
    assert not re.search(r"https?://|<script|@import", text)
    sources = re.findall(r'src="([^"]+)"', text)
    assert len(sources) == 2 * len(NAMES)
    assert all((tmp_path / "view" / name).is_file() for name in sources)
    for target in re.findall(r'href="#([^"]+)"', text):
        assert f'id="{target}"' in text


def test_a_case_cannot_write_markup_into_the_page(view):
    studies, _ = view
    bad = replace(studies.entries[0], case="<script>alert(1)</script>")
    assert "<script>" not in render_page(replace(studies, entries=(bad,)))


def make_case(ct):
    image = Image(ct.hu, "ct", ct.spacing)
    return Case(id="one", patient="one", dataset="none", modality="ct", load=lambda: image)


def check_mask(mask):
    return tasks["ct-triage"].check({"covid": 0.5, "affected_fraction": 0.5, "mask": mask})


def test_a_lesion_is_coloured_in_radiological_orientation():
    ct = chest((8.0, 3.0, 3.0))
    high = ct.lesions & (np.arange(len(ct.hu)) >= 15)[:, None, None]
    picture, remarks = render_study(make_case(ct), check_mask(high))
    assert remarks == ()
    pixels = picture.pixels.astype(int)
    coloured = np.argwhere((pixels[..., 0] - pixels[..., 2]) > 40)
    assert len(coloured)
    height, width = pixels.shape[:2]
    assert (height, width) == (120, 180)
    assert coloured[:, 1].max() < width / 2
    assert coloured[:, 0].max() <= height / 2 + 4, "but for half a slice of interpolation"


def test_colour_grows_with_the_affected_share():
    ct = chest((8.0, 3.0, 3.0))
    lungs = ct.lungs
    empty = draw_projection(ct.hu, lungs, compute_local_severity(np.zeros(lungs.shape, bool), lungs), ct.spacing)
    grey = empty.pixels.astype(int)
    outline = np.argwhere(np.ptp(grey, axis=2) > 0)
    assert all(grey[y, x, 2] > grey[y, x, 0] for y, x in outline), "only the outline has colour, a blue one"
    whole = draw_projection(ct.hu, lungs, compute_local_severity(lungs > 0, lungs), ct.spacing).pixels.astype(int)
    half = lungs > 0
    half[:, ::2] = False
    part = draw_projection(ct.hu, lungs, compute_local_severity(half, lungs), ct.spacing).pixels.astype(int)
    centre = (60, 52)
    assert np.ptp(grey[centre]) == 0
    assert np.ptp(part[centre]) > 0
    assert whole[centre][1] < part[centre][1]


def test_a_study_without_lungs_has_no_colour_but_a_remark():
    ct = chest()
    nothing = np.where(ct.lungs > 0, 40, np.maximum(ct.hu, -300)).astype(np.int16)
    nothing[0, 0, 0] = -1000
    picture, remarks = render_study(make_case(replace(ct, hu=nothing)), check_mask(ct.lesions))
    assert remarks[0].startswith("no lungs found")
    assert np.ptp(picture.pixels.astype(int), axis=2).max() == 0


@pytest.mark.parametrize(
    ("track", "message"),
    [(None, "does not say its track"), ("detection/phantom/test", "triage needs predictions of ct-triage")],
)
def test_predictions_of_another_task_are_refused(table, track, message):
    with pytest.raises(UsageError, match=message):
        read_source(table, track)
