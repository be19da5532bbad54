from __future__ import annotations

from typing import Any

import pytest
from tests.helpers import chat_templates as templates

from regenesis.checkpoints.chats import switch_values

SWITCHES: list[tuple[str, str, dict[str, Any]]] = [
    (templates.CHATML, "off", {}),
    (templates.QWEN3, "off", {"enable_thinking": False}),
    (templates.QWEN3, "on", {"enable_thinking": True}),
    (templates.QWEN3, "keep", {"enable_thinking": True}),
    (templates.SMOLLM3, "off", {"enable_thinking": False}),
    (templates.DEEPSEEK_R1, "off", {}),
    (templates.DEEPSEEK_V31, "off", {"thinking": False}),
    (templates.DEEPSEEK_V31, "keep", {"thinking": True}),
    (templates.GPT_OSS, "off", {"reasoning_effort": "low"}),
    (templates.GPT_OSS, "on", {}),
    ("{% set thinking = thinking if thinking is defined else true %}{{ thinking }}", "off", {"thinking": False}),
    ("{{ thinking_budget }}", "off", {"thinking_budget": 0}),
    # a name of the template's own is no switch
    ("{% for m in messages %}{% set thinking = m.thinking %}{{ thinking }}{% endfor %}", "off", {}),
    ("{% for m in messages %}{{ m.thinking }}{{ m['enable_thinking'] }}{% endfor %}", "off", {}),
    # blocks and words that only the renderer of chat templates knows
    ("{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% break %}{% endfor %}"
     "{% if enable_thinking %}x{% endif %}", "off", {"enable_thinking": False}),
    ("{% if %}", "off", {}),
    ("", "off", {}),
]  # fmt: skip


@pytest.mark.parametrize(("template", "thinking", "switches"), SWITCHES)
def test_a_template_is_told_of_thinking_by_its_own_switch(
    template: str, thinking: Any, switches: dict[str, Any]
) -> None:
    assert switch_values(template, thinking) == switches
