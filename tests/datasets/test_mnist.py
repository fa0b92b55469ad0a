import gzip
import struct

import numpy as np
import pytest

from synthda.datasets.mnist import MNIST, read
from synthda.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
LABELS = np.array([7, 0, 9, 1, 1], dtype=np.uint8)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def lay_out(root, *, folder="MNIST/raw", prefix="train", zipped=False, images=PIXELS, labels=LABELS):
    (root / folder).mkdir(parents=True, exist_ok=True)
    for kind, array in ((f"{prefix}-images-idx3-ubyte", images), (f"{prefix}-labels-idx1-ubyte", labels)):
        path = root / folder / (kind + ".gz" * zipped)
        path.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    return root / folder


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("folder", ["MNIST/raw", "raw", "."])
def test_pixels_and_labels_come_out_as_they_were_published(tmp_path, folder, zipped):
    lay_out(tmp_path, folder=folder, zipped=zipped)
    domain = read(tmp_path, "train")
    assert domain.classes == tuple("0123456789")
    assert domain.labels.tolist() == LABELS.tolist()
    assert domain.name == "mnist:train"
    images = domain.images.read(np.arange(5))
    assert all(np.array_equal(images[..., channel], PIXELS) for channel in range(3))


def test_the_test_split_has_its_own_files(tmp_path):
    lay_out(tmp_path)
    lay_out(tmp_path, prefix="t10k", images=PIXELS[:2], labels=LABELS[:2])
    assert len(read(tmp_path, "test")) == 2


def test_another_size_is_made_by_resizing(tmp_path):
    lay_out(tmp_path)
    assert read(tmp_path, "train", (32, 40)).images.shape == (5, 32, 40, 3)


def test_a_missing_data_set_says_where_to_get_it_and_where_to_put_it(tmp_path):
    with pytest.raises(DataError, match=r"yann\.lecun\.com.*MNIST/raw.*SYNTHDA_DATA"):
        read(tmp_path, "train")
    assert not MNIST.is_in(tmp_path)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_truncated_file_is_refused(tmp_path, zipped):
    folder = lay_out(tmp_path, zipped=zipped)
    path = next(folder.glob("*images*"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="is damaged"):
        read(tmp_path, "train")


def test_a_file_of_another_kind_is_refused(tmp_path):
    folder = lay_out(tmp_path)
    (folder / "train-labels-idx1-ubyte").write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match="no idx header"):
        read(tmp_path, "train")


def test_images_and_labels_of_different_length_are_refused(tmp_path):
    lay_out(tmp_path, labels=LABELS[:3])
    with pytest.raises(DataError, match="5 images but 3 labels"):
        read(tmp_path, "train")


def test_a_label_beyond_nine_is_refused(tmp_path):
    lay_out(tmp_path, labels=LABELS + 5)
    with pytest.raises(DataError, match="no digit"):
        read(tmp_path, "train")
