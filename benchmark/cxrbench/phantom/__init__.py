"""The embedded default data: a synthetic thorax with known truth. Synthetic, and every page and result says so."""

from cxrbench.phantom.radiograph import COUNT, PATIENTS, VERSION, PhantomCase, phantom

__all__ = ["COUNT", "PATIENTS", "VERSION", "PhantomCase", "phantom"]
