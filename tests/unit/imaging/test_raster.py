"""Raster radiographs and masks: every mode in public datasets, and truncated files."""

import io

import numpy as np
import pytest
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.raster import read_mask, read_raster
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from tests.fixtures.make_dicom import cut, thorax, write_png

LUMA = np.array([0.299, 0.587, 0.114])
RNG = np.random.default_rng(3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "radiograph.png"


def deep(*shape):
    """Random 16-bit numbers, low bytes included."""
    return RNG.integers(0, 65536, shape).astype(np.uint16)


def test_sixteen_bit_grey_is_exact(path):
    pixels = deep(9, 7)
    write_png(path, pixels)
    np.testing.assert_allclose(read_raster(path).pixels, pixels / 65535, rtol=1e-6)


def test_sixteen_bit_colour_keeps_its_low_bytes(path):
    pixels = deep(9, 7, 3)
    write_png(path, pixels)
    np.testing.assert_allclose(read_raster(path).pixels, (pixels / 65535) @ LUMA, atol=1e-6)


def test_sixteen_bit_grey_with_alpha_is_composited_over_black(path):
    pixels = deep(9, 7, 2)
    write_png(path, pixels)
    unit = pixels / 65535
    np.testing.assert_allclose(read_raster(path).pixels, unit[..., 0] * unit[..., 1], atol=1e-6)


def test_sixteen_bit_colour_with_alpha(path):
    pixels = deep(9, 7, 4)
    write_png(path, pixels)
    unit = pixels / 65535
    np.testing.assert_allclose(read_raster(path).pixels, (unit[..., :3] @ LUMA) * unit[..., 3], atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_eight_bit_modes(path, channels):
    pixels = RNG.integers(0, 256, (9, 7, channels)).astype(np.uint8)
    write_png(path, pixels[..., 0] if channels == 1 else pixels)
    unit = pixels / 255
    colour = unit[..., :3] @ LUMA if channels >= 3 else unit[..., 0]
    alpha = unit[..., -1] if channels in (2, 4) else 1
    np.testing.assert_allclose(read_raster(path).pixels, colour * alpha, atol=1e-6)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_fill_the_range(path, bits):
    pixels = RNG.integers(0, 2**bits, (9, 11)).astype(np.uint8)
    write_png(path, pixels, bits=bits)
    np.testing.assert_allclose(read_raster(path).pixels, pixels / (2**bits - 1), atol=1e-6)


def test_grey_is_the_same_whether_stored_as_grey_or_colour(tmp_path):
    grey = RNG.integers(0, 256, (9, 7)).astype(np.uint8)
    first = write_png(tmp_path / "grey.png", grey)
    second = write_png(tmp_path / "colour.png", np.repeat(grey[..., None], 3, 2))
    np.testing.assert_allclose(read_raster(first).pixels, read_raster(second).pixels, atol=1e-6)


def test_a_palette_becomes_luma(path):
    index = RNG.integers(0, 3, (6, 5)).astype(np.uint8)
    palette = np.array([[255, 0, 0], [0, 255, 0], [10, 20, 30]], np.uint8)
    write_png(path, index, palette=palette.tobytes())
    np.testing.assert_allclose(read_raster(path).pixels, (palette / 255 @ LUMA)[index], atol=1e-6)


def test_a_transparent_palette_entry_is_black(path):
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "L").convert("P")
    picture.putpalette([200, 200, 200, 100, 100, 100])
    picture.save(path, transparency=0)
    np.testing.assert_allclose(read_raster(path).pixels * 255, [[0, 100], [100, 0]], atol=1e-4)


@pytest.mark.parametrize(("mode", "clear"), [("L", 7), ("RGB", (7, 7, 7))])
def test_a_colour_declared_transparent_is_black(path, mode, clear):
    Image.fromarray(np.array([[7, 100]], np.uint8)).convert(mode).save(path, transparency=clear)
    np.testing.assert_allclose(read_raster(path).pixels * 255, [[0, 100]], atol=1e-4)


def test_a_sixteen_bit_grey_declared_transparent_is_black(path):
    Image.fromarray(np.array([[7, 40000]], np.uint16)).save(path, transparency=7)
    np.testing.assert_allclose(read_raster(path).pixels, [[0, 40000 / 65535]], rtol=1e-6)


def test_a_cmyk_jpeg_is_converted_by_rgb(path):
    grey = np.full((16, 16), 180, np.uint8)
    Image.fromarray(grey).convert("RGB").convert("CMYK").save(path, "JPEG", quality=100)
    np.testing.assert_allclose(read_raster(path).pixels, 180 / 255, atol=2 / 255)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_exif_orientation_is_applied(tmp_path, turn, mode):

    upright = (np.arange(12).reshape(3, 4) * 20).astype(np.uint16 if mode == "I;16" else np.uint8)
    picture = Image.fromarray(upright)
    picture = picture.convert("RGB") if mode == "RGB" else picture
    exif = Image.Exif()
    exif[0x0112] = turn
    picture.save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened)).astype(float)
    expected = expected[..., 0] if mode == "RGB" else expected
    full = 65535 if mode == "I;16" else 255
    np.testing.assert_allclose(read_raster(tmp_path / "turned.png").pixels, expected / full, atol=1e-6)
    if mode != "I;16":
        np.testing.assert_array_equal(read_mask(tmp_path / "turned.png"), expected)


@pytest.mark.parametrize("turn", [1, 3, 6])
def test_a_png_rotated_by_xmp_is_read_as_by_pillow(tmp_path, turn):
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", f'<rdf:Description tiff:Orientation="{turn}"/>')
    values = np.arange(48, dtype=np.uint8).reshape(6, 8)
    Image.fromarray(values).save(tmp_path / "turned.png", pnginfo=info)
    with Image.open(tmp_path / "turned.png") as opened:
        expected = np.asarray(ImageOps.exif_transpose(opened)) / np.float32(255)
    np.testing.assert_allclose(read_raster(tmp_path / "turned.png").pixels, expected, atol=1e-7)


def test_a_damaged_exif_block_does_not_stop_the_image(path):
    Image.fromarray(np.full((8, 8), 50, np.uint8)).save(path, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\1\x12")
    np.testing.assert_allclose(read_raster(path).pixels, 50 / 255, atol=2 / 255)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_tiff_of_either_byte_order(tmp_path, order):
    cv2 = pytest.importorskip("cv2")
    pixels = deep(9, 7)
    path = tmp_path / "radiograph.tif"
    if order == "<":
        assert cv2.imwrite(str(path), pixels)
    else:
        Image.fromarray(pixels.astype(">u2")).save(path)
    assert path.read_bytes()[:2] == (b"II" if order == "<" else b"MM")
    np.testing.assert_allclose(read_raster(path).pixels, pixels / 65535, rtol=1e-6)


def test_sixteen_bit_colour_tiff(tmp_path):
    cv2 = pytest.importorskip("cv2")
    pixels = deep(9, 7, 3)
    assert cv2.imwrite(str(tmp_path / "radiograph.tif"), pixels[..., ::-1])
    np.testing.assert_allclose(read_raster(tmp_path / "radiograph.tif").pixels, (pixels / 65535) @ LUMA, atol=1e-6)


def test_the_format_is_detected_from_the_content(tmp_path):
    path = write_png(tmp_path / "radiograph.jpg", np.array([[0, 255]], np.uint8))
    assert read_raster(path).pixels.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(("mode", "kind"), [("F", "TIFF"), ("I", "TIFF")])
def test_numbers_without_a_full_range_are_refused(path, mode, kind):
    Image.new(mode, (4, 4)).save(path, kind)
    with pytest.raises(DataError, match="without a full range"):
        read_raster(path)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG"])
def test_several_pages_are_refused(path, kind):
    pages = [Image.fromarray(np.full((4, 4), shade, np.uint8)) for shade in (1, 99)]
    pages[0].save(path, kind, save_all=True, append_images=pages[1:])
    with pytest.raises(DataError, match="several pages"):
        read_raster(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "deep PNG", "progressive JPEG"])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.3, 0.6, 0.95])
def test_a_truncated_file_is_an_error(path, kind, keep):
    noise = RNG.integers(0, 256, (64, 64)).astype(np.uint8)
    if kind == "deep PNG":
        write_png(path, deep(64, 64, 3))
    else:
        Image.fromarray(noise).save(path, kind.split()[-1], **({"progressive": True} if " " in kind else {}))
    cut(path, keep)
    for read in (read_raster, read_mask):
        with pytest.raises(DataError) as failed:
            read(path)
        assert str(path) in failed.value.line
        assert "\n" not in failed.value.line


def test_a_damaged_chunk_of_deep_colour_is_found(path):
    data = bytearray(write_png(path, deep(20, 20, 3)).read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="damaged chunk, b'IDAT'"):
        read_raster(path)


def test_files_that_are_not_images(path, tmp_path):
    path.write_text("<html>404</html>")
    with pytest.raises(DataError, match="no known image format"):
        read_raster(path)
    with pytest.raises(DataError, match="image not found"):
        read_raster(tmp_path / "absent.png")
    with pytest.raises(DataError, match="cannot be decoded"):
        read_raster(tmp_path)


def test_a_mask_keeps_its_palette_indices(path):
    index = RNG.integers(0, 4, (6, 5)).astype(np.uint8)
    write_png(path, index, palette=bytes([255, 255, 255, 9, 9, 9, 0, 0, 0, 80, 0, 0]))
    mask = read_mask(path)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, index)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_grey_mask_keeps_its_numbers(path, bits):
    labels = RNG.integers(0, min(2**bits, 256), (6, 5)).astype(np.uint16 if bits == 16 else np.uint8)
    write_png(path, labels, bits=bits)
    np.testing.assert_array_equal(read_mask(path), labels)


def test_a_mask_in_equal_channels_counts_as_one(path):
    labels = RNG.integers(0, 3, (6, 5)).astype(np.uint8)
    write_png(path, np.repeat(labels[..., None], 3, 2))
    np.testing.assert_array_equal(read_mask(path), labels)
    opaque = np.dstack([labels, labels, labels, np.full_like(labels, 255)])
    write_png(path, opaque)
    np.testing.assert_array_equal(read_mask(path), labels)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.array([[[1, 2, 3]]], np.uint8), "in colour"),
        (np.array([[[1, 1, 1, 0]]], np.uint8), "transparency"),
        (np.array([[300]], np.uint16), "label of 300"),
        (np.array([[[1, 1, 1]]], np.uint16), "16-bit colour"),
    ],
)
def test_a_mask_of_undefined_labels_is_refused(path, pixels, reason):
    write_png(path, pixels)
    with pytest.raises(DataError, match=reason):
        read_mask(path)


def test_pillow_agrees_on_ordinary_files(path):
    noisy = np.clip(thorax() * 255 + RNG.normal(0, 9, (48, 40)), 0, 255).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(noisy).convert("RGB").save(data, "JPEG")
    path.write_bytes(data.getvalue())
    expected = np.asarray(Image.open(data)).astype(float) / 255 @ LUMA
    np.testing.assert_allclose(read_raster(path).pixels, expected, atol=1e-6)
