"""What is shown of a server's errors."""

from __future__ import annotations

import pytest

from regenesis.engines.openai.complaints import error_code, error_words, is_filtered, shorten


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"error": {"message": "too long", "type": "x"}}', "too long"),
        (b'{"error": "too long"}', "too long"),
        (b'{"object": "error", "message": "too long"}', "too long"),
        (b'{"detail": "too long"}', "too long"),
        (b'{"detail": [{"loc": ["body", "top_p"], "msg": "bad"}]}', "body.top_p: bad"),
        (b'{"message": {"detail": [{"loc": ["seed"], "msg": "extra"}]}, "object": "error"}', "seed: extra"),
        (
            b'{"error": {"message": "Provider returned error", "metadata": {"raw": "it is overloaded"}}}',
            "Provider returned error: it is overloaded",
        ),
        (
            b'{"error": {"message": "upstream", "metadata": {"raw": "{\\"error\\": {\\"message\\": \\"busy\\"}}"}}}',
            "upstream: busy",
        ),
        (b'{"errors": [{"message": "one"}, {"message": "two"}]}', "one; two"),
        (b'{"title": "Forbidden", "status": 403}', "Forbidden"),
        (b'{"statusCode": 401, "message": "Access denied"}', "Access denied"),
        (b'{"error": {}}', '{"error": {}}'),
        (
            b"<html><head><title>Sign in</title><style>p</style></head><body>Please &amp; go</body></html>",
            "a web page: Sign in Please & go",
        ),
        (b"too\n\x1b[31mlong\x00", "too [31mlong"),
        (b"", "(empty)"),
    ],
)
def test_error_words_are_found_in_every_known_form(raw: bytes, words: str) -> None:
    assert error_words(raw) == words


def test_words_are_shortened_to_500_characters() -> None:
    assert len(shorten("x" * 10_000)) == 500
    assert shorten("x" * 500) == "x" * 500


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"error": {"code": "insufficient_quota", "type": "x"}}', "insufficient_quota"),
        (b'{"error": {"type": "Content_Filter"}}', "content_filter"),
        (b'{"object": "error", "code": 400}', "400"),
        (b'{"error": "words"}', ""),
        (b"no JSON", ""),
    ],
)
def test_an_error_may_have_a_code(raw: bytes, code: str) -> None:
    assert error_code(raw) == code


@pytest.mark.parametrize(
    ("raw", "filtered"),
    [
        (b'{"error": {"code": "content_filter"}}', True),
        (b'{"error": {"code": "bad_request", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}', True),
        (b'{"error": {"code": 403, "metadata": {"reasons": ["violence"], "flagged_input": "a row"}}}', True),
        (b'{"error": {"code": 403, "metadata": {"raw": "no credit"}}}', False),
        (b'{"error": {"code": 400, "message": "content_filter is no field"}}', False),
        (b'{"error": "words", "metadata": [1], "innererror": null}', False),
        (b"no JSON", False),
    ],
)
def test_an_error_may_be_about_what_the_prompt_says(raw: bytes, filtered: bool) -> None:
    assert is_filtered(raw) is filtered
