"""Errors in training are one line that says what, where and what to do, with the documented exit codes."""

import pytest
import torch
from cxrbench_baselines.recipe import find_recipe, load_recipe
from cxrbench_baselines.saved import save_system
from cxrbench_baselines.systems import systems
from cxrbench_baselines.training.module import StageModule

TINY = (
    "input.size=32",
    "network.encoder=efficientnet-b0",
    "network.pretrained=none",
    "stages.lungs.epochs=1",
    "stages.lungs.batch=32",
)
TRACK = ("--track", "lung-segmentation/phantom/train")
RECORD = {"command": "c", "seed": 0, "seconds": 1, "hardware": "h", "learnt_from": [], "stages": []}


@pytest.fixture
def train(command, tmp_path):
    """`cxrbench train lung-pspnet` at a tiny setting, with further changes and options."""

    def run(*more, recipe="lung-pspnet", changes=()):
        settings = [word for change in (*TINY, *changes) for word in ("--set", change)]
        return command("train", recipe, *settings, "--out", tmp_path / "out", *more)

    return run


@pytest.fixture
def untrained(tmp_path):
    """The folder of a tiny system that was not trained."""
    recipe = load_recipe("lung-pspnet", TINY)
    save_system(systems[recipe.system](recipe), tmp_path / "saved", "saved", (), RECORD)
    return tmp_path / "saved"


def check(done, code, *words):
    assert done.code == code, done.err
    assert len(done.error_lines) == 1, done.err
    assert "unexpected failure" not in done.err
    for word in words:
        assert word in done.error_lines[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("colour=red", ("colour", "lung-pspnet.yaml")),
        ("network.colour=red", ("network.colour", "danilov-lungs")),
        ("stages.lungs.optimizer.colour=red", ("stages.0.optimizer.colour",)),
        ("network.encoder=resnet19", ("no such network", "resnet19")),
        ("system=danilov-lung", ("no system of this name", "danilov-lungs")),
        ("stages.lungs.name=lung", ("no stage of system danilov-lungs of this name", "lungs")),
        ("stages.lungs.loss={dice: 1}", ("stages.lungs.loss.seg",)),
        ("stages.lungs.loss.seg=dise", ("no segmentation loss of this name", "dice")),
        ("stages.lungs.augmentation=[{op: flip}]", ("no augmentation of this name",)),
        ("input.size=40", ("multiple of 32", "size 40")),
        ("stages.lungs.optimizer=null", ("stages.0", "an optimizer")),
    ],
)
def test_a_recipe_that_does_not_fit_names_the_place(train, change, words):
    check(train(*TRACK, changes=(change,)), 2, *words)


def test_an_unknown_recipe_names_the_nearest(command):
    check(command("train", "lung-pspnat", *TRACK), 2, "lung-pspnet")


def test_a_file_that_is_no_recipe(command, tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text("system: [")
    check(command("train", file, *TRACK), 2, "not YAML", "own.yaml")
    file.write_text(find_recipe("lung-unet").read_text("utf-8").replace("epochs: 50", "epocs: 50"))
    check(command("train", file, *TRACK), 2, "own.yaml, stages.0.epocs")


@pytest.mark.parametrize(
    "track", ["lung-segmentation/phantom", "lungs/phantom/train", "lung-segmentation/fantom/train"]
)
def test_a_track_that_does_not_exist(train, track):
    check(train("--track", track), 2)


def test_a_track_whose_dataset_lacks_the_target(train, tmp_path, synthetic_copy):
    done = train("--track", "brixia-severity/brixia-cohen/train", "--data", synthetic_copy)
    check(done, 4, "finds no case with its target", "lung-segmentation/brixia-cohen/train")


def test_no_data(train, tmp_path):
    check(train("--track", "lung-segmentation/cohen@joint/train", "--data", tmp_path / "nowhere"), 4)
    check(train("--track", "lung-segmentation/cohen@joint/train"), 4, "--data")


def test_a_start_of_another_architecture_or_name(train, untrained):
    file = untrained / "weights.safetensors"
    check(train(*TRACK, "--start", f"={file}", changes=("network.decoder=unet",)), 1, "another architecture", str(file))
    check(train(*TRACK, "--start", f"netwerk={file}"), 2, "did you mean network")
    check(train(*TRACK, "--start", str(file)), 2, "PART=FILE")


def test_a_start_that_is_corrupt_or_absent(train, untrained):
    file = untrained / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:5000])
    check(train(*TRACK, "--start", f"={file}"), 1, "corrupt", str(file))
    check(train(*TRACK, "--start", f"={untrained / 'none.safetensors'}"), 1, "no such weight file")


@pytest.mark.parametrize(
    ("broken", "words"), [("cut", "corrupt"), ("another", "another architecture"), ("absent", "weights are absent")]
)
def test_wrong_weights_break_the_contract_of_a_submission(command, untrained, broken, words):
    file, recipe = untrained / "weights.safetensors", untrained / "recipe.yaml"
    if broken == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    if broken == "another":
        recipe.write_text(recipe.read_text("utf-8").replace("decoder: pspnet", "decoder: unet"))
    if broken == "absent":
        file.unlink()
    track = "lung-segmentation/phantom/test"
    done = command("evaluate", untrained, "--track", track, "--limit", 1, "--sandbox", "off")
    check(done, 3, words)


def test_out_of_memory_names_the_batch_that_fits(train, monkeypatch):
    compute_loss = StageModule.compute_loss

    def greedy(self, batch):
        if len(batch["image"]) > 8:
            raise torch.OutOfMemoryError
        return compute_loss(self, batch)

    monkeypatch.setattr(StageModule, "compute_loss", greedy)
    check(train(*TRACK), 1, "out of memory with batch 32", "stage lungs", "batch 8 fits")


def test_out_of_memory_on_the_cpu_is_recognised(train, monkeypatch):
    def greedy(self, batch):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(StageModule, "compute_loss", greedy)
    check(train(*TRACK), 1, "out of memory", "make input.size smaller")
