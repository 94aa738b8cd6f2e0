"""CT series in DICOM: order by position, other files in the folder, unusable geometry."""

import numpy as np
import pytest
import SimpleITK
from cxrbench.errors import DataError
from cxrbench.imaging.volume.open import list_series, read_grid, read_nifti, read_series

from tests.fixtures.make_volumes import ORIGIN, SPACING, body, write_rtstruct, write_series, write_slice


def test_slices_are_ordered_by_position_and_rescaled(tmp_path):
    image = read_series(write_series(tmp_path / "ct", body()))
    np.testing.assert_array_equal(image.pixels, body())
    assert image.spacing == pytest.approx(SPACING)
    assert image.pixels.dtype == np.int16
    assert image.pixels.flags.c_contiguous


def test_the_same_series_through_simpleitk_has_the_same_grid(tmp_path):
    folder = write_series(tmp_path / "ct", body())
    files = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    SimpleITK.WriteImage(SimpleITK.ReadImage(files), str(tmp_path / "ct.nii.gz"))
    np.testing.assert_array_equal(read_nifti(tmp_path / "ct.nii.gz").pixels, read_series(folder).pixels)
    assert read_grid(folder).agrees(read_grid(tmp_path / "ct.nii.gz"))


def test_a_series_of_a_prone_patient_is_reoriented(tmp_path):
    prone = {"ImageOrientationPatient": [-1, 0, 0, 0, -1, 0]}
    stored = write_series(tmp_path / "ct", body()[:, ::-1, ::-1], **prone)
    np.testing.assert_array_equal(read_series(stored).pixels, body())


def test_other_files_in_the_folder_are_ignored(tmp_path):
    write_series(tmp_path / "study" / "2.000000-CT", body(), suffix="")
    write_rtstruct(tmp_path / "study" / "1.000000-RTSTRUCT" / "1-1.dcm")
    write_slice(tmp_path / "study" / "scout", body()[0], ORIGIN, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_slice(tmp_path / "study" / "dose", body()[0], ORIGIN, SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    (tmp_path / "study" / "LICENSE").write_text("terms")
    (tmp_path / "study" / ".hidden.dcm").write_text("rubbish")
    np.testing.assert_array_equal(read_series(tmp_path / "study").pixels, body())


def test_slices_without_modality_are_detected_by_sop_class(tmp_path):
    image = read_series(write_series(tmp_path / "ct", body(), Modality=None))
    np.testing.assert_array_equal(image.pixels, body())


def test_of_several_series_one_must_be_named(tmp_path):
    write_series(tmp_path / "a", body())
    write_series(tmp_path / "b", body(seed=2), SeriesInstanceUID="1.2.3.7", StudyDate="20200101")
    assert [(series.uid, series.date, len(series.files)) for series in list_series(tmp_path)] == [
        ("1.2.3.7", "20200101", 5),
        ("1.2.3.4", "20200229", 5),
    ]
    with pytest.raises(DataError, match=r"2 CT series.*1\.2\.3\.7"):
        read_series(tmp_path)
    np.testing.assert_array_equal(read_series(tmp_path, "1.2.3.7").pixels, body(seed=2))
    with pytest.raises(DataError, match=r"no CT series 9\.9"):
        read_series(tmp_path, "9.9")


@pytest.mark.parametrize(
    ("heights", "message"),
    [((0, 1, 2, 4, 5), "uneven slice spacing"), ((0, 1, 2, 3, 3), "two slices at one position")],
)
def test_uneven_and_duplicate_slices_are_refused(tmp_path, heights, message):
    with pytest.raises(DataError, match=message):
        read_series(write_series(tmp_path / "ct", body(), heights=heights))


def test_rounded_positions_are_even(tmp_path):
    heights = [round(0.625 * i, 1) for i in range(5)]
    image = read_series(write_series(tmp_path / "ct", body(), heights=heights))
    assert image.spacing[0] == pytest.approx(0.625)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "not axial"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.9397, 0.342]}, "not axial"),
        ({"ImagePositionPatient": None}, "without position"),
        ({"PixelSpacing": None}, "without position, orientation or pixel spacing"),
        ({"RescaleIntercept": None}, "without rescale"),
        ({"PixelData": None}, "cannot be decoded"),
        ({"PixelData": b"\0\0"}, "cannot be decoded"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2.1"}, "multi-frame"),
        ({"Modality": "PT"}, "no CT series"),
    ],
)
def test_unusable_slices_are_refused_in_one_line(tmp_path, changes, message):
    with pytest.raises(DataError, match=message) as error:
        read_series(write_series(tmp_path / "ct", body(), **changes))
    assert "\n" not in error.value.line


def test_slices_of_two_shapes_are_refused(tmp_path):
    folder = write_series(tmp_path / "ct", body())
    write_slice(folder / "other.dcm", body()[0, :5], (*ORIGIN[:2], ORIGIN[2] - SPACING[0]))
    with pytest.raises(DataError, match="differ in orientation, shape"):
        read_series(folder)


def test_a_single_slice_takes_its_thickness_as_spacing(tmp_path):
    image = read_series(write_series(tmp_path / "single", body()[:1]))
    assert image.pixels.shape == (1, 7, 9)
    assert image.spacing == pytest.approx(SPACING)
    with pytest.raises(DataError, match="without thickness"):
        read_series(write_series(tmp_path / "unknown", body()[:1], SliceThickness=None))


def test_declared_padding_is_air_even_where_it_would_be_bone(tmp_path):
    padded = body()
    padded[:, :2] = 31000
    folder = write_series(tmp_path / "ct", padded, PixelPaddingValue=32024)
    assert (read_series(folder).pixels[:, :2] == -1024).all()


def test_a_broken_dicom_file_and_an_absent_folder_are_named(tmp_path):
    folder = write_series(tmp_path / "ct", body())
    (folder / "broken.dcm").write_bytes(b"rubbish")
    with pytest.raises(DataError, match=r"broken\.dcm"):
        read_series(folder)
    with pytest.raises(DataError, match="absent"):
        read_series(tmp_path / "absent")
