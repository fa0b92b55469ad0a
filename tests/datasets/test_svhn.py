import numpy as np
import pytest

from synthda.datasets.svhn import read
from synthda.errors import DataError

savemat = pytest.importorskip("scipy.io").savemat

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
LABELS = np.array([[10], [1], [9], [5]], dtype=np.uint8)


def write(path, **content):
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, content or {"X": PIXELS.transpose(1, 2, 3, 0), "y": LABELS}, do_compression=True)
    return path


@pytest.mark.parametrize("split", ["train", "test", "extra"])
@pytest.mark.parametrize("folder", ["", "SVHN/"])
def test_pixels_come_out_as_published_and_label_ten_means_zero(tmp_path, split, folder):
    write(tmp_path / f"{folder}{split}_32x32.mat")
    domain = read(tmp_path, split)
    assert domain.labels.tolist() == [0, 1, 9, 5]
    assert domain.classes == tuple("0123456789")
    assert np.array_equal(domain.images.read(np.arange(4)), PIXELS)


def test_another_size_is_made_by_resizing(tmp_path):
    write(tmp_path / "train_32x32.mat")
    assert read(tmp_path, "train", (28, 28)).images.shape == (4, 28, 28, 3)


def test_a_missing_data_set_says_where_to_get_it_and_where_to_put_it(tmp_path):
    with pytest.raises(DataError, match=r"ufldl\.stanford\.edu.*data root"):
        read(tmp_path, "train")


@pytest.mark.parametrize("keep", [0, 60, 400, -300])
def test_a_truncated_file_is_refused(tmp_path, keep):
    path = write(tmp_path / "train_32x32.mat")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="is damaged") as raised:
        read(tmp_path, "train")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        {"y": LABELS},
        {"X": PIXELS, "y": LABELS},
        {"X": PIXELS.transpose(1, 2, 3, 0).astype(float), "y": LABELS},
        {"X": PIXELS.transpose(1, 2, 3, 0), "y": LABELS + 1},
        {"X": PIXELS.transpose(1, 2, 3, 0), "y": LABELS[:2]},
    ],
)
def test_a_file_with_other_content_is_refused(tmp_path, content):
    write(tmp_path / "train_32x32.mat", **content)
    with pytest.raises(DataError, match="is damaged"):
        read(tmp_path, "train")
