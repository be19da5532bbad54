"""What a config can say: every field with its default, its bounds and an explanation under its declaration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from regenesis.config.secrets import (
    misplaced,
    misplaced_in_body,
    misplaced_in_header,
    misplaced_in_url,
    misplaced_in_variable,
)
from regenesis.nouns import AnswerKind, Sampling


class Section(BaseModel):
    """A part of the config: immutable, and no key in it goes unnoticed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # it may be a key
    )


Thinking = Literal["off", "on", "keep"]
"""Whether a model thinks before it replies, and what becomes of its thoughts."""


class TaskConfig(Section):
    """Where questions come from: a catalogued task, a reasoning-gym task, a file or a hub data set of the user's own.

    Where only the name, or name and split, are stated, `gsm8k` and `gsm8k:test` stand for the whole.
    """

    name: str
    """A catalogued task (`gsm8k`), `rg:` and a reasoning-gym task (`rg:gsm_symbolic`), or any name for a `file` or
    `hub`. In a list a name may stand alone or with its split (`tasks: [gsm8k, "arc_challenge:validation"]`)."""
    split: str | None = None
    """Split to read; if left out the task's first, `train` for `hub`."""
    limit: int | None = Field(default=None, ge=1)
    """Take at most so many questions."""
    offset: int = Field(default=0, ge=0)
    """Leave out so many rows first."""
    shuffle: bool = False
    """Take them in an order drawn from the run's seed rather than the file's."""
    file: Path | None = None
    """The user's own questions: JSON, JSONL, CSV, TSV or Parquet, also compressed. A relative path is looked up
    from the config file's folder."""
    hub: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
    """A data set on the hub that is not in the catalogue, as `org/name`; looked for in the data root first."""
    config: str | None = Field(default=None, pattern=r"^\w[\w .+-]*$")
    """For `hub`: which of the data set's configs; the only one, or its default, if left out."""
    fields: dict[str, str | None] = Field(default_factory=dict)
    """For `file` and `hub`: the column of `id`, `text`, `gold`, `choices`, or a part of one (`prompt[0].content`); a
    value with `{{ }}` is a template over the row, `null` leaves a field out."""
    kind: AnswerKind | Literal["auto"] = "auto"
    """For `file` and `hub`: how answers compare; `auto` reads it off the gold answer."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """For reasoning-gym tasks: parameters of the generator, such as difficulty."""
    on_bad_row: Literal["error", "skip"] = "error"
    """A row that cannot become a question: stop and name it, or count it, report it and go on."""

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, value: Any) -> Any:
        return spell_out_task(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _own_fields_only_with_own_rows(self) -> TaskConfig:
        if self.file is None and self.hub is None and self.fields:
            raise ValueError("`fields` goes with `file` or `hub`: a catalogued task knows its own columns")
        if self.file is not None and self.hub is not None:
            raise ValueError("`file` and `hub` are two places; give one")
        if self.config is not None and self.hub is None:
            raise ValueError("`config` goes with `hub`; part of a catalogued task is named as `bbh/navigate`")
        if self.parameters and not self.name.startswith("rg:"):
            raise ValueError("`parameters` goes with reasoning-gym tasks, whose names start with `rg:`")
        return self


def spell_out_task(text: str) -> dict[str, Any]:
    """A task's short form, `name` or `name:split`, as a mapping; the colon of `rg:` belongs to the name."""
    prefix = "rg:" if text.startswith("rg:") else ""
    name, separator, split = text.removeprefix(prefix).partition(":")
    return {"name": prefix + name, **({"split": split} if separator else {})}


class RetryConfig(Section):
    """What happens when a server does not answer as it should."""

    attempts: int = Field(default=8, ge=1)
    """Times one request is tried before its question is set aside."""
    first_wait: float = Field(default=0.5, gt=0)
    """Seconds before the second try; doubles each time, with jitter. A server's Retry-After is obeyed instead."""
    longest_wait: float = Field(default=60.0, gt=0)
    """Upper bound of one wait, in seconds; a longer Retry-After is still obeyed up to ten times this."""
    circuit_after: int = Field(default=20, ge=1)
    """So many failures in a row, with no answer in between, and the run stops with a message: the server is down."""


class OpenAIEngineConfig(Section):
    """Any server with an OpenAI-compatible chat-completions endpoint: vLLM, SGLang, llama.cpp, Ollama, a hosted one."""

    kind: Literal["openai"]
    base_url: str | list[str]
    """One URL or several, each ending before `/chat/completions` (`http://127.0.0.1:8000/v1`); they share the load. A
    query (`?api-version=…`) goes with every request."""
    model: str
    """The model's name on that server."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable holding the key; unset means no key is sent. The key itself never enters a config."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Further headers of every request. `${NAME}` in a value stands for an environment variable, as a gateway's key
    must: `{api-key: "${AZURE_KEY}"}`."""
    max_in_flight: int = Field(default=64, ge=1)
    """Most requests in flight over all URLs; lowered on 429 and raised again by itself."""
    timeout: float = Field(default=600.0, gt=0)
    """Seconds one request may take."""
    connect_timeout: float = Field(default=10.0, gt=0)
    """Seconds a connection may take to open."""
    retry: RetryConfig = RetryConfig()
    """What happens when a server does not answer as it should."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every request, as the server understands them (`top_k`, `chat_template_kwargs`, …); `null`
    leaves a field out."""
    send_seed: bool = True
    """Send each request's seed; turn off for a server that refuses the field."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls the limit of new tokens."""

    @field_validator("base_url")
    @classmethod
    def _http_urls(cls, value: str | list[str]) -> str | list[str]:
        urls = [value] if isinstance(value, str) else value
        if not urls:
            raise ValueError("give at least one URL")
        for url in urls:
            if fault := misplaced_in_url(url):
                raise misplaced(fault)
            if not url.strip().startswith(("http://", "https://")):
                raise ValueError(f"{url!r} is not an http:// or https:// URL")
            try:
                if not urlsplit(url.strip()).hostname:
                    raise ValueError("it names no host")
                _ = urlsplit(url.strip()).port
            except ValueError as error:
                raise ValueError(f"{url!r} is not a URL that can be used ({error})") from error
        return value

    @field_validator("api_key_env")
    @classmethod
    def _name_of_a_variable(cls, value: str) -> str:
        if fault := misplaced_in_variable(value):
            raise misplaced(fault)
        return value

    @field_validator("headers")
    @classmethod
    def _headers_without_keys(cls, value: dict[str, str]) -> dict[str, str]:
        for name, stated in value.items():
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not (
                stated.isascii() and stated.isprintable()
            ):
                raise misplaced("holds characters that cannot stand in a header")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"{name} is set by the engine itself; remove it")
            if fault := misplaced_in_header(name, stated):
                raise misplaced(f"{name} {fault}")
        return value

    @field_validator("extra_body")
    @classmethod
    def _fields_without_keys(cls, value: dict[str, Any]) -> dict[str, Any]:
        if fault := misplaced_in_body(value):
            raise misplaced(fault)
        return value

    @property
    def urls(self) -> tuple[str, ...]:
        """The server URLs as a tuple: without trailing slashes, and without the endpoint where it was stated too."""
        urls = [self.base_url] if isinstance(self.base_url, str) else self.base_url
        return tuple(_base(url) for url in urls)


_OWN_HEADERS = frozenset(
    {"host", "content-type", "content-length", "accept-encoding", "transfer-encoding", "connection"}
)


def _base(url: str) -> str:
    parts = urlsplit(url.strip())
    path = re.sub(r"(?:/chat)?/completions$", "", parts.path.rstrip("/")).rstrip("/")
    return urlunsplit(parts._replace(path=path, fragment=""))


class LlamaCppEngineConfig(Section):
    """llama.cpp inside this process: a GGUF model, nothing to start."""

    kind: Literal["llamacpp"]
    model: str = "pypi:qwen2.5-coder-1.5b-instruct"
    """`pypi:<name>`, `hf:<org>/<repo>[:<file>]`, or the path of a GGUF file."""
    max_in_flight: int = Field(default=16, ge=1)
    """Sequences decoded together; each has its own share of the context."""
    context: int = Field(default=4096, ge=256)
    """Tokens of context per sequence: prompt and completion together."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads; as many as there are cores if left out."""
    adapter: Path | None = None
    """A LoRA adapter as a GGUF file, laid over the model (`regenesis export RUN --to gguf` makes one)."""


class TransformersEngineConfig(Section):
    """A checkpoint inside this process, on CPU or GPU, with continuous batching; no server to start."""

    kind: Literal["transformers"]
    model: str
    """A checkpoint's folder, `hf:<org>/<repo>`, or a GGUF model by any of its names, which is then de-quantised."""
    adapter: Path | None = None
    """Folder of a LoRA adapter in the form of peft, laid over the model."""
    max_in_flight: int = Field(default=16, ge=1)
    """Sequences decoded together."""
    context: int = Field(default=4096, ge=256)
    """Most tokens of one sequence: prompt and completion together."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """Type of the weights in memory; `auto` takes bfloat16 where the hardware computes in it, else float32."""
    device: str = "auto"
    """`cpu`, `cuda`, `cuda:1`; `auto` takes the first GPU if there is one."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads; as many as there are cores if left out."""


EngineConfig = Annotated[
    OpenAIEngineConfig | LlamaCppEngineConfig | TransformersEngineConfig, Field(discriminator="kind")
]


class SamplingConfig(Section):
    """How tokens are drawn."""

    temperature: float | None = Field(default=0.8, ge=0, le=5)
    """0 is greedy; `null` leaves it to the server."""
    top_p: float | None = Field(default=0.95, gt=0, le=1)
    """Nucleus mass; `null` leaves it to the server."""
    max_tokens: int = Field(default=1024, ge=1)
    """Most new tokens of one completion."""

    def draw(self) -> Sampling:
        """The same as the noun that requests carry."""
        return Sampling(self.temperature, self.top_p, self.max_tokens)


class HintConfig(Section):
    """The second pass, for questions that kept nothing: the gold answer is shown as a hint."""

    enabled: bool = True
    """Whether there is a second pass."""
    guidelines: int | None = Field(default=4, ge=1)
    """Most guidelines tried with a hint; `null` tries all that suit it."""
    selections: int = Field(default=0, ge=0)
    """Sampled selections of guidelines in the hint pass."""
    temperature: float | None = Field(default=0.7, ge=0, le=5)
    """Temperature of the hint pass; `null` leaves it to the server."""


class MethodConfig(Section):
    """The ReGenesis method: guideline → adapted guideline → reasoning structure → reasoning path."""

    name: Literal["regenesis"] = "regenesis"
    guidelines: int | None = Field(default=None, ge=1)
    """Guidelines tried a question, in an order drawn for each question; `null` tries all."""
    guidelines_file: Path | None = None
    """A YAML file of the user's own guidelines in place of the 25 that come with the package."""
    prompts: str = "default"
    """A prompt set that comes with the package (`default`, `paper`) or the path of a folder of templates."""
    selections: int = Field(default=0, ge=0)
    """Sampled choices of the 2-3 guidelines that suit the question best; each starts a chain of its own."""
    keep: int = Field(default=5, ge=1)
    """Most paths kept a question (m)."""
    wave: int = Field(default=4, ge=1)
    """Chains a question runs side by side before it looks at what it has kept and decides whether to go on."""
    stop_early: bool = True
    """A question with its m kept paths stops asking."""
    sampling: SamplingConfig = SamplingConfig()
    """How tokens are drawn, in every stage of the first pass."""
    adapt_tokens: int | None = Field(default=160, ge=1)
    """Most new tokens of an adapted guideline; `null` takes the sampling's own limit."""
    structure_tokens: int | None = Field(default=400, ge=1)
    """Most new tokens of a reasoning structure; `null` takes the sampling's own limit."""
    retry_unusable: bool = True
    """Ask once more for a structure that already holds results, or a path without steps."""
    summarise: bool = False
    """Ask the model for the final answer of each path in a call of its own, as published."""
    self_judge: Literal["off", "and", "tie-break"] = "off"
    """Ask the model whether a path agrees with the right answer. `and`: the checker and the model must both say so, as
    published; `tie-break`: asked only about paths whose answer the checker cannot read, and its word counts."""
    hint: HintConfig = HintConfig()
    """The second pass, for questions that kept nothing."""
    vote: Literal["no_gold", "always", "never"] = "no_gold"
    """Where the majority answer of a question's own paths takes the place of gold."""
    min_votes: int = Field(default=2, ge=1)
    """Paths that must agree before a majority counts."""

    @field_validator("self_judge", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        """YAML reads a bare `off` as false."""
        return "off" if value is False else value


class CurationConfig(Section):
    """Which right paths are fit to train on."""

    min_tokens: int = Field(default=20, ge=0)
    """Shorter paths are dropped (tokens of the model's own tokenizer)."""
    max_tokens: int = Field(default=1000, ge=1)
    """Longer paths are dropped."""
    min_steps: int = Field(default=2, ge=0)
    """Fewer steps (sentences or lines that work something out) and it is not a reasoning path."""
    numbered_list: Literal["any", "require"] = "any"
    """`require` drops paths without a numbered list, and cuts what stands before it for a new opening, as published."""
    boxed: Literal["keep", "unwrap"] = "keep"
    """Whether `\\boxed{}` stays in the training text."""
    require_box: bool = True
    """Drop paths whose final answer is not in the `\\boxed{}` that the training prompt asks for, as published."""
    near_duplicate: float = Field(default=0.85, gt=0, le=1)
    """Paths of a question whose word 3-grams overlap this much (Jaccard) count as one; 1 drops exact copies only."""
    max_repetition: float = Field(default=0.5, gt=0, le=1)
    """Share of a path's word 4-grams that may be repeats before it counts as a loop."""


class DecontaminationConfig(Section):
    """Training questions that overlap a question of the evaluation."""

    action: Literal["drop", "report", "off"] = "drop"
    """Leave them out, only report them, or do not look."""
    ngram: int = Field(default=8, ge=2)
    """Two questions overlap where they share so many words in a row (normalised: case, punctuation and spaces). A
    question of fewer words overlaps where all of it is found in the other."""

    @field_validator("action", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: Any) -> Any:
        """YAML reads a bare `off` as false."""
        return "off" if value is False else value


class LoraConfig(Section):
    """Low-rank adaptation: small matrices beside the frozen weights."""

    rank: int = Field(default=16, ge=1)
    """Rank of the update."""
    alpha: int = Field(default=32, ge=1)
    """Scale of the update, divided by the rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapter's inputs that are dropped while training."""
    target_modules: str | list[str] = "all-linear"
    """Names of the layers that get an adapter; `all-linear` takes every linear layer but the output's."""


class TrainingConfig(Section):
    """Supervised fine-tuning on the kept paths; the loss counts the completion alone."""

    method: Literal["lora", "full"] = "lora"
    """Train an adapter, or all weights."""
    model: str | None = None
    """What to train: a checkpoint's folder, `hf:<org>/<repo>`, or a GGUF model, which is de-quantised. The engine's
    own model if left out; with an `openai` engine it must be said."""
    lora: LoraConfig = LoraConfig()
    """The adapter, for `method: lora`."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Peak of the schedule; if left out 1e-4 for an adapter and 1e-5 for all weights."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup_ratio: float = Field(default=0.03, ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled weight decay."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Gradients are scaled down to this norm."""
    epochs: float = Field(default=3.0, gt=0)
    """Passes over the data."""
    max_steps: int | None = Field(default=None, ge=1)
    """Stop after so many optimiser steps, whatever `epochs` says."""
    batch_size: int = Field(default=16, ge=1)
    """Examples an optimiser step, over all devices together."""
    device_batch_size: int = Field(default=2, ge=1)
    """Examples at once on one device; gradients are summed up to `batch_size`."""
    max_length: int | None = Field(default=None, ge=16)
    """Most tokens of a row, prompt and completion; the longest row of the data if left out."""
    too_long: Literal["drop", "truncate", "error"] = "drop"
    """Rows longer than `max_length` or the model's context: leave out, cut, or stop. All are counted and reported."""
    end_of_turn: str | None = None
    """The token that ends a reply, such as `<|im_end|>`, where the chat template writes none behind it. If left out,
    the first token there that an engine stops at."""
    packing: bool = False
    """Put several short rows into one sequence."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """`auto` computes in bf16 where the hardware does."""
    gradient_checkpointing: bool = False
    """Compute activations twice to save memory."""
    save_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps between two checkpoints; once an epoch if left out."""
    keep_checkpoints: int = Field(default=2, ge=1)
    """Latest checkpoints that are kept while training; when it is done they are removed."""
    launcher: str | None = None
    """For several GPUs or nodes: a launch config that comes with the package (`regenesis train --list-launchers`) or
    the path of one for `accelerate launch`."""
    python: Path | None = None
    """Python of another environment to train in; this one's if left out."""

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate, by method where none is set."""
        return self.learning_rate or (1e-4 if self.method == "lora" else 1e-5)


class GreedySamplingConfig(SamplingConfig):
    """How tokens are drawn where a model is measured: greedy unless said otherwise."""

    temperature: float | None = Field(default=0.0, ge=0, le=5)
    """0 is greedy; `null` leaves it to the server."""
    top_p: float | None = Field(default=1.0, gt=0, le=1)
    """Nucleus mass; `null` leaves it to the server."""


class EvaluationConfig(Section):
    """What the model is measured on, before and after training."""

    tasks: list[TaskConfig] = Field(default_factory=list)
    """Where the questions come from. A split left out is the test split here (validation where test has no answers)."""
    in_domain: list[str] | None = None
    """Names of tasks that count as in-domain; those the run trains on if left out. All others are out-of-domain."""
    sampling: GreedySamplingConfig = GreedySamplingConfig()
    """How tokens are drawn; greedy by default."""
    run_programs: bool = False
    """Run the programs that the model writes for tasks of kind `code` (MBPP), which are not measured otherwise. Each
    runs in a limited process of its own, which is no sandbox: where you have reason to fear, use a container."""
    engine: EngineConfig | None = None
    """The engine that base and tuned model are both measured on; the run's engine if left out."""
    tuned_engine: EngineConfig | None = None
    """Where the tuned model is served, for an `openai` engine, which cannot load it by itself."""


class BudgetConfig(Section):
    """Where one start of the run stops by itself, cleanly; the next start goes on. None of it changes what is asked."""

    requests: int | None = Field(default=None, ge=0)
    """Requests sent."""
    tokens: int | None = Field(default=None, ge=0)
    """Tokens, prompt and completion together."""
    minutes: float | None = Field(default=None, ge=0)
    """Minutes of wall-clock time."""


class SchedulingConfig(Section):
    """How much is under way at once. None of it changes what is asked."""

    window: int | None = Field(default=None, ge=1)
    """Questions active at once; by default enough to keep the engine full."""


class RunConfig(Section):
    """Everything a run depends on."""

    preset: Literal["quick", "default", "paper"] = "default"
    """The values this config starts from."""
    seed: int = Field(default=0, ge=0)
    """Every random choice of the run derives from it."""
    thinking: Thinking = "off"
    """Whether a model that can think before it replies does so, for engine, trainer and evaluation alike. `off` turns
    it off where the chat template has a switch; `on` lets it think and drops its thoughts, so that later stages and
    training see the replies alone; `keep` also trains on the thoughts."""
    thinking_tokens: int = Field(default=2048, ge=0)
    """With `thinking: on` or `keep`: new tokens that a thought may take, on top of every limit for a reply
    (`max_tokens`, `adapt_tokens`, `structure_tokens`)."""
    data_root: Path | None = None
    """Folder of `<hub id>/<config>/<split>.jsonl`, looked into before the hub; by default `REGENESIS_DATA_ROOT`."""
    tasks: list[TaskConfig] = Field(min_length=1)
    """Where questions come from; several tasks are mixed in one run."""
    engine: EngineConfig = LlamaCppEngineConfig(kind="llamacpp")
    """Where tokens come from."""
    method: MethodConfig = MethodConfig()
    """How paths are made."""
    curation: CurationConfig = CurationConfig()
    """Which paths are kept."""
    decontamination: DecontaminationConfig = DecontaminationConfig()
    """Training questions that overlap a question of the evaluation."""
    training: TrainingConfig = TrainingConfig()
    """How the kept paths post-train the model."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """What the model is measured on, before and after training."""
    budget: BudgetConfig = BudgetConfig()
    """Where one start stops by itself."""
    scheduling: SchedulingConfig = SchedulingConfig()
    """How much is under way at once."""

    @property
    def room_for_thought(self) -> int:
        """New tokens that are added to every limit."""
        return 0 if self.thinking == "off" else self.thinking_tokens

    @field_validator("thinking", mode="before")
    @classmethod
    def _off_and_on_are_words(cls, value: Any) -> Any:
        """YAML reads a bare `off` as false and a bare `on` as true."""
        return {False: "off", True: "on"}[value] if isinstance(value, bool) else value
