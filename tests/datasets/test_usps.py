import bz2

import numpy as np
import pytest

from synthda.datasets.usps import read
from synthda.errors import DataError


def line(label, values):
    """A line of a libsvm file: pixels from 1, written in full."""
    return f"{label} " + " ".join(f"{index}:{value:g}" for index, value in enumerate(values, 1)) + " \n"


def write(root, text, name="usps.bz2"):
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(bz2.compress(text.encode()))


def test_values_from_minus_one_to_one_become_bytes_and_label_one_means_zero(tmp_path):
    ramp = np.full(256, -1.0)
    ramp[:3] = 1, 0.2, -0.5
    write(tmp_path, line(1, ramp) + line(10, -ramp))
    domain = read(tmp_path, "train")
    assert domain.labels.tolist() == [0, 9]
    assert domain.classes == tuple("0123456789")
    images = domain.images.read(np.arange(2))
    assert images.shape == (2, 16, 16, 3)
    assert images[0, 0, :4].tolist() == [[255] * 3, [153] * 3, [64] * 3, [0] * 3]
    assert images[1, 15, 15].tolist() == [255] * 3


def test_a_value_left_out_is_zero(tmp_path):
    write(tmp_path, "3 2:1 256:-1\n4\n")
    images = read(tmp_path, "train").images.read(np.arange(2))
    assert images[0, 0, 0, 0] == images[1, 7, 7, 0] == 128
    assert images[0, 0, 1, 0] == 255
    assert images[0, 15, 15, 0] == 0


def test_the_test_split_has_its_own_file_and_a_folder_of_its_own_is_found(tmp_path):
    write(tmp_path / "USPS", line(5, np.zeros(256)), "usps.t.bz2")
    domain = read(tmp_path, "test", (28, 28))
    assert domain.images.shape == (1, 28, 28, 3)
    assert domain.name == "usps:test"


def test_a_missing_data_set_says_where_to_get_it_and_where_to_put_it(tmp_path):
    with pytest.raises(DataError, match=r"libsvmtools.*data root"):
        read(tmp_path, "train")


def test_a_truncated_file_is_refused(tmp_path):
    write(tmp_path, line(1, np.linspace(-1, 1, 256)) * 50)
    path = tmp_path / "usps.bz2"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="is damaged"):
        read(tmp_path, "train")


@pytest.mark.parametrize(
    "text", ["", "not numbers at all\n", "1 1:0.5 7\n", "1 0:0.5\n", "1 257:0.5\n", "1 1:3\n", "1 1:nan\n", "0 1:1\n"]
)
def test_a_file_of_another_kind_is_refused(tmp_path, text):
    write(tmp_path, text)
    with pytest.raises(DataError, match="is damaged"):
        read(tmp_path, "train")
