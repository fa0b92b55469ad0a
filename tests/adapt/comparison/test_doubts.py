"""What is said against the order of rows."""

from __future__ import annotations

from math import sqrt

from synthda.adapt.comparison.doubts import doubts_about
from synthda.adapt.comparison.plan import Entry
from synthda.adapt.comparison.rows import Row, rows_of
from synthda.adapt.comparison.scores import Score
from synthda.adapt.comparison.tables import markdown, page


def ranked(learnt: float = 0.95, **figures: list[float]) -> list[Row]:
    """Rows of estimates, by seed; _ stands for - in a name."""
    named = {name.replace("_", "-"): values for name, values in figures.items()}
    scores = [
        Score("p", name, seed, f"{name}{seed}", "net", 5, estimated=value, held_out_accuracy=learnt)
        for name, values in named.items()
        for seed, value in enumerate(values)
    ]
    return rows_of([Entry(name, name) for name in named], scores)


def test_a_clear_order_is_not_doubted() -> None:
    assert list(doubts_about(ranked(source_only=[0.70, 0.71, 0.70], im=[0.80, 0.82, 0.81]))) == []


def test_a_first_row_that_is_not_told_from_source_only_is_named_with_the_interval() -> None:
    rows = ranked(source_only=[0.70, 0.70, 0.70], im=[0.69, 0.71, 0.73])
    (found,) = doubts_about(rows)
    half = 4.302653 * 0.02 / sqrt(3)  # Student's t of two degrees of freedom at .975
    assert found == (
        f"im is not told from source-only: +1.0 points, 95 % interval {100 * (0.01 - half):+.1f} to "
        f"{100 * (0.01 + half):+.1f}, over 3 seeds."
    )


def test_one_seed_gives_no_order() -> None:
    (found,) = doubts_about(ranked(source_only=[0.5], im=[0.9]))
    assert found.startswith("im stands first by one seed")


def test_where_source_only_is_first_there_is_nothing_to_tell_it_from() -> None:
    assert list(doubts_about(ranked(source_only=[0.7, 0.7], im=[0.6, 0.6]))) == []


def test_seeds_that_lie_far_apart_are_told() -> None:
    found = list(doubts_about(ranked(source_only=[0.5, 0.5], im=[0.66, 0.84])))
    assert "The seeds of im lie 18 points apart: it is not to be trusted, whatever its mean." in found


def test_rows_that_have_not_learnt_the_source_are_named() -> None:
    found = list(doubts_about(ranked(learnt=0.6, source_only=[0.5, 0.5], im=[0.9, 0.9])))
    assert any("recognised by im, source-only: the source is not learnt yet" in line for line in found)


def test_no_rows_no_doubts() -> None:
    assert list(doubts_about([])) == []


def test_they_stand_below_the_table() -> None:
    tables = {"p": ranked(source_only=[0.5], im=[0.9])}
    for text in (markdown(tables, "about"), page(tables, "about", {})):
        assert text.index("0.90 (1)") < text.index("im stands first by one seed")
