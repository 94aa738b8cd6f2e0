"""CT triage after Goncharov et al. 2020: preparing series, lungs, thresholding, severity; no torch in this part.

`prepare` brings a series to 2 x 2 mm and to the box of its lungs, `lungs` finds these without weights, `thresholding`
finds lesions by HU, `severity` measures the affected fraction. A network takes `Series.pixels` and hands its map to
`Series.restored`.
"""
