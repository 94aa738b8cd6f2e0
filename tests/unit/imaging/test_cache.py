"""The image cache: geometry of masks and boxes, records without a copy, and recovery after a kill."""

from functools import partial

import numpy as np
import pytest
from cxrbench.case import Image
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.imaging.cache.geometry import Geometry
from cxrbench.imaging.cache.index import CacheEntry, stamp_files
from cxrbench.imaging.cache.reader import CacheSettings, ImageCache, locate_cache_folder, locate_cache_root
from cxrbench.imaging.cache.shrink import resize_pixels, shrink_radiograph
from cxrbench.imaging.cache.writer import CacheWriter, write_record
from cxrbench.imaging.radiograph.raster import read_raster
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from tests.fixtures.make_dicom import cut, thorax, write_png

SMALL = CacheSettings(size=64)
DEEP = CacheSettings(size=64, depth="uint16")
RNG = np.random.default_rng(5)


def area_mean(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean over each target pixel's area, by plain weights: the reference."""
    return _weights(len(pixels), height) @ pixels @ _weights(pixels.shape[1], width).T


def _weights(source: int, target: int) -> np.ndarray:
    edges = np.arange(target + 1) * source / target
    places = np.arange(source)
    overlap = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.clip(overlap, 0, None) * target / source


@pytest.mark.parametrize(("rows", "columns", "size"), [(300, 200, 64), (91, 200, 64), (128, 128, 64), (65, 65, 64)])
def test_a_picture_shrinks_by_the_mean_over_each_area(rows, columns, size):
    unit = thorax(rows, columns).astype(np.float32)
    small = shrink_radiograph(lambda: Image(unit), CacheSettings(size, "uint16"))
    expected = area_mean(unit, *small.pixels.shape)
    np.testing.assert_allclose(small.pixels / 65535, expected, atol=1e-4)
    assert max(small.pixels.shape) == size


def test_a_small_picture_is_enlarged_to_the_size():
    small = shrink_radiograph(lambda: Image(thorax(20, 10).astype(np.float32)), SMALL)
    assert small.pixels.shape == (64, 32)


def test_spacing_is_converted():
    image = Image(thorax(128, 256).astype(np.float32), spacing=(0.2, 0.2))
    assert shrink_radiograph(lambda: image, SMALL).spacing == (0.8, 0.8)
    assert shrink_radiograph(lambda: Image(image.pixels), SMALL).spacing is None


def _noisy(mode: str) -> Pillow.Image:
    colour = np.clip(thorax(150, 120)[..., None] * [250, 240, 200] + RNG.normal(0, 12, (150, 120, 3)), 0, 255)
    picture = Pillow.fromarray(colour.astype(np.uint8))
    return picture.convert(mode)


def test_bytes_and_floats_are_enlarged_alike():
    grey = RNG.integers(0, 256, (30, 41)).astype(np.uint8)
    geometry = Geometry.fitted(30, 41, 64)
    np.testing.assert_allclose(
        resize_pixels(grey, geometry), resize_pixels(grey.astype(np.float32), geometry), atol=0.501
    )


PLAIN = [("PNG", mode) for mode in ("L", "RGB", "RGBA", "LA", "P")] + [("JPEG", "L"), ("JPEG", "RGB"), ("TIFF", "RGB")]


@pytest.mark.parametrize(("kind", "mode"), PLAIN)
@pytest.mark.parametrize("turn", [1, 6])
def test_fast_decoding_is_within_one_step_of_exact_decoding(tmp_path, kind, mode, turn):
    exif = Pillow.Exif()
    exif[0x0112] = turn
    path = tmp_path / "radiograph"
    _noisy(mode).save(path, kind, exif=exif)
    fast, exact = (
        shrink_radiograph(partial(read_raster, path), SMALL),
        shrink_radiograph(lambda: read_raster(path), DEEP),
    )
    assert fast.geometry == exact.geometry
    assert np.abs(fast.pixels / 255 - exact.pixels / 65535).max() <= 1.002 / 255


def test_transparency_is_decoded_exactly(tmp_path):
    picture = _noisy("RGBA")
    picture.putalpha(Pillow.fromarray(RNG.integers(0, 256, (150, 120)).astype(np.uint8)))
    picture.save(tmp_path / "radiograph.png")
    load = partial(read_raster, tmp_path / "radiograph.png")
    difference = shrink_radiograph(load, SMALL).pixels / 255 - shrink_radiograph(load, DEEP).pixels / 65535
    assert np.abs(difference).max() <= 0.51 / 255


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_fast_decoding_refuses_a_truncated_file(tmp_path, kind):
    path = tmp_path / "radiograph"
    _noisy("RGB").save(path, kind)
    cut(path, 0.9)
    with pytest.raises(DataError):
        shrink_radiograph(partial(read_raster, path), SMALL)


def test_a_draft_is_close_and_keeps_the_geometry(tmp_path):
    path = tmp_path / "radiograph.jpg"
    Pillow.fromarray((thorax(1000, 700) * 255).astype(np.uint8)).save(path, quality=95)
    load = partial(read_raster, path)
    plain, draft = shrink_radiograph(load, SMALL), shrink_radiograph(load, CacheSettings(size=64, draft=True))
    assert plain.geometry == draft.geometry == Geometry(1000, 700, 64, 45)
    assert np.abs(plain.pixels.astype(int) - draft.pixels).mean() < 3
    assert SMALL.key != CacheSettings(size=64, draft=True).key


@given(rows=st.integers(1, 400), columns=st.integers(1, 400), size=st.integers(16, 128))
def test_geometry_keeps_the_long_side_and_the_aspect(rows, columns, size):
    geometry = Geometry.fitted(rows, columns, size)
    assert max(geometry.height, geometry.width) == size
    assert min(geometry.height, geometry.width) >= 1
    assert abs(geometry.height * columns - geometry.width * rows) <= max(rows, columns) * 1.0
    boxes = np.array([[0, 0, columns, rows], [1, 2, 3, 4]], float)
    np.testing.assert_allclose(geometry.boxes_in(boxes)[0], [0, 0, geometry.width, geometry.height])
    down, across = geometry.scale
    np.testing.assert_allclose(geometry.boxes_in(boxes)[1], [across, 2 * down, 3 * across, 4 * down])


def test_a_mask_is_resized_with_its_image(tmp_path):
    unit = np.zeros((200, 120), np.float32)
    unit[50:150, 30:90] = 1
    small = shrink_radiograph(lambda: Image(unit), SMALL)
    mask = small.geometry.mask_in(unit.astype(np.uint8) * 2)
    assert set(np.unique(mask)) == {0, 2}
    np.testing.assert_array_equal(mask[small.pixels > 250], 2)
    np.testing.assert_array_equal(mask[small.pixels < 5], 0)
    assert (mask > 0).mean() == pytest.approx((unit > 0).mean(), abs=0.01)
    with pytest.raises(ValueError, match="mask of"):
        small.geometry.mask_in(np.zeros((10, 10)))


def _load_functions(tmp_path, count: int = 3) -> dict[str, partial]:
    loads = {}
    for i in range(count):
        path = write_png(tmp_path / f"image-{i}.png", RNG.integers(0, 256, (100 + i, 80)).astype(np.uint8))
        loads[path.name] = partial(read_raster, path)
    return loads


def _write(folder, loads, settings=SMALL):
    with CacheWriter(folder, settings) as writer:
        for (name, load), number in zip(loads.items(), writer.reserve(len(loads)), strict=True):
            small = shrink_radiograph(load, settings)
            digest = write_record(folder, settings, number, small)
            marks = stamp_files(load.args)
            writer.append(CacheEntry(name, number, small.geometry, small.spacing, marks, digest))


@pytest.mark.parametrize("settings", [SMALL, DEEP])
def test_records_are_read_without_a_copy(tmp_path, settings):
    loads = _load_functions(tmp_path)
    _write(locate_cache_folder("set", settings, tmp_path), loads, settings)
    cache = ImageCache.open("set", settings, tmp_path)
    assert len(cache) == 3
    for name, load in loads.items():
        expected = shrink_radiograph(load, settings)
        pixels = cache.pixels(name)
        np.testing.assert_array_equal(pixels, expected.pixels)
        assert isinstance(pixels.base if pixels.base is not None else pixels, np.ndarray)
        assert not pixels.flags.owndata
        assert not pixels.flags.writeable
        assert name in cache
        np.testing.assert_array_equal(cache.record(name)[:, pixels.shape[1] :], 0)
        full = 255 if settings is SMALL else 65535
        np.testing.assert_allclose(cache.image(name).pixels, expected.pixels / full, rtol=1e-6)
    assert cache.damaged() == []


def test_an_unknown_case_or_dataset_is_an_error(tmp_path):
    with pytest.raises(DataError, match="not prepared"):
        ImageCache.open("set", SMALL, tmp_path)
    _write(locate_cache_folder("set", SMALL, tmp_path), _load_functions(tmp_path))
    with pytest.raises(DataError, match="not in the image cache"):
        ImageCache.open("set", SMALL, tmp_path).pixels("nobody")


@pytest.mark.parametrize("lost", [1, 20, 10_000])
def test_an_incomplete_line_counts_as_not_written(tmp_path, lost):
    loads, folder = _load_functions(tmp_path), locate_cache_folder("set", SMALL, tmp_path)
    _write(folder, loads)
    index = folder / "index.jsonl"
    data = index.read_bytes()
    index.write_bytes(data[: max(0, len(data) - lost)])
    left = len(ImageCache.open("set", SMALL, tmp_path))
    with CacheWriter(folder, SMALL) as writer:
        done = [name for name, load in loads.items() if writer.finished(name, stamp_files(load.args))]
        assert len(done) == left
    _write(folder, {name: load for name, load in loads.items() if name not in done})
    cache = ImageCache.open("set", SMALL, tmp_path)
    assert sorted(cache.entries) == sorted(loads)
    for name, load in loads.items():
        np.testing.assert_array_equal(cache.pixels(name), shrink_radiograph(load, SMALL).pixels)


def test_a_damaged_record_is_detected_and_decoded_again(tmp_path):
    loads, folder = _load_functions(tmp_path), locate_cache_folder("set", SMALL, tmp_path)
    _write(folder, loads)
    with (folder / "pixels.bin").open("r+b") as file:
        file.seek(64 * 64 + 5)
        file.write(b"\0\1\2")
    assert ImageCache.open("set", SMALL, tmp_path).damaged() == ["image-1.png"]
    with CacheWriter(folder, SMALL) as writer:
        done = [name for name, load in loads.items() if writer.finished(name, stamp_files(load.args))]
    assert done == ["image-0.png", "image-2.png"]


def test_a_changed_source_is_not_finished(tmp_path):
    loads, folder = _load_functions(tmp_path, 1), locate_cache_folder("set", SMALL, tmp_path)
    _write(folder, loads)
    path = tmp_path / "image-0.png"
    before = stamp_files([path])
    write_png(path, np.zeros((5, 6), np.uint8))
    with CacheWriter(folder, SMALL) as writer:
        assert writer.finished("image-0.png", before)
        assert not writer.finished("image-0.png", stamp_files([path]))
        assert not writer.finished("image-0.png", ())


def test_a_truncated_cache_is_an_error(tmp_path):
    folder = locate_cache_folder("set", SMALL, tmp_path)
    _write(folder, _load_functions(tmp_path))
    cut(folder / "pixels.bin", 0.5)
    with pytest.raises(DataError, match="truncated"):
        ImageCache.open("set", SMALL, tmp_path)


def test_one_writer_at_a_time(tmp_path):
    folder = locate_cache_folder("set", SMALL, tmp_path)
    with CacheWriter(folder, SMALL), pytest.raises(CxrbenchError, match="being written"), CacheWriter(folder, SMALL):
        pass
    with CacheWriter(folder, SMALL):
        pass


def test_every_setting_has_its_own_folder():
    settings = [CacheSettings(), CacheSettings(size=256), CacheSettings(depth="uint16"), CacheSettings(draft=True)]
    assert len({item.folder for item in settings}) == 4


def test_the_folder_of_all_caches(monkeypatch, tmp_path):
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    assert locate_cache_root() == tmp_path
    assert locate_cache_root(tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("CXRBENCH_CACHE")
    assert locate_cache_root().name == "cxrbench"


@pytest.mark.slow
def test_fast_decoding_of_every_real_radiograph(real_data):
    """Every radiograph of brixia-cohen: fast decoding within 1/255 of exact decoding."""
    from cxrbench.datasets import load

    cases = [case for case in load("brixia-cohen", real_data).cases if case.available]
    full = CacheSettings(), CacheSettings(depth="uint16")
    worst = 0.0
    for case in cases:
        fast, exact = (shrink_radiograph(case.load, settings) for settings in full)
        worst = max(worst, float(np.abs(fast.pixels / 255 - exact.pixels / 65535).max()))
    assert worst <= 1.002 / 255
