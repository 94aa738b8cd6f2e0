"""The embedded default data: a synthetic thorax with known truth, as CT and as radiograph; every result says so.

A study is a function of a seed (`cohort`): a body (`body`, `anatomy`, `bones`, `tree`), a disease (`disease`,
`opacities`), a radiograph (`projection`, `detector` or `drr`, `radiograph`) and a CT (`volume`). The rules of the
ground truth are in `truth`. The committed `manifest` has the hash of every array, and `store` keeps generated studies.
"""
