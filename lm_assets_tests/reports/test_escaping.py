"""Text from outside stays text, whatever it contains."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.reports.escaping import json_in_html, markdown_code, markdown_text, one_line
from lm_assets.reports.rendering import _environment

DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b", "a\\|b"),
        ("`rm`", "\\`rm\\`"),
        ("[x](http://evil)", "\\[x\\](http:&#47;&#47;evil)"),
        ("# heading", "\\# heading"),
        ("1. item", "1\\. item"),
        ("12.3 s", "12.3 s"),
        ("- item", "\\- item"),
        ("two\nlines", "two lines"),
        ("a & b", "a &amp; b"),
    ],
)
def test_markdown_text_shows_its_signs_instead_of_obeying_them(text, escaped):
    assert markdown_text(text) == escaped


def test_a_code_span_is_fenced_by_more_backticks_than_it_holds():
    assert markdown_code("plain_name") == "`plain_name`"
    assert markdown_code("a``b") == "```a``b```"
    assert markdown_code("`edge") == "`` `edge ``"


def test_a_pipe_cannot_end_a_table_cell_from_inside_a_code_span():
    assert "|" not in markdown_code("a|b").replace("&#124;", "")
    assert "\\|" not in markdown_code("a\\|b")


def test_long_text_is_cut_and_says_so():
    assert one_line("x" * 500, limit=10) == "x" * 9 + "…"


@given(st.dictionaries(st.text(), st.text()))
def test_json_in_html_holds_nothing_that_ends_a_script_and_loses_nothing(value):
    text = json_in_html(value)
    assert not re.search(r"[<>&'\u2028\u2029]", text)
    if not re.search(
        "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "".join([*value, *value.values()])
    ):
        assert json.loads(text) == value


@given(st.text())
def test_markdown_text_never_holds_a_tag_a_line_break_or_a_bare_table_bar(text):
    escaped = markdown_text(text)
    assert not re.search(r"[<>\n\r]", escaped)
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", escaped)


UNSEEN = "\u202e\u2066\x1b[2J\x00\u200b"


@pytest.mark.parametrize("shown", [one_line, markdown_text, markdown_code])
def test_what_turns_text_around_or_commands_a_terminal_is_seen_and_not_obeyed(shown):
    assert not set("\u202e\u2066\x1b\x00\u200b") & set(shown(f"a{UNSEEN}b"))
    assert "a���" in shown(f"a{UNSEEN}b")


def test_json_in_html_turns_no_text_around():
    assert json.loads(json_in_html({"name": "a\u202eb"})) == {"name": "a�b"}


def test_a_template_shows_nothing_unseen_and_keeps_its_own_markup():
    page = _environment().from_string("<b>{{ text }}</b>").render(text=f"one\n\u202etwo{UNSEEN}")
    assert not set("\u202e\u2066\x1b\x00") & set(page)
    assert "one\n�two" in page
