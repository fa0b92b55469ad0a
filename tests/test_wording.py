import pytest

from synthda.wording import counted


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (0, ("photograph",), "0 photographs"),
        (1, ("photograph",), "1 photograph"),
        (2000, ("photograph",), "2,000 photographs"),
        (1, ("box", "boxes"), "1 box"),
        (2, ("box", "boxes"), "2 boxes"),
    ],
)
def test_one_thing_is_not_called_many(count, words, said):
    assert counted(count, *words) == said
