"""A chat as the tokens of a model, and what it wrote as thought and reply; for engines that tokenise by themselves.

writing = ChatTokens(tokenizer, thinking="off")
prompt = writing.prompt(request)                    # tokens, and what opens a thought at their end
writing.parts(written, prompt.opened)               # thought and reply of the tokens that the model drew
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenesis.checkpoints.chats import Chat
from regenesis.engines.thoughts import Split, opening_at_end, split
from regenesis.types import Request, Thinking

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Prompt:
    """A chat as tokens, and what opens a thought at its end."""

    tokens: list[int]
    opened: str


class ChatTokens:
    """The model's own way to write a chat down as tokens, and tokens as text.

    Attributes:
        tokenizer: The model's.
        form: Its chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, thinking: Thinking) -> None:
        self.tokenizer = tokenizer
        self.form = Chat(tokenizer, thinking)

    def prompt(self, request: Request, context: int) -> Prompt | str:
        """The prompt's tokens, or why there can be none that leave room for a reply.

        Args:
            request: What is asked.
            context: Most tokens of prompt and completion together.
        """
        from jinja2 import TemplateError

        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        try:
            text = self.form.prompt(messages)
            text.encode()  # half a surrogate is no text, and the tokenizer's words for it are no help
            # the template writes all special tokens itself, the first one too
            tokens: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        except (TemplateError, ValueError, TypeError) as error:
            return f"the chat cannot be written down as the model's template asks: {error}"
        if not tokens:
            return "the model's chat template makes nothing of this chat"
        if len(tokens) >= context:
            return f"the prompt has {len(tokens)} tokens, which is more than the context of {context} holds"
        return Prompt(tokens, opening_at_end(text))

    def parts(self, tokens: list[int], opened: str) -> Split:
        """Thought and reply; the marks between them are special tokens in some families, which no text may keep."""
        written = self._text(tokens, special=True)
        parts = split(written, opened)
        if parts == Split("", written):
            return Split("", self._text(tokens, special=False))
        return Split(self._plain(parts.thought), self._plain(parts.reply))

    def _text(self, tokens: list[int], *, special: bool) -> str:
        decoded: str = self.tokenizer.decode(
            tokens, skip_special_tokens=not special, clean_up_tokenization_spaces=False
        )
        return decoded

    def _plain(self, text: str) -> str:
        for token in self.tokenizer.all_special_tokens:
            text = text.replace(str(token), "")
        return text
