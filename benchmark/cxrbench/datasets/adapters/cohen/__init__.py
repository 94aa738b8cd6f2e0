"""Adapter of one source, with the readers of its own files."""

from cxrbench.datasets.adapters.cohen.adapter import cohen, cohen_lungvae, cohen_volumes

__all__ = ["cohen", "cohen_lungvae", "cohen_volumes"]
