"""The tables by which Danilov et al. chose their threshold."""

import numpy as np
import pytest
from cxrbench.datasets.adapters.danilov.thresholds import read_threshold_tables
from cxrbench.errors import DataError


def write(root, part, network, text):
    folder = root / "threshold_selection" / part
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"threshold_selection_{part}_{network}_encoder_x_imagenet_050921_1102.csv").write_text(text, "utf-8")


def test_scans_are_indexed_by_network_and_part(tmp_path):
    write(tmp_path, "train", "Unet++", "Threshold,MAE,MSE,RMSE,R2\n0.0,0.5,1.0,1.0,0.1\n0.01,0.25,0.5,0.7,0.2\n")
    write(tmp_path, "val", "Unet", "Threshold,MAE,MSE,RMSE,R2\n0.0,0.75,1.0,1.0,0.1\n")
    scans = read_threshold_tables(tmp_path)
    assert set(scans) == {("Unet++", "train"), ("Unet", "val")}
    assert np.array_equal(scans["Unet++", "train"].threshold, [0, 0.01])
    assert np.array_equal(scans["Unet++", "train"].mae, [0.5, 0.25])
    assert np.array_equal(scans["Unet", "val"].mse, [1.0])


def test_a_scan_without_a_column_is_refused_by_name(tmp_path):
    write(tmp_path, "train", "Unet", "Threshold,MAE\n0.0,0.5\n")
    with pytest.raises(DataError, match="MSE"):
        read_threshold_tables(tmp_path)


def test_a_copy_without_scans_has_none(tmp_path):
    assert read_threshold_tables(tmp_path) == {}


def check_published(root):
    scans = read_threshold_tables(root)
    assert len(scans) == 36
    assert {part for _, part in scans} == {"train", "val", "test", "all"}
    assert all(len(scan.threshold) == 101 for scan in scans.values())


def test_a_copy_has_36_scans_of_101_thresholds(tmp_path):
    rows = "".join(f"{number / 100},0.5,1.0,1.0,0.1\n" for number in range(101))
    for part in ("train", "val", "test", "all"):
        for number in range(9):
            write(tmp_path, part, f"Net{number}", f"Threshold,MAE,MSE,RMSE,R2\n{rows}")
    check_published(tmp_path)


def test_the_real_scans(real_data):
    check_published(real_data / "danilov")
