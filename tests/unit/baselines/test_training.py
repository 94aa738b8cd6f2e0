"""Training: a resumed run equals an uninterrupted one, validation shares no patient, absent targets have no loss."""

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE
from cxrbench.errors import CxrbenchError, DataError, UsageError
from cxrbench.splits.patient_identity import identify_patient
from cxrbench.tasks.track import Track
from cxrbench_baselines.examples.augmentation import Augmentation, mirror_example
from cxrbench_baselines.nets.losses import WeightedLoss, compute_cut_dice, compute_map_loss, compute_number_loss
from cxrbench_baselines.recipe import load_recipe
from cxrbench_baselines.saved import load_system, save_system
from cxrbench_baselines.training import fit as loop
from cxrbench_baselines.training.data import choose_tracks, select_cases
from cxrbench_baselines.training.fit import train_recipe
from cxrbench_baselines.training.settings import TrainingSettings
from cxrbench_baselines.weights import load_weights

TINY = (
    "input.size=32",
    "network.encoder=efficientnet-b0",
    "network.pretrained=none",
    "stages.lungs.epochs=2",
    "stages.lungs.batch=32",
    "stages.lungs.stopping=null",
    "stages.lungs.select=last",
)
TRACK = ("lung-segmentation/phantom/train",)


def quiet(*_):
    pass


def settings(out, **more):
    return TrainingSettings(data=None, out=out, tracks=TRACK, **more)


def same(left, right):
    theirs = right.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in left.state_dict().items())


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A tiny training of two epochs."""
    return train_recipe(load_recipe("lung-pspnet", TINY), settings(tmp_path_factory.mktemp("whole")), quiet)


def test_a_killed_run_resumes_to_the_weights_of_its_seed(uninterrupted, tmp_path, monkeypatch):
    recipe = load_recipe("lung-pspnet", TINY)

    class Killed(BaseException):
        pass

    def kill_in_the_second_epoch(words, done, all_):
        if words.endswith("training") and done > all_ // 2:
            raise Killed

    with pytest.raises(Killed):
        train_recipe(recipe, settings(tmp_path), kill_in_the_second_epoch)
    seen = []
    resumed = train_recipe(recipe, settings(tmp_path), lambda words, done, _: seen.append((words, done)))
    steps = [done for words, done in seen if words.endswith("training")]
    assert steps[0] > 1  # it did not begin again
    assert same(resumed.system, uninterrupted.system)
    losses = [[epoch["loss"] for epoch in run.stages[0]["epochs"]] for run in (resumed, uninterrupted)]
    assert losses[0] == losses[1]


def test_a_finished_stage_is_not_run_again(uninterrupted, tmp_path, monkeypatch):
    recipe = load_recipe("lung-pspnet", TINY)
    folder = tmp_path / "out"
    first = train_recipe(recipe, settings(folder), quiet)
    monkeypatch.setattr(loop, "fit_stage", None)
    assert same(train_recipe(recipe, settings(folder), quiet).system, first.system)


def test_another_seed_gives_other_weights(uninterrupted, tmp_path):
    recipe = load_recipe("lung-pspnet", (*TINY, "stages.lungs.epochs=1"))
    assert not same(train_recipe(recipe, settings(tmp_path, seed=1), quiet).system, uninterrupted.system)


def test_a_saved_system_is_loaded_with_its_weights(uninterrupted, tmp_path):
    record = {"command": "c", "seed": 0, "seconds": 1, "hardware": "h", "stages": uninterrupted.stages}
    save_system(uninterrupted.system, tmp_path, "tiny", uninterrupted.parts, record)
    assert same(load_system(tmp_path), uninterrupted.system)
    code = (tmp_path / "submission.py").read_text()
    compile(code, "submission.py", "exec")
    assert 'trained_on = ("phantom/train", "phantom/val")' in code


@pytest.mark.parametrize("broken", ["absent", "cut", "another"])
def test_weights_that_do_not_fit_are_a_one_line_error(uninterrupted, tmp_path, broken):
    record = {"command": "c", "seed": 0, "seconds": 1, "hardware": "h", "stages": []}
    save_system(uninterrupted.system, tmp_path, "tiny", (), record)
    file = tmp_path / "weights.safetensors"
    if broken == "absent":
        file.unlink()
    if broken == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    if broken == "another":
        recipe = (tmp_path / "recipe.yaml").read_text().replace("pspnet", "unet")
        (tmp_path / "recipe.yaml").write_text(recipe)
    with pytest.raises(CxrbenchError) as caught:
        load_system(tmp_path)
    assert "\n" not in caught.value.line
    assert str(tmp_path) in caught.value.line


def test_weights_of_a_part_are_loaded_alone(uninterrupted, tmp_path):
    from safetensors.torch import save_file

    network = uninterrupted.system.network
    save_file(
        {f"network.{key}": value.contiguous() for key, value in network.state_dict().items()},
        tmp_path / "w.safetensors",
    )
    other = type(uninterrupted.system)(load_recipe("lung-pspnet", TINY))
    assert not same(other, uninterrupted.system)
    load_weights(other, tmp_path / "w.safetensors", "network")
    assert same(other.network, network)


def test_a_part_that_does_not_exist_is_an_error(uninterrupted, tmp_path):
    with pytest.raises(UsageError, match="no part of the network of this name: netwerk; did you mean network"):
        load_weights(uninterrupted.system, tmp_path / "none.safetensors", "netwerk")


def test_out_of_memory_names_the_batch_that_fits(tmp_path, monkeypatch):
    recipe = load_recipe("lung-pspnet", TINY)
    from cxrbench_baselines.training.module import StageModule

    compute_loss = StageModule.compute_loss

    def greedy(self, batch):
        if len(batch["image"]) > 4:
            raise torch.OutOfMemoryError
        return compute_loss(self, batch)

    monkeypatch.setattr(StageModule, "compute_loss", greedy)
    with pytest.raises(CxrbenchError, match=r"out of memory with batch 32: stage lungs; batch 4 fits"):
        train_recipe(recipe, settings(tmp_path), quiet)


def test_validation_shares_no_patient_with_training(real_data):
    stage = load_recipe("lung-pspnet").stages[0]
    cases = select_cases(stage, [Track.parse("lung-segmentation/cohen@joint/train")], str(real_data), seed=3)
    learnt, checked = (
        {identify_patient(case.dataset, case.patient) for case in part} for part in (cases.train, cases.validation)
    )
    assert not learnt & checked
    assert len(cases.validation) > 10
    assert cases.parts == ("cohen@joint/train",)


def test_a_part_val_is_the_validation():
    stage = load_recipe("lung-pspnet").stages[0]
    cases = select_cases(stage, [Track.parse("lung-segmentation/phantom/test")], None, seed=0)
    assert (len(cases.train), len(cases.validation)) == (214, 71)


def test_a_track_of_another_task_gives_its_dataset():
    stage = load_recipe("lung-pspnet").stages[0]
    tracks = choose_tracks(stage, ("lung-segmentation",), ["brixia-severity/phantom/train"])
    assert [str(track) for track in tracks] == ["lung-segmentation/phantom/train"]


def test_a_track_without_the_target_is_an_error(real_data):
    stage = load_recipe("lung-pspnet").stages[0]
    with pytest.raises(DataError, match="no case with its target"):
        select_cases(stage, [Track.parse("lung-segmentation/brixia-cohen/train")], str(real_data), seed=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("stages.lungs.epoch=3", "stages.0.epoch"),
        ("input.size=big", "input.size"),
        ("stages.disease.epochs=3", "did you mean|known"),
        ("network", "written key"),
    ],
)
def test_a_change_that_does_not_fit_names_its_place(change, words):
    with pytest.raises(UsageError, match=words) as caught:
        load_recipe("lung-pspnet", (change,))
    assert "\n" not in caught.value.line


def test_a_flip_exchanges_the_sides_of_image_mask_and_score():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    mirrored = mirror_example({"image": image, "lungs": image, "brixia": np.array([0, 1, 2, 3, 4, 5])}, ("lungs",))
    assert np.array_equal(mirrored["image"], image[:, ::-1])
    assert np.array_equal(mirrored["lungs"], image[:, ::-1])
    assert mirrored["brixia"].tolist() == [3, 4, 5, 0, 1, 2]


@pytest.mark.parametrize("recipe", ["lung-pspnet"])
def test_masks_follow_the_image_and_a_seed_repeats_the_change(recipe):
    mask = np.zeros((64, 64), np.uint8)
    mask[10:30, 12:50] = 1
    change = Augmentation(load_recipe(recipe).stages[0].augmentation, 64, ("lungs",))
    moved = False
    for seed in range(20):
        changed = change({"image": mask * 255, "lungs": mask}, seed)
        again = change({"image": mask * 255, "lungs": mask}, seed)
        assert np.array_equal(changed["image"], again["image"])
        assert np.mean((changed["image"] > 127) == (changed["lungs"] > 0)) > 0.97
        moved |= not np.array_equal(changed["lungs"], mask)
    assert moved


def test_ignored_pixels_change_no_map_loss():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 1, 8, 8), torch.randint(0, 2, (2, 8, 8), dtype=torch.uint8)
    hidden = labels.clone()
    hidden[:, :, 4:] = IGNORE
    for name in ("bce", "dice", "jaccard", "focal"):
        narrow = compute_map_loss(name, logits[..., :4], labels[..., :4])
        assert float(compute_map_loss(name, logits, hidden)) == pytest.approx(float(narrow), rel=1e-4), name
        changed = logits.clone()
        changed[..., 4:] += 3
        assert float(compute_map_loss(name, changed, hidden)) == pytest.approx(float(narrow), rel=1e-4), name
    assert float(compute_map_loss("dice+bce", logits, torch.full_like(labels, IGNORE))) == 0


def test_unknown_numbers_are_left_out_of_a_loss():
    values, truth = torch.tensor([0.2, 5.0]), torch.tensor([1.0, float("nan")])
    assert float(compute_number_loss("l1", values, truth)) == pytest.approx(0.8)
    assert float(compute_number_loss("bce", values, truth * float("nan"))) == 0


def test_dice_of_a_cut_map():
    truth = torch.tensor([[[0, 1], [1, 1]], [[0, 0], [0, 0]], [[IGNORE] * 2] * 2], dtype=torch.uint8)
    probability = torch.tensor([[[0.1, 0.9], [0.9, 0.1]], [[0.1, 0.1], [0.1, 0.1]], [[0.9, 0.9], [0.9, 0.9]]])
    first, empty, unknown = compute_cut_dice(probability, truth).tolist()
    assert first == pytest.approx(0.8)
    assert empty == 1
    assert np.isnan(unknown)


def test_dynamic_weights_follow_the_equation():
    weighted = WeightedLoss(0.5)
    first = weighted({"cls": torch.tensor(2.0), "seg": torch.tensor(4.0)})
    assert float(first) == pytest.approx(6)  # (L / L_first)^0.5 is 1
    later = weighted({"cls": torch.tensor(0.5), "seg": torch.tensor(1.0)})
    assert float(later) == pytest.approx(0.5 * 0.5 + 0.5 * 1.0)
    assert float(WeightedLoss(0.0)({"cls": torch.tensor(2.0), "seg": torch.tensor(1.0)})) == 3
