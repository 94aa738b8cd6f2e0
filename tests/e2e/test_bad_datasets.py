"""A copy with every kind of bad input: all are reported with file and reason, and nothing is silently dropped."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from cxrbench.datasets import load
from cxrbench.imaging.cache.reader import ImageCache
from pydicom.uid import MPEG2MPML

from tests.conftest import ROOT
from tests.fixtures.make_dicom import codes_of, cut, thorax, write_dicom, write_undecodable
from tests.fixtures.make_tables import (
    BRIXIA,
    COHEN,
    brixia_row,
    cohen_row,
    make_brixia,
    make_severity,
    write_csv,
    write_mask,
    write_picture,
)

GOOD = ("1001", "1002", "1003")
PROBLEMS_OF_BRIXIA = {
    "2001.dcm": "DICOM file cannot be decoded",
    "2002.dcm": "MPEG2",
    "metadata_consensus_v1.csv": "column missing: ModeC",
    "2003": "BrixiaScore 022134 is not six of 0-3: left out",
    "2004": "listed but absent",
    "stranger.dcm": "present but not listed",
    "2005": "2 rows in metadata_global_v2.csv, which differ: none kept",
}
"""What is wrong with the copy below, by the last part of the file's name, and words of its reason."""

PROBLEMS_OF_COHEN = {
    "cut.png": "image cannot be decoded",
    "covid-severity-scores.csv": "column missing: opacity_mean",
    "gone.png": "listed but absent",
    "stranger.png": "present but not listed",
    "small.png": "lung mask of 5 x 6 pixels, image of 20 x 24: not used",
    "twice.png": "2 rows in metadata.csv, which differ: none kept",
}


@pytest.fixture
def bad_brixia(tmp_path):
    """Three good radiographs, and one bad input of each kind that this set can have."""
    root = tmp_path / "data" / "brixia"
    rows = [brixia_row(name, "022131", 9) for name in (*GOOD, "2001", "2002", "2004")]
    rows += [brixia_row("2003", "022134", 12), brixia_row("2005", "000000", 0), brixia_row("2005", "000001", 1)]
    make_brixia(root, rows)
    write_csv(root / "metadata_consensus_v1.csv", ("Filename", *(f"Mode{zone}" for zone in "ABDEF")), [])
    (root / "dicom_clean").mkdir()
    for name in (*GOOD, "2001", "2003", "2005", "stranger"):
        write_dicom(root / "dicom_clean" / f"{name}.dcm", codes_of(thorax()))
    cut(root / "dicom_clean" / "2001.dcm")
    write_undecodable(root / "dicom_clean" / "2002.dcm", MPEG2MPML)
    return tmp_path / "data"


@pytest.fixture
def bad_cohen(tmp_path):
    root = tmp_path / "data" / "cohen"
    rows = [cohen_row(i, name) for i, name in enumerate(("good.png", "cut.png", "gone.png", "small.png"))]
    rows += [cohen_row(7, "twice.png"), cohen_row(8, "twice.png")]
    write_csv(root / "metadata.csv", COHEN, rows)
    make_severity(root, [])
    write_csv(root / "annotations/covid-severity-scores.csv", ("filename", "geographic_mean"), [("good.png", "3.0")])
    for name in ("good.png", "cut.png", "small.png", "twice.png", "stranger.png"):
        write_picture(root / "images" / name)
    cut(root / "images" / "cut.png")
    write_mask(root / "annotations/semantic_masks_v7labs_lungs/small.png", np.full((5, 6), 255))
    write_mask(root / "annotations/semantic_masks_v7labs_lungs/good.png", np.full((20, 24), 255))
    return tmp_path / "data"


def _read_problems(document) -> dict[str, str]:
    return {problem["file"].rpartition("/")[2]: problem["reason"] for problem in document["problems"] if problem["bad"]}


def _check_problems(reported: dict[str, str], expected: dict[str, str]) -> None:
    """Every bad input once, and besides them only counts that differ from the card."""
    extra = {file: reason for file, reason in reported.items() if file not in expected and file != "datasets.yaml"}
    assert not extra
    for file, words in expected.items():
        assert words in reported[file], (file, reported[file])


@pytest.mark.parametrize(
    ("name", "expected", "good"),
    [("brixia", PROBLEMS_OF_BRIXIA, set(GOOD)), ("cohen", PROBLEMS_OF_COHEN, {"good.png", "small.png"})],
)
def test_all_problems_are_reported_and_the_rest_is_prepared(name, expected, good, request, command, tmp_path):
    data = request.getfixturevalue(f"bad_{name}")
    done = command("datasets", "prepare", name, "--data", data, "--cache", tmp_path / "cache", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    _check_problems(_read_problems(document), expected)
    assert set(ImageCache.open(name, root=tmp_path / "cache").entries) == good
    assert document["decoded"] == len(good)
    listed = load(name, data)
    unread = [case.id for case in listed.cases if case.id not in good]
    assert all(any(case in problem["file"] for problem in document["problems"]) for case in unread)


@pytest.mark.parametrize(("name", "expected"), [("brixia", PROBLEMS_OF_BRIXIA), ("cohen", PROBLEMS_OF_COHEN)])
def test_strict_reports_the_same_and_exits_with_4(name, expected, request, command, tmp_path):
    data = request.getfixturevalue(f"bad_{name}")
    done = command("datasets", "prepare", name, "--data", data, "--cache", tmp_path / "cache", "--strict")
    assert done.code == 4
    assert len(done.error_lines) == 1
    for file, words in expected.items():
        assert any(file in line and words in line for line in done.err.splitlines()), file


@pytest.mark.parametrize(("name", "expected"), [("brixia", PROBLEMS_OF_BRIXIA), ("cohen", PROBLEMS_OF_COHEN)])
def test_verify_reports_the_same(name, expected, request, command):
    done = command("datasets", "verify", name, "--data", request.getfixturevalue(f"bad_{name}"), "--json")
    assert done.code == 4
    _check_problems(_read_problems(json.loads(done.out)), expected)


@pytest.mark.parametrize("how", ["--strict", "--json"])
def test_an_unusable_main_table_is_one_error(how, bad_brixia, command, tmp_path):
    table = bad_brixia / "brixia" / "metadata_global_v2.csv"
    write_csv(table, [name for name in BRIXIA if name not in ("Subject", "BrixiaScore")], [], separator=";")
    done = command("datasets", "prepare", "brixia", "--data", bad_brixia, "--cache", tmp_path / "cache", how)
    assert done.code == 4
    assert done.error_lines == [f"error: column missing: BrixiaScore, Subject: {table}; use the official file"]


def test_many_files_with_one_reason_are_one_line(bad_brixia, command, tmp_path):
    for number in range(50):
        write_dicom(bad_brixia / "brixia" / "dicom_clean" / f"more{number:02d}.dcm", codes_of(thorax()))
    place = ("--data", bad_brixia, "--cache", tmp_path / "cache")
    lines = [line for line in command("datasets", "prepare", "brixia", *place).err.splitlines() if "not listed" in line]
    assert len(lines) == 1
    assert "51 files of dicom_clean" in lines[0]
    document = json.loads(command("datasets", "prepare", "brixia", *place, "--json").out)
    assert sum("not listed" in problem["reason"] for problem in document["problems"]) == 51
    assert (document["decoded"], document["reused"]) == (0, len(GOOD))


def test_a_killed_run_is_continued(tmp_path):
    root, cache = tmp_path / "data" / "brixia", tmp_path / "cache"
    names = [f"{number:04d}" for number in range(60)]
    make_brixia(root, [brixia_row(name, "022131", 9) for name in names])
    (root / "dicom_clean").mkdir()
    codes = codes_of(thorax(900, 800))
    for name in names:
        write_dicom(root / "dicom_clean" / f"{name}.dcm", codes)
    place = ("--data", root.parent, "--cache", cache, "--workers", "1", "--json")
    run = [sys.executable, "-m", "cxrbench", "datasets", "prepare", "brixia", *map(str, place)]
    paths = os.pathsep.join(str(ROOT / part) for part in ("benchmark",))
    environment = {**os.environ, "PYTHONPATH": paths}
    first = subprocess.Popen(run, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _wait_for_lines(cache, 5, first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    again = json.loads(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    assert again["reused"] >= 5
    assert again["decoded"] + again["reused"] == len(names)
    prepared = ImageCache.open("brixia", root=cache)
    assert set(prepared.entries) == set(names)
    assert prepared.damaged() == []


def _wait_for_lines(cache, count: int, process: subprocess.Popen) -> None:
    """Wait until the index has so many finished cases."""
    while True:
        index = next(cache.rglob("index.jsonl"), None)
        if index is not None and index.read_bytes().count(b"\n") >= count:
            return
        assert process.poll() is None, "the process ended before that"
        time.sleep(0.01)
