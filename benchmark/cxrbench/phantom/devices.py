"""Devices on a chest radiograph, independent of the disease: ECG leads, a tracheal tube, a pacemaker.

They are sampled independently of the disease, so that no model can learn severity from them.
"""

from dataclasses import dataclass

import numpy as np

from cxrbench.phantom.chest import Chest
from cxrbench.phantom.draw import RandomStream
from cxrbench.phantom.space import Floats
from cxrbench.phantom.strands import Strands, smooth_line

Stroke = tuple[tuple[float, float], ...]
BOWL: Stroke = ((0, 0), (0, 1), (0.5, 1), (0.62, 0.75), (0.5, 0.5), (0, 0.5))
LETTERS: dict[str, tuple[Stroke, ...]] = {
    "A": (((0, 0), (0.32, 1), (0.64, 0)), ((0.12, 0.38), (0.52, 0.38))),
    "L": (((0, 1), (0, 0), (0.58, 0)),),
    "P": (BOWL,),
    "R": (BOWL, ((0.28, 0.5), (0.62, 0))),
}
"""Strokes of letters as (right, up), in units of the height of a letter."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one study.

    Attributes:
        metal: Metal parts, with the side markers.
        plastic: Plastic parts.
        names: Names of the devices (a marker is not a device).
    """

    metal: Strands
    plastic: Strands
    names: tuple[str, ...]


def make_devices(chest: Chest) -> Devices:
    """Make the devices and the side markers of one study.

    Most supine patients have ECG leads, a sixth a tracheal tube, a few patients a pacemaker.

    Args:
        chest: The chest.

    Returns:
        The devices.
    """
    draw, lying = RandomStream(chest.visit.seed, 9), chest.visit.view == "AP"
    lots = [draw.uniform() for _ in range(2)] + [RandomStream(chest.body.seed, 10).uniform()]
    metal = _make_marker(chest)
    plastic: list[Strands] = []
    names: list[str] = []
    if lots[0] < (0.7 if lying else 0.04):
        names.append("ECG leads")
        metal += _make_leads(chest, draw)
    if lying and lots[1] < 0.16:
        names.append("tracheal tube")
        plastic.append(_make_tube(chest))
    if lots[2] < 0.05:
        names.append("pacemaker")
        metal += _make_pacemaker(chest)
    return Devices(Strands.join(metal), Strands.join(plastic), tuple(names))


def _make_leads(chest: Chest, draw: RandomStream) -> list[Strands]:
    """Wires on the skin that join below the shoulder, each with an electrode."""
    top, wide = chest.apex, chest.body.width
    meet = (top - draw.between(170, 230), -118.0, draw.between(60, 110))
    strands = []
    for z, x in ((top - 40, -92), (top - 44, 96), (top - 190, 118)):
        button = (z + draw.normal(8), -112.0, x * wide + draw.normal(6))
        middle = ((z + meet[0]) / 2 + draw.normal(14), -116.0, (x + meet[2]) / 2 + draw.normal(16))
        strands.append(Strands.along(smooth_line([button, middle, meet]), 0.65))
        strands.append(_make_plate(button, 4.2))
    return [
        *strands,
        Strands.along(smooth_line([meet, (meet[0] - 60, -118, meet[2] + 30), (-20, -118, meet[2] + 70)]), 1.1),
    ]


def _make_marker(chest: Chest) -> list[Strands]:
    """Lead letters on the cassette: the side (most radiographs), and the view on half of the AP ones."""
    draw, lying = RandomStream(chest.visit.seed, 17), chest.visit.view == "AP"
    left, height, high = draw.chance(0.7), draw.between(9, 15), draw.between(292, 330)
    at = draw.between(118, 146) * (1 if left else -1)
    words = [("L" if left else "R", at)] if draw.chance(0.85) else []
    words += [("AP", -at)] if lying and draw.chance(0.5) else []
    return [
        _make_stroke(stroke, (high, start + 0.85 * height * place), height, 165.0 if lying else -165.0)
        for word, start in words
        for place, letter in enumerate(word)
        for stroke in LETTERS[letter]
    ]


def _make_stroke(stroke: Stroke, corner: tuple[float, float], height: float, depth: float) -> Strands:
    """One stroke of a letter; `corner` is the height and lateral position of its lower left corner."""
    line = [(corner[0] + height * up, depth, corner[1] + height * along) for along, up in stroke]
    return Strands.along(np.array(line), 0.08 * height).scale(4)


def _make_plate(centre: tuple[float, float, float], radius: float) -> Strands:
    """A thin round plate, as one short piece."""
    return Strands(np.array([centre]), np.array([2.2]), np.array([radius]))


def _make_tube(chest: Chest) -> Strands:
    tip = chest.hilum + 26 + 42
    line = smooth_line([(tip, 0, -1), (chest.apex, -12, 0), (chest.apex + 60, -30, 3)])
    return Strands.along(line, 1.1)


def _make_pacemaker(chest: Chest) -> list[Strands]:
    """A generator below the left clavicle and a lead to the right ventricle."""
    top, wide = chest.apex, chest.body.width
    centre = np.array([top - 72, -104.0, 92 * wide])
    turns = np.linspace(0, 2 * np.pi, 24)
    case = [centre + r * np.stack([0.8 * np.sin(turns), 0 * turns, np.cos(turns)], 1) for r in (4.0, 9.0, 14.0, 19.0)]
    lead = smooth_line(
        [
            tuple(centre),
            (top - 34, -60, 60),
            (top - 44, -20, -8),
            (chest.hilum - 20, -14, -26),
            (chest.dome + 16, -36, 34),
        ]
    )
    return [*(Strands.along(line, 2.6) for line in case), Strands.along(lead, 0.8), _make_lead_tip(lead)]


def _make_lead_tip(lead: Floats) -> Strands:
    return Strands.along(lead[-3:], 1.3)
