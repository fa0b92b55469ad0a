import numpy as np
import pytest
from PIL import Image

from synthda.datasets.mnist_m import read
from synthda.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def released(root, split="train", above="mnist_m/"):
    folder = root / f"{above}mnist_m_{split}"
    folder.mkdir(parents=True)
    for number, pixels in enumerate(PIXELS):
        Image.fromarray(pixels).save(folder / f"{number:08d}.png")
    labels = folder.with_name(f"mnist_m_{split}_labels.txt")
    labels.write_text("00000002.png 5\n00000000.png 0\n00000001.png 9\n")
    return folder, labels


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("above", ["mnist_m/", ""])
def test_the_released_layout_is_read_in_the_order_of_its_labels(tmp_path, split, above):
    released(tmp_path, split, above)
    domain = read(tmp_path, split)
    assert domain.labels.tolist() == [5, 0, 9]
    assert domain.paths == ("00000002.png", "00000000.png", "00000001.png")
    assert np.array_equal(domain.images.read(np.arange(3)), PIXELS[[2, 0, 1]])


def test_twenty_eight_pixels_are_cut_from_the_middle(tmp_path):
    released(tmp_path)
    domain = read(tmp_path, "train", (28, 28))
    assert np.array_equal(domain.images.read(np.arange(3)), PIXELS[[2, 0, 1], 2:30, 2:30])
    assert domain.labels.tolist() == [5, 0, 9]
    assert domain.name == "mnist-m:train"


def test_any_other_size_is_made_by_resizing(tmp_path):
    released(tmp_path)
    assert read(tmp_path, "train", (40, 20)).images.shape == (3, 40, 20, 3)


@pytest.mark.parametrize("split", ["adapt", "dev"])
def test_the_layout_with_a_folder_per_digit_is_read(tmp_path, split):
    for digit in (3, 8):
        folder = tmp_path / "mnist_m_part" / split / str(digit)
        folder.mkdir(parents=True)
        Image.fromarray(PIXELS[digit % 3]).save(folder / "00044.webp", lossless=True)
    domain = read(tmp_path, split)
    assert domain.labels.tolist() == [3, 8]
    assert domain.paths == ("3/00044.webp", "8/00044.webp")
    assert np.array_equal(domain.images.read(np.arange(2)), PIXELS[[0, 2]])


def test_a_missing_data_set_says_where_to_get_it_and_where_to_put_it(tmp_path):
    with pytest.raises(DataError, match=r"mnist_m\.tar\.gz.*data root"):
        read(tmp_path, "train")
    with pytest.raises(DataError, match=r"mnist_m_part/dev"):
        read(tmp_path, "dev")


def test_missing_labels_are_named(tmp_path):
    _, labels = released(tmp_path)
    labels.unlink()
    with pytest.raises(DataError, match=r"mnist_m_train_labels\.txt"):
        read(tmp_path, "train")


@pytest.mark.parametrize("text", ["", "00000000.png\n", "00000000.png 11\n", "00000000.png x\n"])
def test_damaged_labels_are_refused(tmp_path, text):
    _, labels = released(tmp_path)
    labels.write_text(text)
    with pytest.raises(DataError, match="is damaged"):
        read(tmp_path, "train")


def test_a_damaged_image_is_named(tmp_path):
    folder, _ = released(tmp_path)
    (folder / "00000001.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"00000001\.png is damaged \(the file is empty; 1 of 3"):
        read(tmp_path, "train")
