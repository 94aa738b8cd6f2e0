"""The triage view: two orders of one list, pictures hung as a radiograph is, a page that needs nothing else."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from cxrbench.case import Case, Image
from cxrbench.datasets import load
from cxrbench.errors import UsageError
from cxrbench.results.store import parquet, write_whole
from cxrbench.splits import load_split
from cxrbench.tasks import tasks
from cxrbench_baselines.ct.severity import local_severity
from cxrbench_baselines.ct.triage import pictured, source, work_list
from cxrbench_baselines.ct.triage.page import page
from cxrbench_baselines.ct.triage.picture import projection
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
    """Predictions whose two orders differ, with the true lesions for masks, and none for the last study."""
    cases = load("phantom-ct").by_id
    covid, affected = (0.9, 0.1, 0.5, 0.5, 0.2), (0.0, 0.4, 0.3, 0.2, 0.1)
    masks = [cases[name].targets.lesion_mask() for name in NAMES[:-1]] + [None]
    rows = {name: row(*found) for name, found in zip(NAMES, zip(covid, affected, masks, strict=True), strict=True)}
    path = tmp_path_factory.mktemp("triage") / "predictions.parquet"
    write_whole(path, parquet(rows))
    return path


def test_the_same_studies_in_two_orders_with_a_picture_each(table, tmp_path):
    found = work_list(table, tmp_path, track=TRACK)
    by_covid = [one.case for one in sorted(found.entries, key=lambda one: one.by_covid)]
    by_severity = [one.case for one in sorted(found.entries, key=lambda one: one.by_severity)]
    assert by_covid == [NAMES[0], *sorted(NAMES[2:4]), NAMES[4], NAMES[1]]
    assert by_severity == [NAMES[index] for index in (1, 2, 3, 4, 0)]
    assert found.synthetic
    for one in found.entries:
        with Pillow.open(tmp_path / one.picture) as picture:
            assert picture.size == one.size
    without = next(one for one in found.entries if one.case == NAMES[4])
    assert any("no lesion mask predicted" in remark for remark in without.remarks)


def test_the_command_writes_a_page_that_stands_alone(table, tmp_path, command):
    done = command("triage", table, "--track", TRACK, "--out", tmp_path / "view", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [one["case"] for one in told["studies"]] == list(NAMES)
    text = (tmp_path / "view" / "index.html").read_text("utf-8")
    assert "synthetic" in text
    assert not re.search(r"https?://|<script|@import", text)
    sources = re.findall(r'src="([^"]+)"', text)
    assert len(sources) == 2 * len(NAMES)
    assert all((tmp_path / "view" / name).is_file() for name in sources)
    for target in re.findall(r'href="#([^"]+)"', text):
        assert f'id="{target}"' in text


def test_a_case_cannot_write_markup_into_the_page(table, tmp_path):
    found = work_list(table, tmp_path, track=TRACK)
    bad = replace(found.entries[0], case="<script>alert(1)</script>")
    assert "<script>" not in page(replace(found, entries=(bad,)))


def scanned(made):
    image = Image(made.hu, "ct", made.spacing)
    return Case(id="one", patient="one", dataset="none", modality="ct", load=lambda: image)


def checked(mask):
    return tasks["ct-triage"].check({"covid": 0.5, "affected_fraction": 0.5, "mask": mask})


def test_colour_lies_where_the_lesion_is_the_patients_right_at_the_left_and_the_head_up():
    made = chest((8.0, 3.0, 3.0))
    high = made.lesions & (np.arange(len(made.hu)) >= 15)[:, None, None]
    picture, remarks = pictured(scanned(made), checked(high))
    assert remarks == ()
    pixels = picture.pixels.astype(int)
    coloured = np.argwhere((pixels[..., 0] - pixels[..., 2]) > 40)
    assert len(coloured)
    height, width = pixels.shape[:2]
    assert (height, width) == (120, 180)
    assert coloured[:, 1].max() < width / 2
    assert coloured[:, 0].max() <= height / 2 + 4, "but for half a slice of interpolation"


def test_colour_grows_with_the_share_and_is_none_without_lesions():
    made = chest((8.0, 3.0, 3.0))
    lungs = made.lungs
    empty = projection(made.hu, lungs, local_severity(np.zeros(lungs.shape, bool), lungs), made.spacing)
    grey = empty.pixels.astype(int)
    outline = np.argwhere(np.ptp(grey, axis=2) > 0)
    assert all(grey[y, x, 2] > grey[y, x, 0] for y, x in outline), "only the outline has colour, a blue one"
    whole = projection(made.hu, lungs, local_severity(lungs > 0, lungs), made.spacing).pixels.astype(int)
    half = lungs > 0
    half[:, ::2] = False
    part = projection(made.hu, lungs, local_severity(half, lungs), made.spacing).pixels.astype(int)
    centre = (60, 52)
    assert np.ptp(grey[centre]) == 0
    assert np.ptp(part[centre]) > 0
    assert whole[centre][1] < part[centre][1]


def test_a_study_without_lungs_is_shown_without_colour_and_that_is_said():
    made = chest()
    nothing = np.where(made.lungs > 0, 40, np.maximum(made.hu, -300)).astype(np.int16)
    nothing[0, 0, 0] = -1000
    picture, remarks = pictured(scanned(replace(made, hu=nothing)), checked(made.lesions))
    assert remarks[0].startswith("no lungs found")
    assert np.ptp(picture.pixels.astype(int), axis=2).max() == 0


@pytest.mark.parametrize(
    ("track", "said"),
    [(None, "does not say its track"), ("detection/phantom/test", "triage needs predictions of ct-triage")],
)
def test_what_cannot_be_ranked_is_told(table, track, said):
    with pytest.raises(UsageError, match=said):
        source(table, track)
