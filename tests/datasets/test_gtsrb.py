import numpy as np
import pytest
from PIL import Image

from synthda.datasets.gtsrb import CLASSES, SIGN_NAMES, read
from synthda.errors import DataError

COLUMNS = "Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"


def frame(path, level=200):
    """40 wide, 20 high: black, but for a sign of one grey level at x 10…30, y 5…15."""
    array = np.zeros((20, 40, 3), dtype=np.uint8)
    array[5:15, 10:30] = level
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def official_train(root, above="GTSRB/Final_Training/Images"):
    """Two frames of each of two classes, and the folders of all."""
    for label, name in enumerate(CLASSES):
        lines = [f"Filename;{COLUMNS}"]
        (root / above / name).mkdir(parents=True)
        for track in range(2 if label in (0, 14) else 0):
            frame(root / above / name / f"{track:05d}_00000.ppm")
            lines.append(f"{track:05d}_00000.ppm;40;20;10;5;30;15;{label}")
        (root / above / name / f"GT-{name}.csv").write_text("\n".join(lines) + "\n")
    return root / above


def compact_train(root, line="00014/00000_00000.png;400;200;100;50;300;150;14"):
    frame(root / "gtsrb/train/00014/00000_00000.png")
    (root / "gtsrb/train.csv").write_text(f"Path;{COLUMNS}\n{line}\n")


def test_there_are_43_classes_each_with_a_name_to_read():
    assert len(CLASSES) == len(set(SIGN_NAMES)) == 43
    assert CLASSES[14] == "00014"
    read_as = {0: "speed limit 20", 8: "speed limit 120", 13: "give way", 14: "stop", 17: "no entry", 25: "road works"}
    read_as |= {33: "turn right ahead", 38: "keep right", 40: "roundabout", 42: "end of no passing over 3.5 t"}
    assert {number: SIGN_NAMES[number] for number in read_as} == read_as


@pytest.mark.parametrize("above", ["GTSRB/Final_Training/Images", "gtsrb/GTSRB/Training"])
def test_the_official_layout_is_read_with_its_tracks_in_the_paths(tmp_path, above):
    official_train(tmp_path, above)
    domain = read(tmp_path, "train", (20, 40))
    assert domain.classes == CLASSES
    assert domain.labels.tolist() == [0, 0, 14, 14]
    assert domain.paths[2] == "00014/00000_00000.ppm"
    images = domain.images.read(np.arange(4))
    assert images.shape == (4, 20, 40, 3)
    assert images[0, 10, 20, 0] == 200
    assert images[0, 0, 0, 0] == 0


def test_a_class_folder_that_an_unpacking_did_not_reach_is_told(tmp_path):
    folder = official_train(tmp_path)
    (folder / "00042/GT-00042.csv").unlink()
    (folder / "00042").rmdir()
    with pytest.raises(DataError, match=r"class folder 00042 is missing; remove it, and unpack"):
        read(tmp_path, "train")


def test_the_roi_split_shows_only_the_sign(tmp_path):
    official_train(tmp_path)
    images = read(tmp_path, "train-roi", (10, 20)).images.read(np.arange(4))
    assert (images == 200).all()


def test_a_rescaled_frame_is_cut_by_the_fractions_of_its_roi(tmp_path):
    compact_train(tmp_path)
    domain = read(tmp_path, "train-roi", (10, 20))
    assert domain.labels.tolist() == [14]
    assert (domain.images.read(np.arange(1)) == 200).all()
    assert read(tmp_path, "train").images.shape == (1, 40, 40, 3)


@pytest.mark.parametrize("listing", ["GTSRB/GT-final_test.csv", "GT-final_test.csv"])
def test_the_official_test_set_is_read_with_its_classes(tmp_path, listing):
    frame(tmp_path / "GTSRB/Final_Test/Images/00000.ppm")
    frame(tmp_path / "GTSRB/Final_Test/Images/00001.ppm")
    lines = "00000.ppm;40;20;10;5;30;15;16\n00001.ppm;40;20;10;5;30;15;1\n"
    (tmp_path / listing).write_text(f"Filename;{COLUMNS}\n{lines}")
    assert read(tmp_path, "test", (8, 8)).labels.tolist() == [16, 1]
    assert len(read(tmp_path, "test-roi", (8, 8))) == 2


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_data_set_says_where_to_get_it_and_where_to_put_it(tmp_path, split):
    with pytest.raises(DataError, match=r"benchmark\.ini\.rub\.de.*data root"):
        read(tmp_path, split)


def test_a_missing_list_is_named(tmp_path):
    (official_train(tmp_path) / "00014/GT-00014.csv").unlink()
    with pytest.raises(DataError, match=r"GT-00014\.csv"):
        read(tmp_path, "train")


@pytest.mark.parametrize(
    "line",
    [
        "00014/00000_00000.png;400;200;100",
        "00014/00000_00000.png;400;200;100;50;300;150;43",
        "00014/00000_00000.png;400;200;100;50;500;150;14",
        "00014/00000_00000.png;w;200;100;50;300;150;14",
    ],
)
def test_a_damaged_list_is_refused(tmp_path, line):
    compact_train(tmp_path, line)
    with pytest.raises(DataError, match=r"train\.csv is damaged"):
        read(tmp_path, "train")


def test_a_list_of_bytes_is_refused(tmp_path):
    compact_train(tmp_path)
    (tmp_path / "gtsrb/train.csv").write_bytes(b"\0\xff" * 200_000)
    with pytest.raises(DataError, match="is damaged"):
        read(tmp_path, "train")


def test_one_damaged_or_missing_frame_is_named(tmp_path):
    folder = official_train(tmp_path)
    path = folder / "00014/00001_00000.ppm"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"00001_00000\.ppm is damaged.*1 of 4"):
        read(tmp_path, "train")
    path.unlink()
    with pytest.raises(DataError, match=r"00001_00000\.ppm.*1 of 4"):
        read(tmp_path, "train")
