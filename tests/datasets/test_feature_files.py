"""Feature files of every kind come in alike, and what is wrong with one is said in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csr_matrix, issparse, save_npz

from synthda.datasets.feature_files import FeatureTable, read_features
from synthda.errors import DataError

ROWS = np.array([[1.0, 0, 2.5], [0, 0, 0], [0, 3, 0]])


def one(path: Path) -> FeatureTable:
    return read_features([path])[0]


def dense(table: FeatureTable) -> Any:
    return table.features.toarray() if issparse(table.features) else table.features


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("names", [("features", "labels"), ("X", "y"), ("fts", "labels")])
def test_npz_and_mat_by_the_names_in_use(tmp_path: Path, names: tuple[str, str]) -> None:
    content = {names[0]: ROWS, names[1]: np.array([3, 1, 3], np.uint8)}
    np.savez(tmp_path / "a.npz", **content)
    savemat(tmp_path / "a.mat", content)
    for table in read_features([tmp_path / "a.npz", tmp_path / "a.mat"]):
        np.testing.assert_array_equal(table.features, ROWS)
        assert table.required_labels().tolist() == [3, 1, 3]


def test_labels_may_be_words(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=ROWS, y=np.array(["cup", "pen", "cup"]))
    assert one(tmp_path / "a.npz").required_labels().tolist() == ["cup", "pen", "cup"]


def test_sparse_rows_stay_sparse_from_npz_and_mat(tmp_path: Path) -> None:
    save_npz(tmp_path / "a.npz", csr_matrix(ROWS))
    savemat(tmp_path / "a.mat", {"fts": csr_matrix(ROWS), "labels": [1, 2, 1]})
    for table in read_features([tmp_path / "a.npz", tmp_path / "a.mat"]):
        assert issparse(table.features)
        np.testing.assert_array_equal(dense(table), ROWS)


def test_without_labels_a_file_may_be_a_target_and_no_source(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=ROWS)
    with pytest.raises(DataError, match="has no labels; add an array named labels or y"):
        one(tmp_path / "a.npz").required_labels()


def test_svmlight_from_0_or_from_1_is_told_by_all_files_together_and_filled_up_to_the_widest(tmp_path: Path) -> None:
    from_0 = [written(tmp_path / "a.svmlight", "1 0:2 2:5\n-1 1:1\n"), written(tmp_path / "b.svmlight", "1 1:7\n1\n")]
    first, second = read_features(from_0)
    np.testing.assert_array_equal(dense(first), [[2, 0, 5], [0, 1, 0]])
    np.testing.assert_array_equal(dense(second), [[0, 7, 0], [0, 0, 0]])
    assert first.required_labels().tolist() == [1, -1]
    from_1 = one(written(tmp_path / "c.libsvm", "0 1:2 3:5\n2 2:1 # a comment\n"))
    np.testing.assert_array_equal(dense(from_1), [[2, 0, 5], [0, 1, 0]])


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.svmlight", "1 0:2\n1 x:3\n", "cannot be read"),
        ("a.svmlight", "1 0:2\n-1 1:nan\n", "1 values that are NaN or infinite"),
        ("a.svmlight", "", "at least 2 rows"),
        ("a.svmlight", "1 99999999:2\n1 1:1\n", "is it damaged"),
        ("a.mat", "no matrix", "cannot be read"),
        ("a.npz", "no archive", "cannot be read"),
        ("a.csv", "1,2", "is no file of features; accepted are"),
    ],
)
def test_damaged_and_foreign_files_are_one_sentence(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        one(written(tmp_path / name, text))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"pixels": ROWS}, "it has pixels"),
        ({f"a{number}": ROWS for number in range(9)}, r"it has a0, a1, a2, a3, a4, a5, a6, a7 …\.$"),
        ({"X": ROWS[0]}, r"float64 \(3,\); numbers in rows"),
        ({"X": np.array([["a"], ["b"]])}, "numbers in rows"),
        ({"X": np.full((2, 2), np.inf)}, "4 values that are NaN or infinite"),
        ({"X": np.array([{}], dtype=object)}, "cannot be read"),
        ({"X": np.zeros((3, 0))}, "at least 2 rows of 1 feature"),
    ],
)
def test_arrays_that_are_no_features_are_one_sentence(tmp_path: Path, content: dict[str, Any], sentence: str) -> None:
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(DataError, match=sentence):
        one(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [(np.arange(2), "3 numbers or words, one a row"), (np.array([0, 1, np.nan]), "no whole numbers")],
)
def test_labels_are_checked_where_they_are_read_and_not_those_of_a_target(
    tmp_path: Path, labels: Any, sentence: str
) -> None:
    np.savez(tmp_path / "a.npz", X=ROWS, y=labels)
    target = one(tmp_path / "a.npz")
    with pytest.raises(DataError, match=sentence):
        target.required_labels()


@pytest.mark.parametrize("kind", ["csr", "csc"])
def test_a_sparse_matrix_whose_indices_lead_nowhere_is_refused(tmp_path: Path, kind: str) -> None:
    """Of columns, before they become rows: that conversion trusts its indices."""
    shape = (2, 3) if kind == "csr" else (3, 2)
    parts = {"indices": np.array([7]), "indptr": np.array([0, 1, 1]), "data": np.ones(1), "shape": np.array(shape)}
    np.savez(tmp_path / "a.npz", format=np.array(kind.encode()), **parts)
    with pytest.raises(DataError, match=r"damaged|cannot be read"):
        one(tmp_path / "a.npz")


def test_a_missing_file_and_files_of_two_widths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*a\.npz"):
        one(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", X=ROWS)
    np.savez(tmp_path / "b.npz", X=ROWS[:, :2])
    with pytest.raises(DataError, match=r"3 features a row .* 2; give files of one feature space"):
        read_features([tmp_path / "a.npz", tmp_path / "b.npz"])
    wider = written(tmp_path / "c.svmlight", "1 0:2 5:5\n-1 1:1\n")
    with pytest.raises(DataError, match="one feature space"):
        read_features([tmp_path / "a.npz", wider])
    narrower = written(tmp_path / "d.svmlight", "1 0:2\n-1 1:1\n")
    assert read_features([tmp_path / "a.npz", narrower])[1].features.shape == (2, 3)
