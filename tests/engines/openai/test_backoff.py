from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenesis.engines.openai.backoff import full_jitter, retry_after_seconds

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@given(first=st.floats(0.001, 100), longest=st.floats(0.001, 1000), tries=st.integers(1, 10_000), drawn=st.floats(0, 1))
def test_a_wait_never_exceeds_the_bound(first: float, longest: float, tries: int, drawn: float) -> None:
    wait = full_jitter(first, longest, tries, draw=lambda: drawn)
    assert 0 <= wait <= longest


@pytest.mark.parametrize(("tries", "bound"), [(1, 0.5), (2, 1.0), (3, 2.0), (8, 60.0)])
def test_the_bound_doubles_until_the_longest(tries: int, bound: float) -> None:
    assert full_jitter(0.5, 60, tries, draw=lambda: 1.0) == bound


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:14:20 -0000", 60.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("99999999", 99_999_999.0),
        ("-3", None),
        ("soon", None),
        ("inf", None),
        ("", None),
        ("٣", None),
        ("Tue, 99 Nov 2023 22:14:20 GMT", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_header_raises(header: str) -> None:
    wait = retry_after_seconds(header, NOW)
    assert wait is None or wait >= 0
