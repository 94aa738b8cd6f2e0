"""The embedded default data: a synthetic thorax with known truth, as CT and as radiograph. Every result says so.

A study is a function of a seed (`cohort`): a body (`body`, `anatomy`, `bones`, `tree`), a disease (`disease`,
`opacities`), a film of it (`projection`, `detector` or `drr`, `radiograph`) and a CT (`volume`). What counts as truth
is stated in `truth`; the committed `manifest` pins every array.
"""

from cxrbench.phantom.cohort import VERSION, Study, cohort
from cxrbench.phantom.made import make

__all__ = ["VERSION", "Study", "cohort", "make"]
