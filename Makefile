# Everything a newcomer types. `make demo` and `make test` need Python 3.11 and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
SAMPLE := samples/reelworks-demo.mp4

.PHONY: install demo test test-slow check format bench bench-controls bench-words bench-workers bench-fleet bench-backfill bench-kills bench-api bench-plan bench-search eval test-cuda gpu-check screenshots settings-table lock clean

# --no-deps: the lists are complete, and rapidocr would add a second, windowed OpenCV.
$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --no-deps --require-hashes -r requirements.txt
	$(PIP) install --quiet --no-deps -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.txt
	touch $@

install: $(VENV)/.installed

demo: $(VENV)/.installed
	@$(BIN)/reelworks up > /dev/null
	@echo "Indexing $(SAMPLE) (the first time also fetches the models, about 170 MB) ..."
	@$(BIN)/reelworks index $(SAMPLE) --id demo
	@echo; echo '$$ reelworks search "age of wisdom" --in speech'
	@$(BIN)/reelworks search "age of wisdom" --in speech --limit 2
	@echo; echo '$$ reelworks search "stack details" --in text'
	@$(BIN)/reelworks search "stack details" --in text --limit 2
	@echo; echo "Next: put $(BIN) on your PATH, then try"
	@echo "  reelworks index YOUR_VIDEO.mp4     index a file, a folder, an address or s3://bucket/key"
	@echo "  reelworks search 'any words'       search speech, pictures and text on screen"
	@echo "  reelworks show demo                what was heard and seen, scene by scene"
	@echo "  reelworks export demo --srt        subtitles"
	@echo "  reelworks jobs list                the job queue: what waits, runs, failed and why"
	@echo "  reelworks doctor                   check every part"
	@echo; $(BIN)/reelworks up

# Each process has services of its own, about 700 MB of memory. Four on two cores, for the tests
# wait half of their time. More on a larger machine: WORKERS=8.
WORKERS ?= 4
# A module stays with one process; tests/support/order.py has the longest ones begin first.
# Bytecode is written, whatever the shell says: each process imports every test module, and the tests
# start some two hundred programs of ours. Compiling takes half of that time otherwise.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

test: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.installed-dev
	$(PYTEST) -m slow

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m reelworks.app.settings_table --check README.md
	$(BIN)/python -m tests.support.vocabulary
	$(BIN)/python -m tests.support.mirror

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench.speed.run

bench-controls: $(VENV)/.installed-dev
	$(BIN)/python -m bench.quality.controls

# Word error rate by language, beside the plain model. Fewer: LANGUAGES=de,es.
bench-words: $(VENV)/.installed-dev
	$(BIN)/python -m bench.quality.word_errors --languages "$(LANGUAGES)" $(if $(MORE),--more $(MORE))

# Any torch will do: on a machine without a GPU, TORCH can name a CPU build.
TORCH ?= torch
$(VENV)/.installed-cuda: $(VENV)/.installed-dev
	$(PIP) install --quiet "$(TORCH)" -e ".[cuda]"
	touch $@

test-cuda: $(VENV)/.installed-cuda
	$(BIN)/python -m pytest tests/reelworks/models tests/reelworks/stages/frames/test_scenes.py tests/bench

gpu-check: $(VENV)/.installed-cuda
	$(BIN)/python -m bench.gpu.check

# Fifty short videos, two CPU workers and a warm one, one of them killed. Fewer: VIDEOS=10.
bench-fleet: $(VENV)/.installed-dev
	$(BIN)/python -m bench.fleet.run --videos $(or $(VIDEOS),50)

# Ten thousand simulated videos through the real job queue, dispatcher and Prefect server. Fewer: RUNS=500.
bench-backfill: $(VENV)/.installed-dev
	$(BIN)/python -m bench.load.backfill --runs $(or $(RUNS),10000)

bench-workers: $(VENV)/.installed-dev
	$(BIN)/python -m bench.fleet.workers

# Everything is killed again and again under load; the jobs are counted.
bench-kills: $(VENV)/.installed-dev
	$(BIN)/python -m bench.fleet.kills

# How fast the API takes work, what a large upload costs it, and how long a cached job takes.
bench-api: $(VENV)/.installed-dev
	$(BIN)/python -m bench.load.api
	$(BIN)/python -m bench.load.request_to_done

# A backfill's plan, and then what its run took.
bench-plan: $(VENV)/.installed-dev
	$(BIN)/python -m bench.fleet.plan

# A million generated lines, searched: takes about 20 minutes and 8 GB of disk the first time.
# Fewer: LINES=100000.
bench-search: $(VENV)/.installed-dev
	$(BIN)/python -m bench.load.search --lines $(or $(LINES),1000000)

# Questions over the test media: HIT@1, HIT@5, MRR by words, by meaning and by both.
eval: $(VENV)/.installed-dev
	$(BIN)/python -m bench.quality.search

# The pictures of the README: needs Chromium.
screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m bench.screenshots

settings-table: $(VENV)/.installed-dev
	$(BIN)/python -m reelworks.app.settings_table --write README.md

# Makes the pinned, hashed lists again; they hold no registry address.
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate \
	--no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock:
	$(PIP) install --quiet pip-tools
	$(LOCK) -o requirements.txt pyproject.toml
	$(LOCK) -o infra/images/build.txt infra/images/build.in
	$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
	$(LOCK) --extra cuda -c requirements.txt -o requirements-cuda.txt pyproject.toml
	sed -i '/^opencv-python==/,/[^\\]$$/d' requirements.txt requirements-dev.txt requirements-cuda.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
