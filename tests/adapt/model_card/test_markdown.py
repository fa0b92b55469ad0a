"""Names that somebody chose are shown as they are: nothing in them acts, whichever way the text is read."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt

from synthda.adapt.model_card.markdown import code, fenced, front_matter, literal, table

NASTY = (
    "<script>alert(1)</script>",
    "a | b",
    "**bold** _it_ `code` ~~gone~~",
    "[link](javascript:alert(1)) ![x](y) <https://example.org>",
    "&lt;b&gt; & \\ $x$ #1 a@b.org",
    "x --> <!-- y",
    "``` \\| ]] }} {{ {% raw %}",
    "1. one",
    "www.example.org and http://example.org",
)


def rendered(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


def words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", page)).strip()


@pytest.mark.parametrize("name", NASTY)
def test_a_name_reads_as_it_is_in_a_line_and_in_a_table(name: str) -> None:
    page = rendered("It says " + literal(name))
    assert set(re.findall(r"<(\w+)", page)) == {"p"}
    assert words(page) == "It says " + name
    page = rendered(table(("class", "n"), [[literal(name), "3"]]))
    assert set(re.findall(r"<(\w+)", page)) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert page.count("<td") == 2
    assert name in html.unescape(page)


def test_a_bare_address_is_not_written_as_readers_of_markdown_look_for_it() -> None:
    assert not re.search(
        r"www\.|https?:|(?<!\\)@", literal("WWW.x.org www.y.org http://a.org https://b.org c@d.org"), re.I
    )


def test_lines_and_invisible_characters_end_nothing() -> None:
    assert literal("a\n# b\r\n\n---\tc\u202ed\u2028e\x00") == "a \\# b --- c d e"
    assert literal(" \n") == "(no name)"


def test_a_table_aligns_figures_and_nothing_else() -> None:
    text = table(("class", "recall", "say"), [("a", "0.5 … 0.6", "x"), ("b", "1,000", "1")])
    assert text.splitlines()[1] == "| --- | ---: | --- |"


@pytest.mark.parametrize("text", ["", "a ``` b", "`", "````\n```", "~~~"])
def test_a_fence_is_longer_than_what_it_holds(text: str) -> None:
    page = rendered(fenced(text, "sh"))
    assert page == f'<pre><code class="language-sh">{html.escape(text)}\n</code></pre>\n'


def test_code_holds_letters_digits_and_little_else() -> None:
    assert code("0f.a-b_c`<b>|x") == "`0f.a-b_cbx`"
    assert code("`") == "`-`"


def test_front_matter_is_yaml_whatever_is_in_it() -> None:
    yaml = pytest.importorskip("yaml")
    content = {"tags": ["a: b", "---", "\n---\n"], "model-index": [{"name": "x # y 'q' \"z\" ☃ \u2028"}], "n": 0.5}
    opening, *lines, closing = front_matter(content).split("\n")
    assert (opening, closing, len(lines)) == ("---", "---", 3)
    assert yaml.safe_load("\n".join(lines)) == content


def test_every_character_comes_back_from_front_matter_and_half_a_one_is_replaced() -> None:
    yaml = pytest.importorskip("yaml")
    some = [*range(0xD800), *range(0xE000, 0x11000), 0x1F600, 0x20000, 0xE0001, 0x10FFFF]
    text = front_matter({"name": "".join(map(chr, some)), "half": "\udce9.png"})
    _, *lines, _ = text.splitlines()
    assert len(lines) == 2
    assert yaml.safe_load("\n".join(lines)) == {"name": "".join(map(chr, some)), "half": "\ufffd.png"}
