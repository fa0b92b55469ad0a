import pytest

from synthda.wording import counted, shortened, without_control


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


def test_a_name_is_drawn_at_a_length_and_without_what_no_font_has():
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
    assert shortened("a\x00\udcff\uffff\n", 9) == "a���\n"


def test_what_acts_on_a_terminal_is_shown_and_lines_and_tabs_stay():
    assert without_control("\x1b[2J\r\x9b é…\t\n") == "�[2J�� é…\t\n"
