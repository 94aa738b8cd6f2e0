"""The image cache: geometry that masks and boxes follow, records that are not copied, and nothing lost in a kill."""

from functools import partial

import numpy as np
import pytest
from cxrbench.case import Image
from cxrbench.errors import CxrbenchError, DataError
from cxrbench.imaging.cache.geometry import Geometry
from cxrbench.imaging.cache.reader import CacheSettings, Entry, ImageCache, cache_folder, cache_root, stamps
from cxrbench.imaging.cache.shrink import resized, shrink
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
    small = shrink(lambda: Image(unit), CacheSettings(size, "uint16"))
    expected = area_mean(unit, *small.pixels.shape)
    np.testing.assert_allclose(small.pixels / 65535, expected, atol=1e-4)
    assert max(small.pixels.shape) == size


def test_a_small_picture_is_enlarged_to_the_size():
    small = shrink(lambda: Image(thorax(20, 10).astype(np.float32)), SMALL)
    assert small.pixels.shape == (64, 32)


def test_spacing_follows():
    image = Image(thorax(128, 256).astype(np.float32), spacing=(0.2, 0.2))
    assert shrink(lambda: image, SMALL).spacing == (0.8, 0.8)
    assert shrink(lambda: Image(image.pixels), SMALL).spacing is None


def _noisy(mode: str) -> Pillow.Image:
    colour = np.clip(thorax(150, 120)[..., None] * [250, 240, 200] + RNG.normal(0, 12, (150, 120, 3)), 0, 255)
    picture = Pillow.fromarray(colour.astype(np.uint8))
    return picture.convert(mode)


def test_bytes_and_numbers_grow_alike():
    grey = RNG.integers(0, 256, (30, 41)).astype(np.uint8)
    geometry = Geometry.fitted(30, 41, 64)
    np.testing.assert_allclose(resized(grey, geometry), resized(grey.astype(np.float32), geometry), atol=0.501)


PLAIN = [("PNG", mode) for mode in ("L", "RGB", "RGBA", "LA", "P")] + [("JPEG", "L"), ("JPEG", "RGB"), ("TIFF", "RGB")]


@pytest.mark.parametrize(("kind", "mode"), PLAIN)
@pytest.mark.parametrize("turn", [1, 6])
def test_the_short_road_is_within_one_step_of_the_exact_one(tmp_path, kind, mode, turn):
    exif = Pillow.Exif()
    exif[0x0112] = turn
    path = tmp_path / "film"
    _noisy(mode).save(path, kind, exif=exif)
    quick, exact = shrink(partial(read_raster, path), SMALL), shrink(lambda: read_raster(path), DEEP)
    assert quick.geometry == exact.geometry
    assert np.abs(quick.pixels / 255 - exact.pixels / 65535).max() <= 1.002 / 255


def test_transparency_takes_the_exact_road(tmp_path):
    picture = _noisy("RGBA")
    picture.putalpha(Pillow.fromarray(RNG.integers(0, 256, (150, 120)).astype(np.uint8)))
    picture.save(tmp_path / "film.png")
    load = partial(read_raster, tmp_path / "film.png")
    difference = shrink(load, SMALL).pixels / 255 - shrink(load, DEEP).pixels / 65535
    assert np.abs(difference).max() <= 0.51 / 255


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_short_road_refuses_a_cut_file(tmp_path, kind):
    path = tmp_path / "film"
    _noisy("RGB").save(path, kind)
    cut(path, 0.9)
    with pytest.raises(DataError):
        shrink(partial(read_raster, path), SMALL)


def test_a_draft_is_close_and_keeps_the_geometry(tmp_path):
    path = tmp_path / "film.jpg"
    Pillow.fromarray((thorax(1000, 700) * 255).astype(np.uint8)).save(path, quality=95)
    load = partial(read_raster, path)
    plain, draft = shrink(load, SMALL), shrink(load, CacheSettings(size=64, draft=True))
    assert plain.geometry == draft.geometry == Geometry(1000, 700, 64, 45)
    assert np.abs(plain.pixels.astype(int) - draft.pixels).mean() < 3
    assert SMALL.key != CacheSettings(size=64, draft=True).key


@given(rows=st.integers(1, 400), columns=st.integers(1, 400), size=st.integers(16, 128))
def test_geometry_keeps_the_long_side_and_the_aspect(rows, columns, size):
    found = Geometry.fitted(rows, columns, size)
    assert max(found.height, found.width) == size
    assert min(found.height, found.width) >= 1
    assert abs(found.height * columns - found.width * rows) <= max(rows, columns) * 1.0
    boxes = np.array([[0, 0, columns, rows], [1, 2, 3, 4]], float)
    np.testing.assert_allclose(found.boxes_in(boxes)[0], [0, 0, found.width, found.height])
    np.testing.assert_allclose(found.boxes_out(found.boxes_in(boxes)), boxes)


def test_a_mask_follows_its_image(tmp_path):
    unit = np.zeros((200, 120), np.float32)
    unit[50:150, 30:90] = 1
    small = shrink(lambda: Image(unit), SMALL)
    mask = small.geometry.mask_in(unit.astype(np.uint8) * 2)
    assert set(np.unique(mask)) == {0, 2}
    np.testing.assert_array_equal(mask[small.pixels > 250], 2)
    np.testing.assert_array_equal(mask[small.pixels < 5], 0)
    back = small.geometry.mask_out(mask)
    assert (back == unit * 2).mean() > 0.95
    with pytest.raises(ValueError, match="mask of"):
        small.geometry.mask_in(np.zeros((10, 10)))


def _films(tmp_path, count: int = 3) -> dict[str, partial]:
    found = {}
    for i in range(count):
        path = write_png(tmp_path / f"film-{i}.png", RNG.integers(0, 256, (100 + i, 80)).astype(np.uint8))
        found[path.name] = partial(read_raster, path)
    return found


def _write(folder, films, settings=SMALL):
    with CacheWriter(folder, settings) as writer:
        for (name, load), number in zip(films.items(), writer.reserve(len(films)), strict=True):
            small = shrink(load, settings)
            digest = write_record(folder, settings, number, small)
            marks = stamps(load.args)
            writer.append(Entry(name, number, small.geometry, small.spacing, marks, digest))


@pytest.mark.parametrize("settings", [SMALL, DEEP])
def test_what_was_written_is_read_back_without_a_copy(tmp_path, settings):
    films = _films(tmp_path)
    _write(cache_folder("set", settings, tmp_path), films, settings)
    cache = ImageCache.open("set", settings, tmp_path)
    assert len(cache) == 3
    for name, load in films.items():
        expected = shrink(load, settings)
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
    _write(cache_folder("set", SMALL, tmp_path), _films(tmp_path))
    with pytest.raises(DataError, match="not in the image cache"):
        ImageCache.open("set", SMALL, tmp_path).pixels("nobody")


@pytest.mark.parametrize("lost", [1, 20, 10_000])
def test_half_a_line_counts_as_not_written(tmp_path, lost):
    films, folder = _films(tmp_path), cache_folder("set", SMALL, tmp_path)
    _write(folder, films)
    index = folder / "index.jsonl"
    data = index.read_bytes()
    index.write_bytes(data[: max(0, len(data) - lost)])
    left = len(ImageCache.open("set", SMALL, tmp_path))
    with CacheWriter(folder, SMALL) as writer:
        done = [name for name, load in films.items() if writer.finished(name, stamps(load.args))]
        assert len(done) == left
    _write(folder, {name: load for name, load in films.items() if name not in done})
    cache = ImageCache.open("set", SMALL, tmp_path)
    assert sorted(cache.entries) == sorted(films)
    for name, load in films.items():
        np.testing.assert_array_equal(cache.pixels(name), shrink(load, SMALL).pixels)


def test_a_changed_record_is_found_and_done_again(tmp_path):
    films, folder = _films(tmp_path), cache_folder("set", SMALL, tmp_path)
    _write(folder, films)
    with (folder / "pixels.bin").open("r+b") as file:
        file.seek(64 * 64 + 5)
        file.write(b"\0\1\2")
    assert ImageCache.open("set", SMALL, tmp_path).damaged() == ["film-1.png"]
    with CacheWriter(folder, SMALL) as writer:
        done = [name for name, load in films.items() if writer.finished(name, stamps(load.args))]
    assert done == ["film-0.png", "film-2.png"]


def test_a_changed_source_is_not_finished(tmp_path):
    films, folder = _films(tmp_path, 1), cache_folder("set", SMALL, tmp_path)
    _write(folder, films)
    path = tmp_path / "film-0.png"
    before = stamps([path])
    write_png(path, np.zeros((5, 6), np.uint8))
    with CacheWriter(folder, SMALL) as writer:
        assert writer.finished("film-0.png", before)
        assert not writer.finished("film-0.png", stamps([path]))
        assert not writer.finished("film-0.png", ())


def test_a_cache_cut_short_is_an_error(tmp_path):
    folder = cache_folder("set", SMALL, tmp_path)
    _write(folder, _films(tmp_path))
    cut(folder / "pixels.bin", 0.5)
    with pytest.raises(DataError, match="cut short"):
        ImageCache.open("set", SMALL, tmp_path)


def test_one_writer_at_a_time(tmp_path):
    folder = cache_folder("set", SMALL, tmp_path)
    with CacheWriter(folder, SMALL), pytest.raises(CxrbenchError, match="being written"), CacheWriter(folder, SMALL):
        pass
    with CacheWriter(folder, SMALL):
        pass


def test_every_setting_has_its_own_folder():
    settings = [CacheSettings(), CacheSettings(size=256), CacheSettings(depth="uint16"), CacheSettings(draft=True)]
    assert len({one.folder for one in settings}) == 4


def test_where_caches_lie(monkeypatch, tmp_path):
    monkeypatch.setenv("CXRBENCH_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    assert cache_root(tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("CXRBENCH_CACHE")
    assert cache_root().name == "cxrbench"


@pytest.mark.slow
def test_the_short_road_on_every_real_film(real_data):
    """Every radiograph of brixia-cohen: the 8-bit road within 1/255 of the exact one."""
    from cxrbench.datasets import load

    cases = [case for case in load("brixia-cohen", real_data).cases if case.available]
    full = CacheSettings(), CacheSettings(depth="uint16")
    worst = 0.0
    for case in cases:
        quick, exact = (shrink(case.load, settings) for settings in full)
        worst = max(worst, float(np.abs(quick.pixels / 255 - exact.pixels / 65535).max()))
    assert worst <= 1.002 / 255
