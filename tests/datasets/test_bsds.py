import pytest
from PIL import Image

from synthda.datasets.bsds import photo_paths, read
from synthda.errors import DataError


def lay_out(root, above="BSDS500/"):
    for split, names in {"train": ("2", "10"), "val": ("3",), "test": ("4", "5")}.items():
        folder = root / f"{above}data/images/{split}"
        folder.mkdir(parents=True)
        for name in names:
            Image.new("RGB", (48, 32) if name == "2" else (32, 48), "green").save(folder / f"{name}.jpg")
        (folder / "Thumbs.db").write_bytes(b"left by a file manager")


@pytest.mark.parametrize("above", ["BSDS500/", "BSR/BSDS500/"])
def test_the_photographs_of_a_split_are_found_in_order(tmp_path, above):
    lay_out(tmp_path, above)
    assert [path.name for path in photo_paths(tmp_path, "train")] == ["10.jpg", "2.jpg"]
    assert {path.parent.name for path in photo_paths(tmp_path, "test")} == {"test"}


def test_photographs_either_way_up_become_images_of_one_size(tmp_path):
    lay_out(tmp_path)
    domain = read(tmp_path, "train", (16, 24), "crop")
    assert domain.images.shape == (2, 16, 24, 3)
    assert domain.classes == ()
    assert not domain.labelled
    assert domain.paths == ("10.jpg", "2.jpg")
    assert read(tmp_path, "val").images.shape == (1, 64, 64, 3)


def test_a_missing_data_set_says_where_to_get_it_and_where_to_put_it(tmp_path):
    with pytest.raises(DataError, match=r"BSR_bsds500\.tgz.*data root"):
        read(tmp_path, "train")


def test_a_folder_without_photographs_is_a_missing_data_set(tmp_path):
    (tmp_path / "BSDS500/data/images/train").mkdir(parents=True)
    with pytest.raises(DataError, match=r"BSR_bsds500\.tgz"):
        photo_paths(tmp_path, "train")
