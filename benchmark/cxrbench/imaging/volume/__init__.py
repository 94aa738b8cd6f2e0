"""CT volumes as the field stores them: NIfTI, MetaImage and DICOM series to Hounsfield units in LPS order."""
