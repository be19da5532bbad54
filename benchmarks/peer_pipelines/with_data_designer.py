"""Three text columns of DataDesigner over the rows of a job; run by `peers.py` with the Python of its environment.

python with_data_designer.py job.json paths.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import data_designer.config as dd
import pandas
from data_designer.interface import DataDesigner

from prompts import STAGES


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    provider = dd.ModelProvider(name="scripted", endpoint=job["url"], provider_type="openai", api_key="none")
    sampling = dd.ChatCompletionInferenceParams(
        temperature=1.0, max_tokens=512, max_parallel_requests=job["in_flight"], timeout=120
    )
    model = dd.ModelConfig(
        alias="model", model="scripted", provider="scripted", inference_parameters=sampling, skip_health_check=True
    )
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    rows = pandas.DataFrame(job["rows"])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=rows))
    for stage, template in STAGES.items():
        builder.add_column(dd.LLMTextColumnConfig(name=stage, prompt=template, model_alias="model"))
    designer = DataDesigner(artifact_path=job["folder"], model_providers=[provider])
    made = designer.create(builder, num_records=len(rows)).load_dataset()
    paths = {f"{row['id']}/{row['guideline']}": row["solve"] for row in made.to_dict("records")}
    Path(sys.argv[2]).write_text(json.dumps(paths), "utf-8")


if __name__ == "__main__":
    main()
