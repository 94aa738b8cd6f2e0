"""The fixtures can be written to a folder, and the readers accept what they should."""

import numpy as np
import pytest
from cxrbench.errors import DataError
from cxrbench.imaging.radiograph.dicom import read_radiograph
from cxrbench.imaging.radiograph.raster import read_raster

from tests.fixtures.make_dicom import thorax
from tests.fixtures.write import write_all


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fixtures")
    return {path.relative_to(folder).as_posix(): path for path in write_all(folder)}


@pytest.mark.parametrize(
    "name", ["monochrome1-12-in-16", "monochrome2-12-in-16", "window", "voi-lut", "rle", "jpeg-2000"]
)
def test_dicom_files_of_every_form_show_the_same_chest(written, name):
    np.testing.assert_allclose(read_radiograph(written[f"dicom/{name}.dcm"]).pixels, thorax(), atol=1e-3)


@pytest.mark.parametrize("name", ["grey-8.png", "grey-16.png", "colour-alpha.png", "png-in-disguise.jpg", "cmyk.jpg"])
def test_pictures_of_every_form_show_the_same_chest(written, name):
    pixels = read_raster(written[f"raster/{name}"]).pixels
    assert np.abs(pixels - thorax()).mean() < 0.02


def test_the_truncated_radiograph_is_refused(written):
    with pytest.raises(DataError, match="cannot be decoded"):
        read_radiograph(written["dicom/cut-short.dcm"])


def test_volumes_and_tables_are_there_too(written):
    assert {"volume/flipped-anisotropic.nii.gz", "volume/metaimage.raw", "tables/brixia-v2/metadata_global_v2.csv"} <= {
        *written
    }
    assert written["tables/brixia-v2/metadata_global_v2.csv"].read_bytes().startswith(b"\xef\xbb\xbfFilename;")
