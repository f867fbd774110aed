"""Graph of the tasks that a flow calls, read from its source."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

from prefect import Task

from reelworks.pipeline.spec import STAGES

Needs = dict[str, set[str]]
"""Importable names of tasks, each with those whose results it reads."""


def graph_of(module: ModuleType) -> Needs:
    """Return the graph of the tasks that a flow's module calls."""
    return _Reader(module).needs


def table_graph() -> Needs:
    """Return the graph that the table of stages states."""
    task_of = {spec.name: spec.task for spec in STAGES}
    return {spec.task: {task_of[need] for need in spec.needs} for spec in STAGES}


class _Reader:
    """Follows the variables of a module's source until nothing new is found.

    A task is called as the first argument of a function, like ``run(task, ...)``, or itself.
    """

    def __init__(self, module: ModuleType) -> None:
        self.needs: Needs = {}
        self._names = vars(module)
        functions = ast.walk(ast.parse(inspect.getsource(module)))
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        self._functions = {one.name: one for one in functions if isinstance(one, kinds)}
        self._values: dict[tuple[str, str], set[str]] = {}
        before = None
        while before != (before := (str(self.needs), str(self._values))):
            for name, function in self._functions.items():
                self._read(name, function)

    def _read(self, function: str, body: ast.AST) -> None:
        for node in ast.walk(body):
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for name in (one for target in targets for one in ast.walk(target)):
                    if isinstance(name, ast.Name):
                        self._add((function, name.id), self._sources(node.value, function))
            if isinstance(node, ast.Call):
                self._call(node, function)

    def _call(self, call: ast.Call, function: str) -> None:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        read = set().union(*(self._sources(one, function) for one in given))
        task = self._task(call)
        if task is not None:
            self.needs.setdefault(task, set()).update(read - {task})
        called = self._functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if called is not None:
            for parameter, value in zip(called.args.args, call.args, strict=False):
                self._add((called.name, parameter.arg), self._sources(value, function))

    def _sources(self, expression: ast.AST, function: str) -> set[str]:
        if isinstance(expression, ast.Call) and (task := self._task(expression)):
            return {task}
        if isinstance(expression, ast.Name):
            return set(self._values.get((function, expression.id), ()))
        children = ast.iter_child_nodes(expression)
        return set().union(*(self._sources(child, function) for child in children))

    def _task(self, call: ast.Call) -> str | None:
        for one in (call.func, *call.args[:1]):
            found = self._names.get(one.id) if isinstance(one, ast.Name) else None
            if isinstance(found, Task):
                return f"{found.fn.__module__}.{found.fn.__name__}"
        return None

    def _add(self, variable: tuple[str, str], sources: set[str]) -> None:
        self._values.setdefault(variable, set()).update(sources)


def closure(needs: Needs) -> Needs:
    """Every task with all that it reads, directly or through others."""
    reached = {name: set(direct) for name, direct in needs.items()}
    for _ in reached:
        for name, found in reached.items():
            reached[name] = found.union(*(reached.get(one, set()) for one in found))
    return reached
