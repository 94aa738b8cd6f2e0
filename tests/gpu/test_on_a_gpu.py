"""Training, prediction and speed of the baselines on an accelerator. Run with -m gpu."""

import json

import pytest
import torch
from cxrbench_baselines.recipe import list_recipes, load_recipe
from cxrbench_baselines.systems import systems

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
RADIOGRAPHS = [name for name in list_recipes() if load_recipe(name).input.spacing is None]
TINY = ("--set", "input.size=64", "--set", "network.encoder=efficientnet-b0", "--set", "network.pretrained=none")


def test_a_network_trains_in_mixed_precision_and_predicts(command, tmp_path):
    track = ("--track", "lung-segmentation/phantom/train")
    short = ("--set", "stages.lungs.epochs=2", "--set", "stages.lungs.batch=16")
    done = command("train", "lung-fpn", *track, *TINY, *short, "--device", "cuda", "--out", tmp_path / "gpu")
    assert done.code == 0, done.err
    submission, test = tmp_path / "gpu" / "submission.py", ("--track", "lung-segmentation/phantom/test")
    done = command("evaluate", submission, *test, "--limit", "8", "--device", "cuda", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["cost"]["device"].startswith("cuda")


@pytest.mark.parametrize("size", [1, 32])
@pytest.mark.parametrize("name", RADIOGRAPHS)
def test_images_per_second(name, size, capsys):
    """The network alone, bfloat16, channels last, at its own size: images per second, and the fraction of the peak."""
    recipe = load_recipe(name, ("network.pretrained=none",))
    system = systems[recipe.system](recipe).eval().to("cuda", memory_format=torch.channels_last)
    shape = (size, recipe.input.channels, recipe.input.size, recipe.input.size)
    batch = torch.rand(shape, device="cuda").contiguous(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
        seconds = time_call(lambda: system(batch))
        flops = count_operations(lambda: system(batch))
    with capsys.disabled():
        share = flops / seconds / measure_peak()
        print(f"\n{name} batch {size}: {size / seconds:.1f} images/s, {share:.1%} of the measured matrix product")
    assert seconds > 0


def time_call(run, rounds=10):
    """Seconds per call, after warming up."""
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(rounds):
        run()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000 / rounds


def count_operations(run):
    """Floating-point operations of one call, as torch counts them."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def measure_peak():
    """Operations per second of a large bfloat16 matrix product on this device."""
    side = 8192
    left, right = (torch.rand(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / time_call(lambda: left @ right)
