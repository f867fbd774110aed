"""A stage added as the guide shows is seen by all that reads the table, with no other edit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "CONTRIBUTING.md"
TITLE = "## Adding a stage\n"
FENCE = re.compile(r"^ *```(python|diff)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
FOLDERS = ("reelworks", "flows", "tasks", "blocks", "infra", "tests/support")

LOOK = """
import flows.index
from reelworks.app.api.schemas.jobs import STAGES_OF_A_RUN
from reelworks.app.api.schemas.requests import Rerun
from reelworks.app.web import wording
from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.operations.backfill.cache_status import CacheStatus
from reelworks.operations.backfill.candidates import Candidate
from reelworks.operations.backfill.estimate import Rates, Terms, plan_of
from reelworks.operations.backfill.plan import plan_lines, rates_of
from reelworks.domain.jobs.backfill import Limits
from reelworks.pipeline.cache_keys import stage_call
from reelworks.pipeline.capabilities import benefits_from_gpu
from reelworks.pipeline.planned_calls import ConfiguredModels, Upstream, VideoSource, planned_call
from reelworks.pipeline.spec import Stage, dependants_of
from reelworks.pipeline.stage_cache import StageResult
from reelworks.settings import Provider, Settings
from reelworks.store.library.work_history import History
from reelworks.stages.text.highlights import find_highlights
from tasks.text.highlights import highlights
from tests.support.flow_graph import closure, graph_of, table_graph

local = Settings(_env_file=None)
hosted = Settings(_env_file=None, openai_api_key="k", embed_provider=Provider.OPENAI)

# labels, progress share, forms
assert wording.STAGES["highlights"] == "Find highlights"
assert STAGES_OF_A_RUN == 10
assert "highlights" in str(flows.index.IndexParams.model_json_schema())
assert "highlights" in str(Rerun.model_json_schema())

# dependants of a re-run
assert dependants_of(["transcribe"]) == (Stage.EMBED_SPEECH, Stage.HIGHLIGHTS)
assert dependants_of(["scenes"]) == (Stage.FRAMES, Stage.VISION, Stage.EMBED_PICTURE)

# routing
assert highlights.name == "highlights"
assert "runs-on:gpu" in highlights.tags
assert benefits_from_gpu(local, "highlights")
assert not benefits_from_gpu(hosted, "highlights")

# planner and estimate
models = ConfiguredModels.of(hosted)
hour = Candidate("v", None, 0, 3600.0, "1" * 64, None)
everything = frozenset(Stage)
cached, missing = (
    CacheStatus(everything, {"segments": 300}),
    CacheStatus(everything - {"highlights"}, {"segments": 300}),
)
rates = rates_of(History(), models)
lines = plan_lines([(hour, cached), (hour, missing)], rates)
assert [line.todo for line in lines] == [(), ("highlights",)]
assert lines[1].work == {"highlights": 8.0}
plan = plan_of(lines, lambda model, usage: None, Terms(Limits(), 1))
(one,) = [stage for stage in plan.stages if stage.stage == "highlights"]
assert (one.todo, one.cached, one.calls, one.seconds) == (1, 1, 2, 8.0)
assert plan_lines([(hour, cached)], rates, ["transcribe"])[0].todo == (
    "transcribe", "embed_speech", "highlights",
)

# the planner looks for the key that the task caches its result under
transcript = StageResult(Transcript(None, ()), {}, "2" * 64, None, True)
up = Upstream(VideoSource("v", "1" * 64), models, {Stage.TRANSCRIBE: transcript})
planned = planned_call(Stage.HIGHLIGHTS, up)
inputs = {"transcribe": transcript.digest}
assert planned.key == stage_call(Stage.HIGHLIGHTS, "v", inputs, model=models.embedder.model).key
assert planned.stage == "highlights"

# the flow runs it on what its row needs
graph, table = closure(graph_of(flows.index)), closure(table_graph())
assert {task: graph[task] for task in table} == table

# the verb does what its docstring says
class ByLength:
    def embed(self, texts):
        return [[1.0, 0.0] if len(text) < 9 else [0.0, 1.0] for text in texts]

texts = ("Short.", "Quite a long one.", "Brief.", "Tiny.", "So long, again.", "Words.", "Few.")
said = Transcript("en", tuple(Segment(i, i + 1, text) for i, text in enumerate(texts)))
assert find_highlights(said, ByLength(), silent) == (0, 2, 3, 5, 6)
assert find_highlights(Transcript(None), ByLength(), silent) == ()
print("seen")
"""


def blocks() -> list[tuple[str, str, str]]:
    """Return the guide's code blocks: kind, path and text."""
    found = []
    _, title, rest = GUIDE.read_text(encoding="utf-8").partition(TITLE)
    assert title
    for kind, body in FENCE.findall(rest.partition("\n## ")[0]):
        first, _, text = textwrap.dedent(body).partition("\n")
        found.append((kind, first.strip().removeprefix("# "), text))
    return found


def apply(tree: Path) -> list[str]:
    """Write the guide's files into a tree and make its changes; return the paths."""
    paths = []
    for kind, name, body in blocks():
        path = tree / name
        paths.append(name)
        if kind == "python":
            assert not path.exists()
            path.write_text(body, encoding="utf-8")
            continue
        lines = body.splitlines(keepends=True)
        before = "".join(line[2:] for line in lines if not line.startswith("+"))
        after = "".join(line[2:] for line in lines)
        source = path.read_text(encoding="utf-8")
        assert source.count(before) == 1, f"{name} has no longer what the guide shows"
        path.write_text(source.replace(before, after), encoding="utf-8")
    return paths


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the source."""
    for folder in FOLDERS:
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    return tmp_path


def test_a_stage_added_as_the_guide_shows_is_seen_everywhere(tree: Path) -> None:
    assert sorted(set(apply(tree))) == [
        "flows/index.py",
        "reelworks/pipeline/spec.py",
        "reelworks/stages/text/highlights.py",
        "tasks/text/highlights.py",
    ]
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("seen\n"), done.stderr
