"""DICOM radiographs: the conventions, what is refused, and the errors of damaged files."""

import importlib.util

import numpy as np
import pydicom
import pytest
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.dicom import read_header, read_radiograph
from cxrbench.imaging.radiograph.dicom_header import parse_age
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.fixtures.make_dicom import codes_of, cut, lut_sequence, thorax, write_dicom, write_undecodable

HALF_CODE = 0.5 / 4095 + 1e-6


@pytest.fixture
def file(tmp_path):
    return tmp_path / "radiograph.dcm"


def test_both_photometrics_show_the_same_anatomy(file, tmp_path):
    inverted = tmp_path / "inverted.dcm"
    write_dicom(file, codes_of(thorax()))
    write_dicom(inverted, codes_of(thorax(), monochrome1=True), PhotometricInterpretation="MONOCHROME1")
    first, second = read_radiograph(file).pixels, read_radiograph(inverted).pixels
    assert first.dtype == second.dtype == np.float32
    np.testing.assert_allclose(first, thorax(), atol=HALF_CODE)
    np.testing.assert_allclose(second, thorax(), atol=HALF_CODE)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_an_inverse_presentation_lut_inverts_once(file, photometric):
    codes = codes_of(thorax(), monochrome1=True)
    write_dicom(file, codes, PhotometricInterpretation=photometric, PresentationLUTShape="INVERSE")
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)


def test_an_identity_presentation_lut_changes_nothing(file):
    write_dicom(file, codes_of(thorax()), PresentationLUTShape="IDENTITY")
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)


def test_the_range_is_that_of_the_bits_not_the_image(file):
    write_dicom(file, np.full((8, 8), 1000, np.uint16), PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(read_radiograph(file).pixels, 1 - 1000 / 4095, rtol=1e-6)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 15, 16])
def test_any_number_of_bits_fills_the_range(file, bits):
    codes = np.array([[0, 2**bits - 1]], np.uint8 if bits == 8 else np.uint16)
    write_dicom(file, codes, bits=bits)
    assert read_radiograph(file).pixels.tolist() == [[0.0, 1.0]]


def test_stray_high_bits_are_dropped(file):
    codes = codes_of(thorax())
    codes[::3] |= 0xF000
    write_dicom(file, codes)
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)


def test_codes_may_lie_above_the_lowest_bit(file):
    write_dicom(file, codes_of(thorax()) << 4, HighBit=15)
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)


@pytest.mark.parametrize("stray", [False, True])
def test_signed_codes_span_the_signed_range(file, stray):
    codes = codes_of(thorax(), signed=True)
    if stray:
        codes = (codes.view(np.uint16) & 0x0FFF).view(np.int16)
    write_dicom(file, codes)
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)


def test_a_rescale_cancels_and_a_negative_slope_inverts(file, tmp_path):
    write_dicom(file, codes_of(thorax()), RescaleSlope=2.5, RescaleIntercept=-1024)
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)
    turned = write_dicom(tmp_path / "t.dcm", codes_of(1 - thorax()), RescaleSlope=-1, RescaleIntercept=4095)
    np.testing.assert_allclose(read_radiograph(turned).pixels, thorax(), atol=HALF_CODE)


def test_a_slope_of_zero_is_an_error(file):
    write_dicom(file, codes_of(thorax()), RescaleSlope=0, RescaleIntercept=0)
    with pytest.raises(DataError, match="RescaleSlope is 0"):
        read_radiograph(file)


def test_a_modality_lut_is_applied_over_its_own_range(file):
    table = (np.arange(4096) ** 2 // 4096).astype(np.uint16)
    write_dicom(file, codes_of(thorax()), ModalityLUTSequence=lut_sequence(table, bits=12))
    np.testing.assert_allclose(read_radiograph(file).pixels, table[codes_of(thorax())] / 4095, rtol=1e-6)


def test_a_window_is_kept_in_the_header_and_not_applied(file):
    voi = lut_sequence(np.arange(4096)[::-1], bits=12)
    write_dicom(file, codes_of(thorax()), WindowCenter=[1500, 600], WindowWidth=[800, 100], VOILUTSequence=voi)
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)
    header = read_header(file)
    assert header.windows == ((1500.0, 800.0), (600.0, 100.0))
    assert header.voi_lut


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_lossless_compression_gives_the_same_pixels(file, syntax):
    write_dicom(file, codes_of(thorax()), syntax=syntax)
    assert pydicom.dcmread(file).file_meta.TransferSyntaxUID == syntax
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)


def test_signed_codes_survive_jpeg_2000(file):
    write_dicom(file, codes_of(thorax(), signed=True), syntax=JPEG2000Lossless)
    np.testing.assert_allclose(read_radiograph(file).pixels, thorax(), atol=HALF_CODE)


def test_jpeg_baseline_is_close(file):
    smooth = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    write_dicom(file, codes_of(smooth, 8), bits=8, syntax=JPEGBaseline8Bit)
    np.testing.assert_allclose(read_radiograph(file).pixels, smooth, atol=4 / 255)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEGLosslessSV1])
@pytest.mark.skipif(importlib.util.find_spec("libjpeg") is not None, reason="pylibjpeg-libjpeg is installed")
def test_a_missing_decoder_is_named_with_its_package(file, syntax):
    write_undecodable(file, syntax)
    with pytest.raises(DataError) as failed:
        read_radiograph(file)
    line = failed.value.line
    assert syntax.name in line
    assert str(syntax) in line
    assert "pylibjpeg-libjpeg (GPL-3.0)" in line
    assert str(file) in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("keyword", "value", "expected", "source"),
    [
        ("PixelSpacing", [0.2, 0.3], (0.2, 0.3), "PixelSpacing"),
        ("ImagerPixelSpacing", [0.14, 0.14], (0.14, 0.14), "ImagerPixelSpacing"),
        ("PixelSpacing", [0, 0], None, None),
        ("PatientSex", "F", None, None),
    ],
)
def test_spacing_is_in_mm_or_unknown(file, keyword, value, expected, source):
    write_dicom(file, codes_of(thorax()), **{keyword: value})
    assert read_radiograph(file).spacing == expected
    assert read_header(file).spacing_source == source


@pytest.mark.parametrize(
    ("text", "years"),
    [("067Y", 67), ("67", 67), ("006M", 0.5), ("155", None), ("", None), ("052W", 52 * 7 / 365.25), ("old", None)],
)
def test_ages(file, text, years):
    write_dicom(file, codes_of(thorax()), PatientAge=text)
    assert read_header(file).age == parse_age(text) == (years if years is None else pytest.approx(years))


def test_the_fields_of_a_header(file):
    write_dicom(file, codes_of(thorax()), PatientSex="F", PatientAge="034Y", Modality="CR")
    header = read_header(file)
    assert (header.patient_id, header.sex, header.age, header.view) == ("synthetic", "F", 34.0, "PA")
    assert (header.modality, header.photometric, header.inverted) == ("CR", "MONOCHROME2", False)
    assert (header.rows, header.columns, header.bits_allocated, header.bits_stored) == (48, 40, 16, 12)
    assert header.transfer_syntax == str(ExplicitVRLittleEndian)


def test_missing_fields_of_a_header_are_not_guessed(file):
    write_dicom(file, codes_of(thorax()), PatientID=None, ViewPosition="", Modality=None)
    header = read_header(file)
    assert (header.patient_id, header.age, header.sex, header.view, header.spacing) == ("", None, None, None, None)
    assert header.windows == ()
    assert read_radiograph(file).pixels.shape == (48, 40)


@pytest.mark.parametrize("view", ["LL", "RL", "LATERAL", "LLD", "LLO", "Lateral"])
def test_other_views_are_refused(file, view):
    write_dicom(file, codes_of(thorax()), ViewPosition=view)
    with pytest.raises(DataError, match=f"not a frontal radiograph: view {view.upper()}"):
        read_radiograph(file)


@pytest.mark.parametrize("view", ["PA", "AP", "AP SUPINE", "", "AP_ERECT"])
def test_frontal_and_unstated_views_are_read(file, view):
    write_dicom(file, codes_of(thorax()), ViewPosition=view)
    assert read_radiograph(file).pixels.shape == (48, 40)


@pytest.mark.parametrize(
    ("codes", "elements", "reason"),
    [
        (np.zeros((3, 8, 8), np.uint16), {}, "3 frames"),
        (np.zeros((8, 8, 3), np.uint8), {"BitsStored": 8, "HighBit": 7}, "a colour capture \\(RGB\\)"),
        (np.zeros((8, 8), np.uint16), {"Modality": "CT"}, "modality CT"),
    ],
)
def test_an_image_that_is_not_a_radiograph_is_refused(file, codes, elements, reason):
    write_dicom(file, codes, **elements)
    with pytest.raises(DataError, match=reason):
        read_radiograph(file)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless, JPEGBaseline8Bit])
@pytest.mark.parametrize("keep", [0.0, 0.02, 0.3, 0.7, 0.95])
def test_a_truncated_file_is_an_error_of_one_line(file, syntax, keep):
    noise = np.random.default_rng(1).integers(0, 256, (96, 96)).astype(np.uint8)
    cut(write_dicom(file, noise, bits=8, syntax=syntax), keep)
    with pytest.raises(DataError) as failed:
        read_radiograph(file)
    assert str(file) in failed.value.line
    assert "\n" not in failed.value.line


def test_files_that_are_not_dicom(file, tmp_path):
    file.write_bytes(b"\xff\xd8\xff" + bytes(400))
    with pytest.raises(DataError, match="not a DICOM file"):
        read_radiograph(file)
    with pytest.raises(DataError, match="image not found"):
        read_radiograph(tmp_path / "absent.dcm")
    with pytest.raises(DataError, match="not a DICOM file"):
        read_header(file)
    with pytest.raises(DataError, match="cannot be"):
        read_header(tmp_path)


def test_a_header_without_pixels(file):
    dataset = pydicom.dcmread(write_dicom(file, codes_of(thorax())))
    del dataset.PixelData
    dataset.save_as(file)
    with pytest.raises(DataError, match="no pixel data"):
        read_radiograph(file)


def test_the_codes_agree_with_pydicom(file):
    write_dicom(file, codes_of(thorax()), syntax=JPEG2000Lossless)
    expected = pydicom.dcmread(file).pixel_array / 4095
    np.testing.assert_allclose(read_radiograph(file).pixels, expected, rtol=1e-6)
    assert pydicom.dcmread(file).file_meta.TransferSyntaxUID != JPEG2000


def test_the_real_rsna_radiograph(real_data):
    paths = sorted((real_data / "dicom-samples").glob("rsna*.dcm"))
    if not paths:
        pytest.skip("no RSNA sample in this copy of the data")
    image = read_radiograph(paths[0])
    assert image.pixels.shape == (1024, 1024)
    np.testing.assert_array_equal(image.pixels, pydicom.dcmread(paths[0]).pixel_array.astype(np.float32) / 255)
    header = read_header(paths[0])
    assert (header.view, header.sex, header.age, header.bits_stored) == ("PA", "M", 62.0, 8)
