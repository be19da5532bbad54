"""Checks of the chat template of the model that will be trained, and of the context it is asked in.

A template decides what is trained on. One that does not suit is met at the training, when all the paths are paid for,
unless a row is rendered before: which takes the tokenizer and no weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenesis.checkpoints.chats import Chat, named_ends, stop_tokens
from regenesis.doctor.stages import questions_at_hand, severity
from regenesis.doctor.subject import Subject
from regenesis.errors import RegenesisError
from regenesis.findings import Finding
from regenesis.methods import make_method
from regenesis.models import KNOWN, Weights, cached, locate_weights
from regenesis.models.hub import download_tokenizer
from regenesis.models.names import HubName, PackageName, parse_name
from regenesis.models.weights import out_of_reach
from regenesis.prompts import load_answering
from regenesis.training.by_engine import trains_itself
from regenesis.training.rows import RowTemplate
from regenesis.training.turns import names_thoughts, opens_a_thought
from regenesis.types import Question

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from regenesis.config import RunConfig

QUESTION = Question("doctor/0", "doctor", "What is 3 + 4?", "7", "number")
_REPLY = "1. Add 4 to 3.\n2. The answer is \\boxed{7}."


def check_template(subject: Subject) -> Iterator[Finding]:
    """Whether a row can be rendered through the template of the model that will be trained."""
    config = subject.config
    model = config.training.model or config.engine.weights if config is not None else None
    if config is None or model is None or any(util.find_spec(name) is None for name in ("transformers", "gguf")):
        return
    if trains_itself(config.training, config.engine) or out_of_reach(model):
        return  # without a template, or said of the training
    try:
        weights = _with_a_tokenizer(model)
    except RegenesisError as error:
        yield Finding("template", severity(subject), f"The chat template cannot be checked: {error}")
        return
    if weights is None:
        return  # not fetched yet
    try:
        yield from _look(config, weights)
    except RegenesisError as error:
        yield Finding("template", "fail", str(error))


def _look(config: RunConfig, weights: Weights) -> Iterator[Finding]:
    from regenesis.checkpoints import load_tokenizer

    tokenizer = load_tokenizer(weights)
    chat, named = Chat(tokenizer, config.thinking), _stated_ends(weights)
    stops = stop_tokens(named, tokenizer, chat)
    prompt = [
        {"role": message.role, "content": message.content}
        for message in load_answering(config.answering).messages(QUESTION)
    ]
    row = {"prompt": prompt, "completion": [{"role": "assistant", "content": _REPLY, "reasoning_content": "Seven."}]}
    template = RowTemplate(tokenizer, stops, config.thinking, config.training.end_of_turn)
    rendered = template.render(row, f"The model {weights.spec}")
    if config.thinking == "off" and (
        opens_a_thought(chat.prompt(prompt)) or not _can_be_kept_from_thinking(tokenizer, chat)
    ):
        summary = f"The chat template of {weights.spec} supports thinking but has no switch to turn it off."
        advice = (
            "If it thinks, set `thinking: on`, which gives thinking its own token limit on top of the stages' limits."
        )
        yield Finding("template", "warn", summary, advice)
    if rendered is None:
        yield Finding(
            "template", "fail", f"The answering prompt {config.answering.prompt} contains control tokens of the model."
        )
        return
    end = rendered[0][-1]
    token = tokenizer.convert_ids_to_tokens(end)
    setting = config.engine.stop_setting(token)
    if setting is not None and end not in named_ends(named, tokenizer):
        summary = f"Turns of {weights.spec} end with {token!r}, which its files do not name as an end of the text."
        advice = f"Make sure that the server stops there: {setting}."
        yield Finding("template", "warn", summary, advice)
    told = "".join(f"; {name}: {json.dumps(value)}" for name, value in chat.switches.items())
    yield Finding("template", "ok", f"The chat template works for training: rows end with {token!r}{told}.")


def _can_be_kept_from_thinking(tokenizer: PreTrainedTokenizerBase, chat: Chat) -> bool:
    # gpt-oss thinks less at a low effort, and still thinks
    return bool(chat.switches.keys() - {"reasoning_effort"}) or not names_thoughts(str(tokenizer.chat_template))


def _with_a_tokenizer(spec: str) -> Weights | None:
    """Where a model's tokenizer is; `None` for a model of the package index that is not there yet.

    Raises:
        ModelError: There is no such model, or the Hub cannot be reached.
    """
    if not Path(spec).expanduser().is_dir():
        match parse_name(spec, KNOWN):
            case PackageName(model):
                path = cached(model)
                return Weights(spec, path, "gguf") if path is not None else None
            case HubName(repository, None):
                folder = download_tokenizer(repository)
                return Weights(spec, folder, "checkpoint") if folder is not None else None
            case HubName():
                return None
    return locate_weights(spec)


def _stated_ends(weights: Weights) -> Any:
    """What a checkpoint says of the tokens that end a text; a GGUF file says it through its tokenizer."""
    for name in ("generation_config.json", "config.json") if weights.form == "checkpoint" else ():
        try:
            stated = json.loads((weights.path / name).read_text("utf-8")).get("eos_token_id")
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(stated, int) or (isinstance(stated, list) and all(isinstance(one, int) for one in stated)):
            return stated
    return None


def check_context(subject: Subject) -> Iterator[Finding]:
    """Whether the longest chat of a chain has room in the context of an engine that knows its own."""
    config = subject.config
    room = config.engine.context_length if config is not None else None
    if config is None or room is None:
        return
    questions = questions_at_hand(config.tasks, config.seed, config.data_root)
    if not questions:
        return
    try:
        longest = max(questions, key=lambda question: len(question.text))
        needed = _tokens_of_a_chain(config, longest)
    except RegenesisError:
        return  # what is wrong with prompts or guidelines is said when they are used
    if needed is None:
        return
    summary = f"The longest question's chain takes about {needed:,} tokens; engine.context is {room:,}."
    if needed > room:
        advice = f"Raise engine.context to {needed:,} or more, or lower method.sampling.max_tokens."
        yield Finding("context", "warn", summary, advice)
    else:
        yield Finding("context", "ok", summary)


def _tokens_of_a_chain(config: RunConfig, question: Question) -> int | None:
    """Tokens of the longest chat of a chain at its limits: a prompt with the earlier replies in it, and its reply.

    `None` for a method that asks nothing.
    """
    method = make_method(config.method, load_answering(config.answering))
    stages = method.estimate([question], chain_yield=0.5).stages.values()
    return max(
        (
            (stage.most_prompt_tokens + stage.most_new_tokens) // stage.most_calls + config.room_for_thought
            for stage in stages
        ),
        default=None,
    )
