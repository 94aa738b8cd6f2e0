"""CT volumes in the formats of public datasets: NIfTI, MetaImage and DICOM series to Hounsfield units in LPS order."""
