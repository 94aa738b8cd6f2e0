"""Box targets, Grad-CAM and the refinement, each against a computation by hand or by scipy."""

import numpy as np
import pytest
import torch
from cxrbench.case import IGNORE
from cxrbench_baselines.systems.dlnet.proposals import fused, grad_cam, proposals, unit
from cxrbench_baselines.systems.dlnet.refining import Proposals, refined
from cxrbench_baselines.systems.dlnet.targets import blurred, known, target
from scipy import ndimage

BOX = torch.zeros(1, 64, 64, dtype=torch.uint8)
BOX[0, 20:36, 10:30] = 1
NO, YES = torch.tensor([0]), torch.tensor([1])


def test_boxes_are_dilated_with_five_by_five_then_blurred():
    found = target(BOX, NO, 2.0, 64)[0].numpy()
    grown = ndimage.binary_dilation(BOX[0].numpy(), np.ones((5, 5)))
    wanted = ndimage.gaussian_filter(grown.astype(float), 2.0, mode="constant", truncate=3)
    assert np.abs(found - wanted).max() < 1e-5
    assert grown.sum() == 20 * 24


def test_a_proposal_is_blurred_but_not_dilated():
    found = target(BOX, YES, 2.0, 64)[0].numpy()
    wanted = ndimage.gaussian_filter(BOX[0].numpy().astype(float), 2.0, mode="constant", truncate=3)
    assert np.abs(found - wanted).max() < 1e-5


def test_the_target_comes_down_to_the_maps_by_the_mean_of_each_cell():
    fine, coarse = target(BOX, NO, 2.0, 64), target(BOX, NO, 2.0, 8)
    assert torch.allclose(coarse, fine.reshape(1, 8, 8, 8, 8).mean((2, 4)), atol=1e-6)


def test_no_box_gives_an_empty_target_and_unknown_boxes_are_told_apart():
    empty, unknown = torch.zeros_like(BOX), torch.full_like(BOX, IGNORE)
    assert not target(empty, NO, 2.0, 8).any()
    assert not target(unknown, NO, 2.0, 8).any()
    assert known(torch.cat([BOX, empty, unknown])).tolist() == [True, True, False]


def test_a_blur_keeps_the_area_of_what_is_far_from_the_edge():
    found = blurred(BOX[:, None].float(), 2.0)
    assert found.sum().item() == pytest.approx(BOX.sum().item(), rel=1e-4)


def test_grad_cam_by_hand():
    activation = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])
    gradient = torch.tensor([[[[2.0, 0.0]], [[-1.0, 0.0]]]])  # means 1 and -0.5
    assert torch.equal(grad_cam(activation, gradient), torch.tensor([[[0.0, 2.5]]]))


def test_two_levels_are_fused_by_their_largest_value():
    coarse, fine = torch.zeros(1, 2, 2), torch.zeros(1, 4, 4)
    coarse[0, 0, 0], fine[0, 3, 3] = 1, 100
    found = fused((fine, coarse), 64)[0]
    assert found.min() == 0
    assert found.max() == 1
    assert found[4, 4] > 0.9  # neither level outweighs the other
    assert found[60, 60] > 0.9
    assert found[4, 60] < 0.1


def test_unit_of_a_constant_map_is_nothing():
    assert not unit(torch.full((2, 3, 3), 4.0)).any()


class Toy(torch.nn.Module):
    """A network whose maps see where the image is bright, whose probability is its third channel's mean."""

    def forward(self, image):
        from cxrbench_baselines.systems.dlnet.network import Seen

        act28 = torch.nn.functional.avg_pool2d(image[:, :1], 16)
        act14 = torch.nn.functional.avg_pool2d(image[:, :1], 32)
        up = torch.nn.functional.interpolate(act14, scale_factor=2.0)
        return Seen(image[:, 2].mean((1, 2)), (act28 + up).relu(), act28, act14)


def bright(place, logit):
    """An image `[3, 64, 64]` with one bright corner, and the logit that the toy gives it."""
    image = torch.zeros(3, 64, 64)
    image[0, :32, place : place + 32] = 1
    image[2] = logit
    return image


def test_a_proposal_is_the_bright_part_of_the_box():
    image = bright(0, 2.0)[None]
    wide = torch.zeros(1, 64, 64, dtype=torch.uint8)
    wide[0, 4:60, 4:60] = 1
    found, probability = proposals(Toy(), image, wide, 0.4)
    assert probability.item() == pytest.approx(1 / (1 + np.exp(-2)))
    assert found[0, 8:24, 8:24].all()
    assert not found[0, 44:, 44:].any()
    assert not (found[0] & ~wide[0] & 1).any()
    assert proposals(Toy(), image, torch.zeros_like(wide), 0.4)[0].sum() == 0


class Given:
    """What of a system the refinement needs."""

    def __init__(self):
        from cxrbench_baselines.recipe import Input

        self.dlnet, self.given, self.device = Toy(), Input(size=64, channels=3), torch.device("cpu")

    def eval(self):
        return self


class Examples:
    def __init__(self, findings):
        box = np.zeros((64, 64), np.uint8)
        box[4:60, 4:60] = 1
        film = np.full((64, 64), 200, np.uint8)
        film[:32, :32] = 255
        self.examples = [
            {
                "image": film,
                "boxes": box * finding,
                "finding": np.array(finding, np.float32),
            }
            for finding in findings
        ]


RULE = Proposals(certain=0.6)


def test_half_of_the_sure_positives_get_proposals_and_nobody_else():
    examples = Examples([1] * 8 + [0] * 8)
    refined(Given(), examples, RULE, seed=0)
    marks = [int(one["refined"]) for one in examples.examples]
    assert sum(marks[:8]) == 4
    assert not any(marks[8:])
    again = Examples([1] * 8 + [0] * 8)
    refined(Given(), again, RULE, seed=0)
    assert [int(one["refined"]) for one in again.examples] == marks


def test_nobody_gets_a_proposal_below_the_limit_or_without_a_rule():
    for rule in (Proposals(certain=0.9), None):
        examples = Examples([1] * 4)
        refined(Given(), examples, rule, seed=0)
        assert [int(one["refined"]) for one in examples.examples] == [0] * 4
        assert all(one["boxes"].sum() == 56 * 56 for one in examples.examples)
