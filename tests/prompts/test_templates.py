from __future__ import annotations

import pytest

from regenesis.errors import ConfigError
from regenesis.prompts.templates import TemplateFolder

ODD = {
    "first\n{{ 1 / 0 }}": "a.j2 line 2: division by zero",
    "{{ 'a' + 1 }}": "a.j2 line 1: ",
    "{{ text.nothing.more }}": "has no attribute 'nothing'",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "recursion",
    "{% include 'a.j2' %}": "recursion",
    "{% for x in range(99999999999) %}{% endfor %}": "turns",
    "{% for x in range(9999) %}{% for y in range(9999) %}{% endfor %}{% endfor %}": "turns",
    "{% for x in range(99999) %}{{ text * 100 }}{% endfor %}": "its text is longer than",
    "{{ 'a' * 10**9 }}": "the repeated text is too long",
    "{{ [1] * 10**9 }}": "the repeated text is too long",
    "{{ 9**9**9**9 }}": "the power is too large",
    "{{ text | nothing }}": "No filter named 'nothing'",
    "{{ (1).__class__ }}": "a.j2",
}


@pytest.mark.parametrize("template", ODD)
def test_a_template_that_fails_is_named_with_its_line_and_what_is_wrong(template: str) -> None:
    with pytest.raises(ConfigError) as failure:
        TemplateFolder("prompt set mine", {"a.j2": template}, {"a": frozenset({"text"})}).render("a", text="words")
    assert str(failure.value).startswith("prompt set mine, a.j2")
    assert ODD[template] in str(failure.value)


def test_ranges_products_and_long_texts_within_reason_are_rendered() -> None:
    text = "{% for n in range(3) %}{{ n }}{{ '-' * 2 }}{{ 2 ** 10 }} {% endfor %}{{ text }}"
    folder = TemplateFolder("prompt set mine", {"a.j2": text}, {"a": frozenset({"text"})})
    assert folder.render("a", text="end") == "0--1024 1--1024 2--1024 end"
