"""No command writes over what it reads, and each still writes its own result again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from synthda.cli.overwriting import refuse_to_overwrite
from synthda.errors import SettingError


def test_a_file_that_is_read_is_kept_under_any_name_and_other_files_may_be_replaced(tmp_path: Path) -> None:
    model, folder = tmp_path / "model.onnx", tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for path in (model, folder / "below" / "a.JPG", folder / "found.csv", tmp_path / "sheet.png"):
        path.touch()
    (tmp_path / "link.csv").symlink_to(model)
    read = {"the model": model, "one of the photographs": folder, "the file of the boxes": None}
    for lost in (model, tmp_path / "photos" / ".." / "model.onnx", tmp_path / "link.csv"):
        with pytest.raises(SettingError, match=r"--out .* is the model, which would be lost; give --out another name"):
            refuse_to_overwrite(read, {"--out": lost})
    with pytest.raises(SettingError, match=r"--sheet .*a\.JPG is one of the photographs"):
        refuse_to_overwrite(read, {"--out": None, "--sheet": folder / "below" / "a.JPG"})
    with pytest.raises(SettingError, match=r"new\.png would lie in .*photos and be read as one of the photographs the"):
        refuse_to_overwrite(read, {"--sheet": folder / "new.png"})
    refuse_to_overwrite(read, {"--out": folder / "found.csv", "--sheet": tmp_path / "sheet.png"})


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("predict", "model.onnx", "greys", "--sheet", "greys/dark/0.png"), "--sheet greys/dark/0.png is one of the"),
        (("inspect", "greys", "--sheet", "greys/sheet.png"), "would lie in greys and be read as one of the images"),
        (("evaluate", "model.onnx", "--data", "greys", "--by", "x", "--plot", "model.onnx"), "no name of a picture"),
        (
            ("inspect", "greys", "--sheet", "sheet.jpg"),
            "--sheet sheet.jpg is no name of a picture; give one that ends in",
        ),
        (("predict", "model.onnx", "greys", "--sheet", "s.txt"), "--sheet s.txt is no name of a picture"),
        (("preview", "stripes", "--out", "stripes"), "--out stripes is no name of a picture"),
        (("report", "model.onnx", "--out", "model.onnx"), "--out model.onnx is no name of a page; give one that ends"),
    ],
)
def test_each_command_keeps_what_it_reads(synthda, brightness_model, grey_photos, tmp_path, command, said):
    photograph = tmp_path / "greys" / "dark" / "0.png"
    kept = brightness_model.read_bytes(), photograph.read_bytes()
    failed = synthda(*command)
    assert failed.code == 2
    assert said in failed.err
    assert kept == (brightness_model.read_bytes(), photograph.read_bytes())
    Image.open(photograph).load()
