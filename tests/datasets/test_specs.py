import bz2
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import synthda.datasets
from synthda.datasets import DATASETS, open_domain
from synthda.datasets.domain import ArrayImages, Domain
from synthda.datasets.specs import data_root_or_default, data_set, refuse_missing
from synthda.errors import DataError, SettingError


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data root with a USPS of two digits, and a current folder that is empty."""
    (tmp_path / "root").mkdir()
    for name in ("usps.bz2", "usps.t.bz2"):
        (tmp_path / "root" / name).write_bytes(bz2.compress(b"3 1:1\n10 1:-1\n"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("SYNTHDA_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


def photograph(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (30, 20), "red").save(path)


def test_every_named_data_set_describes_itself():
    for name in DATASETS:
        found = data_set(name)
        assert found.name == name
        assert found.summary
        assert len(set(found.splits)) == len(found.splits) > 0
        assert found.where
        assert not found.where.endswith(".")


def test_a_name_alone_means_the_first_split(root):
    assert open_domain("usps").name == "usps:train"
    assert open_domain("usps:test").name == "usps:test"
    assert open_domain("usps", size=(28, 28)).images.shape == (2, 28, 28, 3)


def test_the_data_root_is_the_argument_then_the_environment_then_a_folder_named_data(root, tmp_path, monkeypatch):
    assert data_root_or_default(tmp_path) == tmp_path
    assert data_root_or_default() == root
    with pytest.raises(DataError, match="other"):
        open_domain("usps", data_root=tmp_path / "other")
    monkeypatch.delenv("SYNTHDA_DATA")
    assert str(data_root_or_default()) == "data"


def test_a_folder_of_photographs_has_a_size_of_its_own_or_the_one_asked_for(root):
    photograph(root / "photos" / "a.jpg")
    assert open_domain(str(root / "photos")).images.shape == (1, 64, 64, 3)
    assert open_domain(str(root / "photos"), size=(8, 9), fit="pad").images.shape == (1, 8, 9, 3)
    assert open_domain(str(root / "photos" / "a.jpg"), size=(8, 9)).images.shape == (1, 8, 9, 3)


def test_a_registered_name_is_the_data_set_and_a_dotted_path_the_folder(root):
    photograph(root.parent / "here" / "usps" / "a.jpg")
    assert open_domain("usps").name == "usps:train"
    assert open_domain("./usps").paths == ("a.jpg",)


def test_labels_are_dropped_on_request_and_required_on_request(root):
    photograph(root / "photos" / "a.jpg")
    dropped = open_domain("usps", labelled=False)
    assert dropped.labels.tolist() == [-1, -1]
    assert dropped.classes == ()
    assert open_domain("usps", labelled=True).labels.tolist() == [2, 9]
    with pytest.raises(DataError, match="outside of any class folder"):
        open_domain(str(root / "photos"), labelled=True)


def test_data_without_labels_is_refused_where_labels_are_required(root):
    photograph(root / "BSDS500/data/images/train/1.jpg")
    with pytest.raises(DataError, match="has no labels"):
        open_domain("bsds500", labelled=True)


def test_a_folder_with_a_manifest_is_opened_as_shards_and_resized(root, monkeypatch):
    shards = pytest.importorskip("synthda.datasets.shards")
    drawn = Domain(ArrayImages(np.zeros((2, 6, 6, 3), dtype=np.uint8)), np.array([0, 1]), ("a", "b"))
    opened = []
    monkeypatch.setattr(shards, "open_shards", lambda path: opened.append(path) or drawn)
    (root / "drawn").mkdir()
    (root / "drawn" / "domain.json").write_text("{}")
    assert open_domain(str(root / "drawn")) is drawn
    assert open_domain(str(root / "drawn" / "domain.json"), size=(4, 4)).images.shape == (2, 4, 4, 3)
    assert opened == [root / "drawn"] * 2


def test_an_unfinished_folder_says_how_to_finish_it(root):
    (root / "drawn").mkdir()
    (root / "drawn" / "domain.json.partial").write_text("{}")
    with pytest.raises(DataError, match="unfinished"):
        open_domain(str(root / "drawn"))


@pytest.mark.parametrize("spec", ["upsp", "uspss:train"])
def test_a_misspelt_data_set_gets_near_matches(root, spec):
    with pytest.raises(DataError, match="Did you mean usps"):
        open_domain(spec)


@pytest.mark.parametrize("spec", ["./photos", "/no/such/place", "photos/of/mine", "", "x" * 5000])
def test_a_missing_path_is_an_error(root, spec):
    with pytest.raises(DataError, match="There is no"):
        open_domain(spec)


@pytest.mark.parametrize("spec", ["data/product", "date/products", "./data/product", "produkts"])
def test_a_misspelt_path_gets_what_lies_beside_it(root, spec):
    for folder in ("data/products", "products"):
        photograph(root.parent / "here" / folder / "a.png")
    meant = "data/products" if "/" in spec else "products"
    with pytest.raises(DataError, match=rf"There is no file, folder or data set .* Did you mean {meant}\?"):
        open_domain(spec)
    with pytest.raises(DataError, match=rf"Did you mean {meant}\?"):
        refuse_missing(spec)
    refuse_missing("data/products")
    refuse_missing("usps:train")


def test_a_folder_of_domains_says_so_where_it_holds_no_photograph(root):
    here = root.parent / "here" / "data"
    for name in ("products", "digits"):
        (here / name).mkdir(parents=True)
        (here / name / "domain.json").write_text("{}")
        holds = "data/products is a domain; give that" if name == "products" else "data/digits and data/products are"
        with pytest.raises(DataError, match=f"data holds no image, but {holds}"):
            open_domain("data")
        with pytest.raises(DataError, match=f"data holds no image, but {holds}"):
            refuse_missing("data")
    refuse_missing("data/products")
    photograph(here / "a.png")
    assert len(open_domain("data")) == 1


def test_an_unknown_split_or_data_set_gets_near_matches(root):
    with pytest.raises(SettingError, match="Did you mean test"):
        open_domain("usps:tset")
    with pytest.raises(SettingError, match="Accepted: train, test"):
        open_domain("usps:")
    with pytest.raises(SettingError, match="Did you mean mnist"):
        data_set("minst")


def test_an_unusable_size_is_refused_before_anything_is_read(root):
    with pytest.raises(SettingError, match="height and width"):
        open_domain("usps", size=(0, 3))


def test_the_package_offers_its_public_names_and_no_others():
    for name in synthda.datasets.__all__:
        if name != "open_shards":
            assert getattr(synthda.datasets, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'pickle'"):
        _ = synthda.datasets.pickle


def test_importing_and_opening_needs_no_torch_and_no_scipy(root):
    photograph(root / "photos" / "a.jpg")
    program = (
        "import sys, synthda.datasets as d; assert 'PIL' not in sys.modules and 'numpy' not in sys.modules;"
        "d.open_domain('usps'); d.open_domain(sys.argv[1]);"
        "assert not {'torch', 'scipy', 'cv2', 'h5py'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(root / "photos")]).returncode == 0
