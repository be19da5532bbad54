from __future__ import annotations

import pytest

from regenesis.engines.openai.credentials import Credential
from regenesis.errors import EngineError

KEY = 'sk-"quoted"/and+long-enough'


@pytest.fixture
def credential(monkeypatch: pytest.MonkeyPatch) -> Credential:
    monkeypatch.setenv("SOME_KEY", f" {KEY}\n")
    return Credential("SOME_KEY")


def test_the_key_is_sent_as_a_bearer_token_without_blanks(credential: Credential) -> None:
    assert credential.headers() == {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "form", [KEY, r"sk-\"quoted\"/and+long-enough", "sk-%22quoted%22%2Fand%2Blong-enough"], ids=["as is", "JSON", "URL"]
)
def test_the_key_is_taken_out_however_it_is_escaped(credential: Credential, form: str) -> None:
    assert credential.redact(f"bad key {form}!") == "bad key [SOME_KEY]!"


def test_the_key_is_not_in_its_repr(credential: Credential) -> None:
    assert "sk-" not in repr(credential)


def test_no_variable_means_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    credential = Credential("SOME_KEY")
    assert credential.headers() == {}
    assert credential.redact("as it was") == "as it was"


def test_a_placeholder_for_a_key_is_not_taken_out_of_completions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "none")
    assert Credential("SOME_KEY").redact_completion("none of them") == "none of them"


def test_an_echoed_key_is_taken_out_of_completions(credential: Credential) -> None:
    assert credential.redact_completion(f"your key: {KEY}") == "your key: [SOME_KEY]"


@pytest.mark.parametrize("key", ["two\r\nlines", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_an_error_without_the_key(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("SOME_KEY", key)
    with pytest.raises(EngineError, match="SOME_KEY") as raised:
        Credential("SOME_KEY")
    assert key not in str(raised.value)
