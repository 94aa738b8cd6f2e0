"""Danilov et al. 2022: lungs first, then opacities in them, then a score of six segments (see each module)."""

from cxrbench_baselines.systems.danilov import disease, lungs

__all__ = ["disease", "lungs"]
