import numpy as np
import pytest
from cxrbench.datasets.adapters.danilov.thresholds import threshold_tables
from cxrbench.errors import DataError


def write(root, part, network, text):
    folder = root / "threshold_selection" / part
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"threshold_selection_{part}_{network}_encoder_x_imagenet_050921_1102.csv").write_text(text, "utf-8")


def test_a_scan_is_found_by_network_and_part(tmp_path):
    write(tmp_path, "train", "Unet++", "Threshold,MAE,MSE,RMSE,R2\n0.0,0.5,1.0,1.0,0.1\n0.01,0.25,0.5,0.7,0.2\n")
    write(tmp_path, "val", "Unet", "Threshold,MAE,MSE,RMSE,R2\n0.0,0.75,1.0,1.0,0.1\n")
    found = threshold_tables(tmp_path)
    assert set(found) == {("Unet++", "train"), ("Unet", "val")}
    assert np.array_equal(found["Unet++", "train"].threshold, [0, 0.01])
    assert np.array_equal(found["Unet++", "train"].mae, [0.5, 0.25])
    assert np.array_equal(found["Unet", "val"].mse, [1.0])


def test_a_scan_without_a_column_is_refused_by_name(tmp_path):
    write(tmp_path, "train", "Unet", "Threshold,MAE\n0.0,0.5\n")
    with pytest.raises(DataError, match="MSE"):
        threshold_tables(tmp_path)


def test_a_copy_without_scans_has_none(tmp_path):
    assert threshold_tables(tmp_path) == {}


def test_the_published_scans_are_36_of_101_thresholds(real_data):
    found = threshold_tables(real_data / "danilov")
    assert len(found) == 36
    assert {part for _, part in found} == {"train", "val", "test", "all"}
    assert all(len(scan.threshold) == 101 for scan in found.values())
