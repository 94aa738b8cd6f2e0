"""Radiographs as the field stores them: PNG, JPEG, TIFF, raw and DICOM files to canonical pixels."""
