"""The systems on generated batches: they overfit, predict slice by slice as at once, and refuse misuse."""

import tracemalloc

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE, Case, Image, Targets
from cxrbench.errors import CxrbenchError, DataError, UsageError
from cxrbench_baselines.ct.prepare import Series as Prepared
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.systems import systems
from cxrbench_baselines.systems.goncharov.segmentation import split_into_runs
from cxrbench_baselines.systems.goncharov.series import pad_series
from cxrbench_baselines.systems.goncharov.streaming import quantise_pixels
from cxrbench_baselines.weights import load_weights
from safetensors.torch import save_file

SMALL = {
    "lungs-unet": ["network.channels=[4,8]"],
    "2d-unet": ["network.channels=[4,8]"],
    "2d-unet-plus": ["network.channels=[4,8]"],
    "3d-unet": ["network.channels=[4,8]", "network.slices=8"],
    "resnet50-2.5d": ["network.encoder=resnet10t", "network.slices=4"],
    "multitask-2d-unet": ["network.channels=[4,8]", "network.hidden=8", "network.slices=4"],
}


def made(name, *changes):
    torch.manual_seed(0)
    recipe = load_recipe(name, ["input.size=32", *SMALL[name], *changes])
    return systems[recipe.system](recipe)


def batch_for(name):
    """Bright squares are lesions, and series with lesions are COVID-19."""
    rng = np.random.default_rng(0)
    shape = {"3d-unet": (4, 32, 32), "resnet50-2.5d": (2, 32, 32), "multitask-2d-unet": (2, 32, 32)}
    image = rng.normal(0.3, 0.05, (4, *shape.get(name, (32, 32)))).astype(np.float32)
    labels = np.zeros(image.shape, np.uint8)
    labels[:2, ..., 8:20, 10:24] = 1
    image += 0.3 * labels
    covid = np.array([1, 1, 0, 0], np.float32)
    arrays = {"image": image[:, None], "labels": labels, "covid": covid}
    return {key: torch.from_numpy(value) for key, value in arrays.items()}


def prepared(depth=11, rows=25, columns=30):
    rng = np.random.default_rng(depth)
    hu = rng.integers(-1000, 300, (depth, rows, columns)).astype(np.int16)
    lungs = np.ones(hu.shape, np.uint8)
    lungs[:, :, columns // 2 :] = 2
    whole = (depth + 2, rows + 8, columns + 8)
    box = (slice(1, depth + 1), slice(4, rows + 4), slice(4, columns + 4))
    return Prepared(hu, lungs, (8.0, 2.0, 2.0), box, whole, whole)


@pytest.mark.parametrize("name", SMALL)
def test_a_batch_is_overfitted(name):
    system, batch = made(name), batch_for(name)
    stage = system.recipe.stages[0]
    system.train()
    optimizer = torch.optim.Adam(system.parameters(), lr=0.01)
    history = []
    while len(history) < 150 and float(system.quality(stage, batch).detach().mean()) < 0.8:
        loss = sum(system.losses(stage, batch).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(float(loss.detach()))
    assert len(history) < 150
    assert history[-1] <= history[0]
    assert system.quality(stage, batch).shape == (4,)


@pytest.mark.parametrize("name", ["2d-unet", "multitask-2d-unet", "resnet50-2.5d"])
def test_slice_by_slice_is_the_whole_volume(name):
    system, series = made(name).eval(), prepared(19)
    volume, place = pad_series(quantise_pixels(series.pixels), 32)
    image = torch.from_numpy(volume / np.float32(255))[None, None]
    with torch.inference_mode():
        if name == "2d-unet":
            whole = system(image[0].transpose(0, 1))[:, 0].sigmoid().numpy()
            assert np.allclose(system.predict_lesions(volume), whole, atol=1e-5)
        elif name == "multitask-2d-unet":
            maps, covid = system(image)
            lesions, probability = system.predict_lesions_and_covid(volume)
            assert np.allclose(lesions, maps[0, 0].sigmoid().numpy(), atol=1e-5)
            assert probability == pytest.approx(float(covid.sigmoid()), abs=1e-5)
            assert lesions[:, *place].shape == series.hu.shape
        else:
            prediction = system.predict_series(series)
            assert prediction == {"covid": prediction["covid"], "affected_fraction": prediction["covid"]}
            assert prediction["covid"] == pytest.approx(float(system(image).sigmoid()), abs=1e-5)


@pytest.mark.parametrize("name", ["2d-unet", "3d-unet", "multitask-2d-unet"])
def test_a_prediction_has_both_rankings_and_a_mask(name):
    system, series = made(name).eval(), prepared()
    with torch.inference_mode():
        prediction = system.predict_series(series)
    assert set(prediction) == {"covid", "affected_fraction", "mask"}
    assert prediction["mask"].shape == series.shape
    assert prediction["mask"].dtype == bool
    assert 0 <= prediction["affected_fraction"] <= 1
    if name != "multitask-2d-unet":
        assert prediction["covid"] == prediction["affected_fraction"]
    outside = np.ones(series.shape, bool)
    outside[series.box] = False
    assert not prediction["mask"][outside].any()


def test_the_share_is_that_of_the_worse_lung():
    series, lesions = prepared(4, 10, 10), np.zeros((4, 10, 10), np.float32)
    lesions[:, :, 5:] = 0.9
    lesions[:, :2, :5] = 0.9
    ranks = made("2d-unet").rank_by_share(series, lesions)
    assert ranks["affected_fraction"] == ranks["covid"] == 1
    lesions[:, :, 5:] = 0.4
    assert made("2d-unet").rank_by_share(series, lesions)["affected_fraction"] == pytest.approx(0.2)


def test_series_without_drawn_lesions_do_not_train_the_map():
    system, batch = made("multitask-2d-unet"), batch_for("multitask-2d-unet")
    stage = system.recipe.stages[0]
    blank = {**batch, "labels": torch.full_like(batch["labels"], IGNORE)}
    losses = {key: value.detach() for key, value in system.losses(stage, blank).items()}
    assert float(losses["seg"]) == 0
    assert float(losses["cls"]) > 0
    assert not system.quality(stage, blank).isnan().any()  # of the label alone


def test_the_label_has_a_tenth_of_the_weight():
    system, batch = made("multitask-2d-unet").eval(), batch_for("multitask-2d-unet")
    stage = system.recipe.stages[0]
    _, covid = system(batch["image"])
    alone = torch.nn.functional.binary_cross_entropy_with_logits(covid, batch["covid"]).detach()
    assert float(system.losses(stage, batch)["cls"].detach()) == pytest.approx(0.1 * float(alone), rel=1e-5)


def case(category, *, drawn=False, modality="ct"):
    mask = (lambda: np.ones((13, 33, 38), bool)) if drawn else None
    targets = Targets(category=category, lesion_mask=mask)
    return Case(id="a", patient="a", dataset="d", modality=modality, targets=targets)


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("2d-unet", [True, False, False, False, False]),
        ("3d-unet", [True, False, False, False, False]),
        ("2d-unet-plus", [True, False, True, True, False]),
        ("resnet50-2.5d", [True, True, True, True, False]),
        ("multitask-2d-unet", [True, True, True, True, False]),
    ],
)
def test_each_system_trains_on_the_papers_series(name, accepted):
    system = made(name)
    cases = [case("covid", drawn=True), case("covid"), case("other", drawn=True), case("healthy"), case(None)]
    assert [system.accepts(system.recipe.stages[0], series) for series in cases] == accepted
    assert not system.accepts(system.recipe.stages[0], case("covid", drawn=True, modality="cxr"))


def test_lesions_of_other_diseases_are_no_lesions_or_unknown():
    series = prepared()
    assert made("2d-unet-plus")._read_lesions(case("other", drawn=True), series).sum() == 0
    assert made("multitask-2d-unet")._read_lesions(case("other", drawn=True), series) is None
    assert made("multitask-2d-unet")._read_lesions(case("covid", drawn=True), series).all()


@pytest.mark.parametrize(("depth", "slices", "margin"), [(5, 96, 16), (97, 96, 16), (300, 64, 16), (40, 4, 3)])
def test_runs_cover_a_series_once(depth, slices, margin):
    covered = []
    for run, kept in split_into_runs(depth, slices, margin):
        assert run.stop - run.start == min(slices, depth)
        assert run.start <= kept.start < kept.stop <= run.stop
        assert kept.start - run.start >= min(kept.start, margin if slices > 2 * margin else 0)
        covered += range(kept.start, kept.stop)
    assert covered == list(range(depth))


def test_3d_runs_with_a_wide_margin_equal_the_whole_series():
    system = made("3d-unet").eval()
    volume = quantise_pixels(prepared(40).pixels)
    with torch.inference_mode():
        whole = system.predict_lesions(volume)
        system.settings.update(slices=32, margin=12)
        in_runs = system.predict_lesions(volume)
    assert np.allclose(whole, in_runs, atol=1e-5)


def test_a_triage_system_takes_a_trained_lung_network(tmp_path):
    trained = made("lungs-unet")
    trained.losses(trained.recipe.stages[0], batch_for("lungs-unet"))
    save_file(trained.state_dict(), tmp_path / "w.safetensors")
    system = made("2d-unet", "network.lungs=unet", "network.lungs_channels=[4,8]")
    image = Image(np.zeros((3, 40, 80), np.int16), "ct", (8.0, 2.0, 2.0))
    with pytest.raises(UsageError, match="no weights"):
        system.prepare(image, "here")
    load_weights(system, tmp_path / "w.safetensors", "lungs")
    assert float(system.lungs.trained_at) == 2
    assert all(part is not system.lungs for part in system.trained_modules("lesions"))
    system.lungs.predict_probability = lambda small: (np.indices(small.pixels.shape)[2] % 50 < 30).astype(np.float32)
    series = system.prepare(image, "here")
    assert set(np.unique(series.lungs)) == {0, 1, 2}
    system.lungs.predict_probability = lambda small: np.zeros(small.pixels.shape, np.float32)
    with pytest.raises(DataError, match="no lungs"):
        system.prepare(image, "here")


def test_classical_lungs_refuse_weights_of_a_network(tmp_path):
    with pytest.raises(UsageError, match="no part of the network"):
        load_weights(made("2d-unet"), tmp_path / "w.safetensors", "lungs")


def test_a_lung_network_of_another_spacing_is_refused():
    system = made("2d-unet", "network.lungs=unet", "network.lungs_channels=[4,8]", "input.spacing=4")
    system.lungs.trained_at.fill_(2)
    with pytest.raises(UsageError, match="trained at 2 mm, not 4"):
        system.lungs.find(Image(np.zeros((3, 8, 8), np.int16), "ct", (8.0, 4.0, 4.0)))


@pytest.mark.parametrize(
    "change",
    ["input.channels=3", "input.normalise=image", "stages.lesions.augmentation=[{op: horizontal-flip}]", "network.x=1"],
)
def test_settings_that_ct_cannot_take_are_errors(change):
    with pytest.raises(CxrbenchError):
        made("2d-unet", change)


def test_prediction_memory_does_not_grow_with_the_features():
    system = made("multitask-2d-unet", "network.channels=[16,16]").eval()
    volume = np.zeros((96, 32, 32), np.uint8)
    tracemalloc.start()
    with torch.inference_mode():
        batches = []
        hook = system.backbone.register_forward_hook(lambda *call: batches.append(call[2].shape[0]))
        system.predict_lesions_and_covid(volume)
        hook.remove()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert max(batches) <= 8
    assert peak < 10 * volume.nbytes + 2_000_000
