"""Box targets, Grad-CAM and proposals, each against a computation by hand or by scipy."""

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE
from cxrbench_baselines.systems.dlnet.proposals import compute_grad_cam, fuse_maps, make_proposals, scale_each_map
from cxrbench_baselines.systems.dlnet.refining import ProposalOptions, replace_boxes
from cxrbench_baselines.systems.dlnet.targets import blur_maps, find_known_boxes, make_target_maps
from scipy import ndimage

BOX = torch.zeros(1, 64, 64, dtype=torch.uint8)
BOX[0, 20:36, 10:30] = 1
NO, YES = torch.tensor([0]), torch.tensor([1])


def test_boxes_are_dilated_with_five_by_five_then_blurred():
    maps = make_target_maps(BOX, NO, 2.0, 64)[0].numpy()
    grown = ndimage.binary_dilation(BOX[0].numpy(), np.ones((5, 5)))
    expected = ndimage.gaussian_filter(grown.astype(float), 2.0, mode="constant", truncate=3)
    assert np.abs(maps - expected).max() < 1e-5
    assert grown.sum() == 20 * 24


def test_a_proposal_is_blurred_but_not_dilated():
    maps = make_target_maps(BOX, YES, 2.0, 64)[0].numpy()
    expected = ndimage.gaussian_filter(BOX[0].numpy().astype(float), 2.0, mode="constant", truncate=3)
    assert np.abs(maps - expected).max() < 1e-5


def test_the_target_is_averaged_down_to_the_maps():
    fine, coarse = make_target_maps(BOX, NO, 2.0, 64), make_target_maps(BOX, NO, 2.0, 8)
    assert torch.allclose(coarse, fine.reshape(1, 8, 8, 8, 8).mean((2, 4)), atol=1e-6)


def test_no_box_gives_an_empty_target_unlike_unknown_boxes():
    empty, unknown = torch.zeros_like(BOX), torch.full_like(BOX, IGNORE)
    assert not make_target_maps(empty, NO, 2.0, 8).any()
    assert not make_target_maps(unknown, NO, 2.0, 8).any()
    assert find_known_boxes(torch.cat([BOX, empty, unknown])).tolist() == [True, True, False]


def test_a_blur_keeps_the_area_far_from_the_edge():
    blurred = blur_maps(BOX[:, None].float(), 2.0)
    assert blurred.sum().item() == pytest.approx(BOX.sum().item(), rel=1e-4)


def test_grad_cam_by_hand():
    activation = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])
    gradient = torch.tensor([[[[2.0, 0.0]], [[-1.0, 0.0]]]])  # means 1 and -0.5
    assert torch.equal(compute_grad_cam(activation, gradient), torch.tensor([[[0.0, 2.5]]]))


def test_two_levels_are_fused_by_their_largest_value():
    coarse, fine = torch.zeros(1, 2, 2), torch.zeros(1, 4, 4)
    coarse[0, 0, 0], fine[0, 3, 3] = 1, 100
    fused = fuse_maps((fine, coarse), 64)[0]
    assert fused.min() == 0
    assert fused.max() == 1
    assert fused[4, 4] > 0.9  # neither level outweighs the other
    assert fused[60, 60] > 0.9
    assert fused[4, 60] < 0.1


def test_a_constant_map_is_scaled_to_zero():
    assert not scale_each_map(torch.full((2, 3, 3), 4.0)).any()


class ToyNetwork(torch.nn.Module):
    """A network whose maps are the brightness of the image, and whose logit is the mean of its third channel."""

    def forward(self, image):
        from cxrbench_baselines.systems.dlnet.network import DLNetOutput

        act28 = torch.nn.functional.avg_pool2d(image[:, :1], 16)
        act14 = torch.nn.functional.avg_pool2d(image[:, :1], 32)
        up = torch.nn.functional.interpolate(act14, scale_factor=2.0)
        return DLNetOutput(image[:, 2].mean((1, 2)), (act28 + up).relu(), act28, act14)


def bright(place, logit):
    """An image `[3, 64, 64]` with one bright corner and a given logit of the toy network."""
    image = torch.zeros(3, 64, 64)
    image[0, :32, place : place + 32] = 1
    image[2] = logit
    return image


def test_a_proposal_is_the_bright_part_of_the_box():
    image = bright(0, 2.0)[None]
    wide = torch.zeros(1, 64, 64, dtype=torch.uint8)
    wide[0, 4:60, 4:60] = 1
    masks, probability = make_proposals(ToyNetwork(), image, wide, 0.4)
    assert probability.item() == pytest.approx(1 / (1 + np.exp(-2)))
    assert masks[0, 8:24, 8:24].all()
    assert not masks[0, 44:, 44:].any()
    assert not (masks[0] & ~wide[0] & 1).any()
    assert make_proposals(ToyNetwork(), image, torch.zeros_like(wide), 0.4)[0].sum() == 0


class ToySystem:
    """The parts of a system that the proposals need."""

    def __init__(self):
        from cxrbench_baselines.recipe import InputSpec

        self.dlnet, self.input, self.device = ToyNetwork(), InputSpec(size=64, channels=3), torch.device("cpu")

    def eval(self):
        return self


class Examples:
    def __init__(self, findings):
        box = np.zeros((64, 64), np.uint8)
        box[4:60, 4:60] = 1
        radiograph = np.full((64, 64), 200, np.uint8)
        radiograph[:32, :32] = 255
        self.examples = [
            {
                "image": radiograph,
                "boxes": box * finding,
                "finding": np.array(finding, np.float32),
            }
            for finding in findings
        ]


RULE = ProposalOptions(certain=0.6)


def test_only_half_of_the_certain_positives_get_proposals():
    examples = Examples([1] * 8 + [0] * 8)
    replace_boxes(ToySystem(), ToyNetwork(), examples, RULE, seed=0)
    marks = [int(example["refined"]) for example in examples.examples]
    assert sum(marks[:8]) == 4
    assert not any(marks[8:])
    again = Examples([1] * 8 + [0] * 8)
    replace_boxes(ToySystem(), ToyNetwork(), again, RULE, seed=0)
    assert [int(example["refined"]) for example in again.examples] == marks


def test_no_image_below_the_limit_gets_a_proposal():
    for rule in (ProposalOptions(certain=0.9), None):
        examples = Examples([1] * 4)
        replace_boxes(ToySystem(), ToyNetwork(), examples, rule, seed=0)
        assert [int(example["refined"]) for example in examples.examples] == [0] * 4
        assert all(example["boxes"].sum() == 56 * 56 for example in examples.examples)
