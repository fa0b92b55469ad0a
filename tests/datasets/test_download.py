import sys
import types

import pytest

from synthda.datasets import DATASETS
from synthda.datasets.download import FETCHED, download
from synthda.datasets.specs import data_set
from synthda.errors import DataError, SettingError


@pytest.fixture
def fetched(monkeypatch):
    """Calls that would have gone to torchvision."""
    calls = []

    def fetch(root, **arguments):
        calls.append((root, arguments))

    stand_in = types.ModuleType("torchvision")
    stand_in.datasets = types.SimpleNamespace(**{class_name: fetch for class_name, _ in FETCHED.values()})
    monkeypatch.setitem(sys.modules, "torchvision", stand_in)
    return calls


def test_what_calls_itself_downloadable_is_what_can_be_fetched():
    assert {name for name in DATASETS if data_set(name).downloadable} == set(FETCHED)


@pytest.mark.parametrize("name", sorted(FETCHED))
def test_each_part_is_fetched_into_the_data_root(tmp_path, fetched, name):
    download(name, tmp_path / "new")
    assert [root for root, _ in fetched] == [str(tmp_path / "new")] * 2
    assert all(arguments["download"] for _, arguments in fetched)


def test_a_data_set_to_get_by_hand_says_where(tmp_path):
    with pytest.raises(DataError, match=r"bsds500 cannot be downloaded.*BSR_bsds500\.tgz"):
        download("bsds500", tmp_path)


def test_an_unknown_data_set_gets_near_matches(tmp_path):
    with pytest.raises(SettingError, match="Did you mean mnist"):
        download("minst", tmp_path)


@pytest.mark.parametrize("error", [RuntimeError("Error downloading\nall mirrors."), OSError("no route to host")])
def test_a_failed_download_says_where_to_get_the_files_by_hand(tmp_path, monkeypatch, fetched, error):
    def fail(root, **arguments):
        raise error

    monkeypatch.setattr(sys.modules["torchvision"].datasets, "USPS", fail)
    with pytest.raises(DataError, match=r"could not be downloaded.*libsvmtools") as raised:
        download("usps", tmp_path)
    assert "\n" not in str(raised.value)
