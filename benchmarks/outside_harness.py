"""Whether lm-evaluation-harness, in an environment of its own, finds of one served model what our evaluation finds.

    python benchmarks/outside_harness.py --harness /path/to/venv/bin/lm_eval [--gsm8k 200] [--bbh 100] [--work DIR]

Two prompts, each asked by both: `ours`, exported by `regenesis export-task`, and the harness' own (`theirs`), asked by
our evaluation as `lm-eval/…`, for which regenesis needs the extra `lm-eval`. One llama.cpp server answers all of it,
greedily and one request at a time, so that equal prompts get equal texts. Answers are compared one by one: the chat
that was sent, the text, our verdict on each text, and the harness' own scores. Every disagreement is written to
`DIR/disagreements.jsonl`, to be read. Start it again to go on, or with more questions: neither side asks twice what it
has an answer to. A folder belongs to one model.

`--in-flight N` is several times as fast. What else is in a batch changes the last bits of a probability, and with them
a text now and then, so the server then computes each distinct request once and remembers the answer: sides that send
the same bytes read the same text, and a side that sends others shows it in both "same chat" and "same text".
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from regenesis.answers import grade
from regenesis.evaluation.harness_log import logged_answers
from regenesis.evaluation.result_tables import ResultRow, read_results
from regenesis.ledger import Ledger
from regenesis.models import locate
from regenesis.tasks import TaskConfig, load_questions
from regenesis.types import Question, SourceRow
from workload import finish

REGENESIS = (sys.executable, "-c", "from regenesis.cli import main; main()")
PROMPTS = {"gsm8k": "lm-eval/gsm8k_cot_zeroshot", "bbh": "lm-eval/bbh_cot_zeroshot"}
ENOUGH = 0.98
CONTEXT = 4096


@dataclass
class Work:
    """What the parts of the benchmark share."""

    folder: Path
    harness: Path
    url: str
    model: str
    limits: dict[str, int]
    tokens: int
    in_flight: int
    questions: dict[str, list[Question]] = field(default_factory=dict)
    rows: dict[str, SourceRow] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """Where the harness writes what was asked with this limit of tokens."""
        return self.folder / f"logs-{self.tokens}"


def serve(model: str, threads: int, in_flight: int) -> None:
    """Serves a model until the parent is gone; prints the address."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(locate(model))
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    # llama.cpp divides it over the slots
    parameters.n_ctx = CONTEXT * in_flight
    parameters.n_parallel = in_flight
    # what was computed for the request before could change the last bits of a probability
    parameters.cache_prompt = False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.warmup = False
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


def remembers(behind: Sequence[str], file: Path) -> type[BaseHTTPRequestHandler]:
    """Handles requests by servers behind it, which are asked each chat with the same limits once, over all starts."""
    file.touch()
    turns = itertools.cycle(behind)
    answers: dict[str, str] = dict(map(json.loads, file.open()))
    writing = threading.Lock()

    class Remembering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with urllib.request.urlopen(behind[0] + self.path) as response:
                self.answer(response.read())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = json.loads(body)
            if asked.get("temperature") != 0 or asked.get("stream"):
                self.send_error(400, "only greedy answers in one piece can be remembered")
                return
            # sides may differ in where they stop a text, which changes nothing before the end of the text
            stops = asked.pop("stop", None) or []
            # the seed and top_p change nothing in a greedy answer
            key = json.dumps([asked["messages"], asked.get("max_tokens")])
            if key not in answers:
                headers = {"Content-Type": "application/json"}
                request = urllib.request.Request(next(turns) + self.path, json.dumps(asked).encode(), headers)
                with urllib.request.urlopen(request, timeout=3600) as response:
                    answers[key] = response.read().decode()
                with writing, file.open("a") as lines:
                    lines.write(json.dumps([key, answers[key]]) + "\n")
            reply = json.loads(answers[key])
            message = reply["choices"][0]["message"]
            for stop in stops:
                message["content"] = message["content"].partition(stop)[0]
            self.answer(json.dumps(reply).encode())

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Remembering


def name_at(url: str) -> str:
    """What a server calls its model."""
    with urllib.request.urlopen(f"{url}/v1/models") as response:
        return str(json.load(response)["data"][0]["id"])


@contextmanager
def served(model: str, threads: int, in_flight: int, folder: Path) -> Iterator[str]:
    """The address of a server: llama.cpp in a process of its own, or several of one thread each behind one address.

    Threads of one model wait for each other at every layer, which costs most of the speed on cores that are not free.
    """
    if in_flight == 1:
        with started(model, threads, 1) as url:
            yield url
        return
    with ExitStack() as stack:
        slots = -(-in_flight // threads)
        urls = [stack.enter_context(started(model, 1, slots)) for _ in range(threads)]
        server = ThreadingHTTPServer(("127.0.0.1", 0), remembers(urls, folder / "answers.jsonl"))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        yield f"http://127.0.0.1:{server.server_port}"


@contextmanager
def started(model: str, threads: int, slots: int) -> Iterator[str]:
    """The address of llama.cpp in a process of its own."""
    command = [sys.executable, __file__, "--serve", model, "--threads", str(threads), "--in-flight", str(slots)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = server.stdout.readline().decode().strip()
        try:
            yield url
        finally:
            server.stdin.close()


def load(work: Work) -> None:
    """The questions of both tasks, as `regenesis evaluate --limit` takes them."""
    for task, limit in work.limits.items():
        loaded = load_questions([TaskConfig(name=task, split="test", limit=limit)], keep_rows=True, once=False)
        work.questions[task] = loaded.questions
        work.rows |= loaded.rows


def write_tasks(work: Work) -> dict[str, list[str]]:
    """Task files for the harness: ours exported, and its own over the very rows that we ask; names of both."""
    tasks = work.folder / "tasks"
    ours = []
    for task, limit in work.limits.items():
        sampling = f"evaluation.sampling.max_tokens={work.tokens}"
        run([*REGENESIS, "export-task", task, "--to", str(tasks), "--limit", str(limit), "--set", sampling])
        ours.append(f"regenesis_{task}")
    installed = run([str(work.harness.parent / "python"), "-c", "import lm_eval; print(lm_eval.__path__[0])"]).strip()
    theirs = []
    for task, questions in work.questions.items():
        for part in dict.fromkeys(work.rows[question.id].subset for question in questions):
            file = "gsm8k/gsm8k-cot-zeroshot.yaml" if task == "gsm8k" else f"bbh/cot_zeroshot/{part}.yaml"
            name = f"theirs_{task}" if task == "gsm8k" else f"theirs_{task}_{part}"
            rows = [work.rows[question.id] for question in questions if work.rows[question.id].subset == part]
            lines = "".join(json.dumps(dict(row.values)) + "\n" for row in rows)
            (tasks / f"{name}.jsonl").write_text(lines, "utf-8")
            settings = {
                "include": f"{installed}/tasks/{file}",
                "task": name,
                "dataset_path": "json",
                "dataset_name": None,
                # it looks at the training split too, and draws nothing from it
                "dataset_kwargs": {"data_files": dict.fromkeys(("train", "test"), f"{name}.jsonl")},
            }
            (tasks / f"{name}.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
            theirs.append(name)
    return {"ours": ours, "theirs": theirs}


def ask_by_harness(work: Work, tasks: Sequence[str]) -> None:
    """Has the harness ask its tasks; it remembers what is answered."""
    if all(is_asked(work, task) for task in tasks):
        return
    endpoint = f"{work.url}/v1/chat/completions"
    run(
        [
            *(str(work.harness), "run", "--model", "local-chat-completions"),
            "--model_args",
            f"model={work.model},base_url={endpoint},num_concurrent={work.in_flight},max_retries=1,timeout=3600",
            *("--apply_chat_template", "--include_path", ".", "--tasks", ",".join(tasks)),
            *("--gen_kwargs", f"max_gen_toks={work.tokens}", "--use_cache", "../answers"),
            *("--log_samples", "--output_path", f"../{work.logs.name}"),
        ],
        cwd=work.folder / "tasks",
        HF_HUB_OFFLINE="1",
        HF_DATASETS_OFFLINE="1",
        OPENAI_API_KEY="none",
    )


def log_of(work: Work, task: str) -> Path | None:
    """The harness' last log of a task, if it has asked it."""
    return max(work.logs.glob(f"*/samples_{task}_2*.jsonl"), default=None)


def is_asked(work: Work, task: str) -> bool:
    """Whether the harness has asked all the questions of a task file."""
    log = log_of(work, task)
    if log is None:
        return False
    asked = {json.loads(line)["doc_id"] for line in log.read_text("utf-8").splitlines()}
    return len(asked) == len((work.folder / "tasks" / f"{task}.jsonl").read_text("utf-8").splitlines())


def ask_by_regenesis(work: Work, task: str, prompt: str | None) -> Path:
    """Has our evaluation ask a task; returns its folder."""
    folder = work.folder / f"{'ours' if prompt is None else 'theirs'}-{task}"
    chosen = [] if prompt is None else ["--set", f"evaluation.prompts={prompt}"]
    run(
        [
            *(*REGENESIS, "evaluate", work.model, "--base-url", f"{work.url}/v1", "--tasks", task),
            *("--limit", str(work.limits[task]), "--out", str(folder), "--json"),
            *("--set", f"engine.max_in_flight={work.in_flight}"),
            *("--set", f"evaluation.sampling.max_tokens={work.tokens}", *chosen),
        ]
    )
    return folder


def run(command: Sequence[str], cwd: Path | None = None, **environment: str) -> str:
    """Runs a command and gives back what it printed; a failure ends the benchmark with its last words."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    # 4: for a task of few questions no answer could be read, which is a finding and no failure
    if done.returncode not in (0, 4):
        sys.exit(f"{' '.join(command[:4])} … failed:\n{done.stderr[-3000:]}")
    return done.stdout


def answers_of_harness(work: Work, task: str, prompt: str, tasks: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The harness' answer to each question of ours, by question id."""
    found: dict[str, dict[str, Any]] = {}
    for name in tasks:
        if name != f"regenesis_{task}" and not name.startswith(f"theirs_{task}"):
            continue
        log = log_of(work, name)
        if log is None:
            sys.exit(f"The harness left no log of {name}.")
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        chats = {line["doc_id"]: json.loads(line["arguments"]["gen_args_0"]["arg_0"][0]) for line in lines}
        part = name.removeprefix(f"theirs_{task}").removeprefix("_")
        ids = [
            one.id for one in work.questions[task] if prompt == "ours" or not part or work.rows[one.id].subset == part
        ]
        faults: list[str] = []
        logged = [row for _, row in logged_answers(enumerate(lines, 1), faults)]
        if faults:
            sys.exit(f"{log}: {faults[0]}")
        # the harness numbers the documents of a task in their order
        for number, row in enumerate(logged):
            found[ids[number]] = {**row, "chat": chats[number]}
    return found


def compare(work: Work, task: str, prompt: str, folder: Path, tasks: Sequence[str]) -> tuple[dict[str, Any], list[Any]]:
    """Figures of one task and prompt, and the answers on which the two sides differ."""
    (name,) = (path.name for path in (folder / "evaluation").iterdir() if path.is_dir())
    mine: dict[str, ResultRow] = {
        row.question_id: row for row in read_results(folder / "evaluation" / name / f"{task}.parquet")
    }
    outside = answers_of_harness(work, task, prompt, tasks)
    counts: Counter[str] = Counter()
    differing = []
    with Ledger.read(folder / "ledger.sqlite") as ledger:
        for question in work.questions[task]:
            ours, theirs = mine[question.id], outside[question.id]
            request = ledger.request(ours.ledger_key) or {}
            chat = [{"role": turn["role"], "content": turn["content"]} for turn in request.get("messages", [])]
            golds = [question.gold or "", *question.accepted]
            verdict = grade(theirs["response"], golds, kind=question.kind, choices=question.choices)
            agreed = {"verdict": ours.correct == verdict.correct}
            agreed |= {score: ours.correct == (value >= 0.5) for score, value in theirs["harness"].items()}
            counts["questions"] += 1
            counts["same chat"] += chat == theirs["chat"]
            counts["same text"] += ours.response.strip() == theirs["response"].strip()
            counts["correct, ours"] += ours.correct
            counts["correct, our checker on the harness' text"] += verdict.correct
            for score, value in theirs["harness"].items():
                counts[f"correct, harness {score}"] += value >= 0.5
            counts.update(f"agree, {one}" for one, same in agreed.items() if same)
            if not all(agreed.values()) or chat != theirs["chat"]:
                differing.append(
                    {
                        "id": question.id,
                        "prompt": prompt,
                        "gold": question.gold,
                        "disagree": [one for one, same in agreed.items() if not same],
                        "ours": {"status": ours.status, "extracted": ours.extracted, "text": ours.response},
                        "harness": {
                            "scores": theirs["harness"],
                            "our verdict": verdict.status,
                            "extracted": verdict.extracted,
                            "text": theirs["response"],
                        },
                    }
                )
    return dict(counts), differing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harness", type=Path, help="the lm_eval command of the harness' environment")
    parser.add_argument("--model", default="pypi:qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--gsm8k", type=int, default=200, help="questions of GSM8K")
    parser.add_argument("--bbh", type=int, default=100, help="questions of BBH, over all its parts")
    parser.add_argument("--tokens", type=int, default=512, help="most new tokens of an answer")
    parser.add_argument("--prompts", choices=("ours", "theirs", "both"), default="both")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--in-flight", type=int, default=1, help="requests at the same time (default 1)")
    parser.add_argument("--work", type=Path, default=Path("runs/outside-harness"))
    parser.add_argument(
        "--url", help="a server that runs already, such as http://127.0.0.1:8000, in place of an own one"
    )
    parser.add_argument("--serve", metavar="MODEL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads, options.in_flight)
        return
    if options.harness is None:
        parser.error("--harness is needed: the lm_eval command of an environment with lm-eval[api]")
    options.work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    figures: dict[str, Any] = {}
    differing: list[Any] = []
    serving = (
        nullcontext(options.url)
        if options.url
        else served(options.model, options.threads, options.in_flight, options.work)
    )
    with serving as url:
        limits = {"gsm8k": options.gsm8k, "bbh": options.bbh}
        folder, harness = options.work.resolve(), options.harness.absolute()
        work = Work(folder, harness, url, name_at(url), limits, options.tokens, options.in_flight)
        load(work)
        names = write_tasks(work)
        for prompt in ("ours", "theirs") if options.prompts == "both" else (options.prompts,):
            ask_by_harness(work, names[prompt])
            for task in limits:
                folder = ask_by_regenesis(work, task, PROMPTS[task] if prompt == "theirs" else None)
                figures[f"{prompt} {task}"], differ = compare(work, task, prompt, folder, names[prompt])
                differing += differ
                print(f"{prompt} {task}: {figures[f'{prompt} {task}']}", file=sys.stderr, flush=True)
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in differing)
    (options.work / "disagreements.jsonl").write_text(lines, "utf-8")
    shares = [counts.get("agree, verdict", 0) / counts["questions"] for counts in figures.values()]
    finish(
        "outside_harness",
        {**figures, "disagreements": len(differing), "seconds": round(time.monotonic() - started)},
        target=f"the same verdict on at least {ENOUGH:.0%} of the questions of each task",
        met=min(shares) >= ENOUGH,
    )


if __name__ == "__main__":
    main()
