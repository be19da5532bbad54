"""Three text steps of distilabel over the rows of a job; run by `peers.py` with the Python of distilabel's environment.

python with_distilabel.py job.json paths.json
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

from prompts import STAGES

NEEDS = {"adapt": ["guideline"], "structure": ["guideline", "adapt"], "solve": ["guideline", "structure"]}


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    os.environ["DISTILABEL_CACHE_DIR"] = job["folder"]
    with Pipeline(name="chains", cache_dir=job["folder"]) as pipeline:
        step = LoadDataFromDicts(data=job["rows"], batch_size=job["in_flight"])
        for stage, template in STAGES.items():
            llm = OpenAILLM(
                model="scripted",
                base_url=job["url"],
                api_key="none",
                generation_kwargs={"temperature": 1.0, "max_new_tokens": 512},
            )
            task = TextGeneration(
                name=stage,
                llm=llm,
                template=template,
                columns=["question", *NEEDS[stage]],
                input_batch_size=job["in_flight"],
                output_mappings={"generation": stage, "model_name": f"model_of_{stage}"},
                add_raw_input=False,
                add_raw_output=False,
            )
            step >> task
            step = task
    rows = pipeline.run(use_cache=False)["default"]["train"]
    paths = {f"{row['id']}/{row['guideline']}": row["solve"] for row in rows}
    Path(sys.argv[2]).write_text(json.dumps(paths), "utf-8")


if __name__ == "__main__":
    main()
