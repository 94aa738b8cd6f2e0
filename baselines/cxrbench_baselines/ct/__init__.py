"""CT triage after Goncharov et al. 2020: preparing series, lungs, thresholding, severity; no torch in this part.

`rescaling` brings slices to 2 x 2 mm, `lungs` finds the lungs without weights, `prepare` crops a series to them,
`thresholding` finds lesions by HU, `severity` measures the affected fraction. A network takes `Series.pixels` and gives
its map to `Series.restored`.
"""
