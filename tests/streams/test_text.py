import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Zoë Müller 東京 👩", "Zoë Müller 東京 👩", id="living languages stay"),
        pytest.param("a\x1b[2Jb", "a\\u001b[2Jb", id="escape sequence"),
        pytest.param("a\r\nb\tc", "a\\u000d\\u000ab\\u0009c", id="line ends and tabs"),
        pytest.param("abc\u202etxt.exe", "abc\\u202etxt.exe", id="right-to-left override"),
        pytest.param("ad\u200bmin", "ad\\u200bmin", id="zero-width space"),
        pytest.param("\x9b31m", "\\u009b31m", id="eight-bit control"),
        pytest.param("\u2028", "\\u2028", id="line separator"),
        pytest.param("\ud800", "\\ud800", id="lone surrogate"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag character"),
        pytest.param("e\u0301", "e\u0301", id="one combining mark stays"),
        pytest.param("z" + "\u0301" * 4, "z\u0301\u0301\\u0301\\u0301", id="piled marks"),
    ],
)
def test_what_has_no_shape_of_its_own_is_shown_by_its_code_point(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["a" * 500, "\x00" * 500, "ab\x00" * 100], ids=["letters", "controls", "both"])
def test_a_long_text_is_cut_and_says_so(text):
    shown = printable(text, 60)
    assert shown.endswith("…")
    assert len(shown) <= 60


def test_a_text_that_just_fits_is_whole():
    assert printable("a" * 60, 60) == "a" * 60


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(min_value=12, max_value=250))
def test_nothing_invisible_gets_through_and_the_limit_holds(text, limit):
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert {unicodedata.category(character) for character in shown}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
