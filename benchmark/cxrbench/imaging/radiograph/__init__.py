"""Radiographs in the formats of public datasets: PNG, JPEG, TIFF, raw and DICOM files to canonical pixels."""
