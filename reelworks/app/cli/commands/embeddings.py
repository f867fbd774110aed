"""``reelworks embeddings``: the models of search by meaning, and the change between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.progress import Progress as Bar
from sqlalchemy import Engine

from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.app.cli import output
from reelworks.errors import InputError
from reelworks.settings import Settings, load_settings

app = typer.Typer(
    name="embeddings",
    help="The models that search by meaning: see, build, switch, drop.",
    invoke_without_command=True,
)
Model = Annotated[
    str, typer.Argument(help="Name of the model, as `reelworks embeddings` shows it.")
]


@app.callback()
def status(context: typer.Context, json: output.Json = False) -> None:
    """Show the models whose vectors are in the library, and how far each is."""
    if context.invoked_subcommand is not None:
        return
    from reelworks.store.search.embedding_models import model_states

    with _database() as (_, engine):
        states = model_states(engine)
    if json:
        output.print_json(
            [
                {
                    "model": one.stored.model,
                    "live": one.stored.live,
                    "rows": one.rows,
                    "missing": one.missing,
                    "complete": one.complete,
                    "asked": one.stored.live or one.stored.fills,
                }
                for one in states
            ]
        )
        return
    table = output.table("model", "#rows", "#missing", "#complete", "state")
    for one in states:
        state = "live" if one.stored.live else "fills gaps" if one.stored.fills else "beside"
        share = f"{int(1000 * one.complete) / 10:.1f} %"
        table.add_row(one.stored.model, str(one.rows), str(one.missing), share, state)
    if states:
        output.out.print(table)
    else:
        output.echo("The library has no vectors yet. Try: reelworks index FILE")


@app.command()
def build(
    model: Model,
    switch_over: Annotated[
        bool, typer.Option("--switch/--no-switch", help="Let search use it when it is complete.")
    ] = True,
) -> None:
    """Make a model's vectors for the whole library; search goes on with the live model meanwhile.

    Stopped, it goes on where it was when it is started again.
    """
    from reelworks.operations.reembed import reembed
    from reelworks.pipeline.embedders import embedder_named
    from reelworks.pipeline.run_context import open_run_context
    from reelworks.store.search.embedding_models import switch as switch_to

    with (
        _services((Service.POSTGRES, Service.STORE)) as settings,
        open_run_context(settings) as ctx,
    ):
        embedder = embedder_named(settings, model)
        with Bar(console=output.err, transient=True) as bar:
            line = bar.add_task("Videos", total=None)
            done = reembed(
                ctx, embedder, lambda at, total: bar.update(line, completed=at, total=total)
            )
        name = str(embedder.model)
        output.echo(f"{name}: made the vectors of {done} videos.")
        if switch_over:
            switch_to(ctx.engine, name)
            output.echo(f"Search uses {name} now.")


@app.command()
def switch(model: Model) -> None:
    """Let search use a model whose vectors are complete, at once; also back to an earlier one."""
    from reelworks.store.search.embedding_models import switch as switch_to

    with _database() as (_, engine):
        name = _known(engine, model)
        switch_to(engine, name)
    output.echo(f"Search uses {name} now.")


@app.command()
def drop(model: Model) -> None:
    """Remove a model's vectors that search does not use any more."""
    from reelworks.store.search.embedding_models import drop as drop_vectors

    with _database() as (_, engine):
        name = _known(engine, model)
        removed = drop_vectors(engine, name)
    output.echo(f"Removed {removed} vectors of {name}.")


def _known(engine: Engine, name: str) -> str:
    """Return the full name of a model in the library, by that or by its name alone."""
    from reelworks.store.search.embedding_models import model_names

    names = model_names(engine)
    found = [one for one in names if name in (one, one.partition("@")[0], _alone(one))]
    if len(found) == 1:
        return found[0]
    known = ", ".join(names) or "none"
    problem = "has no vectors of" if not found else "has several models called"
    raise InputError(f"The library {problem} {name}; it has: {known}.")


def _alone(model: str) -> str:
    return model.partition("/")[2].rpartition("@")[0]


@contextmanager
def _services(parts: tuple[Service, ...]) -> Iterator[Settings]:
    settings = load_settings()
    with running(settings, parts) as endpoints:
        os.environ.update(endpoints.environment())
        yield load_settings()


@contextmanager
def _database() -> Iterator[tuple[Settings, Engine]]:
    from reelworks.store.db.database import create_database_engine, ensure_schema

    with _services((Service.POSTGRES,)) as settings:
        engine = create_database_engine(settings)
        try:
            ensure_schema(engine)
            yield settings, engine
        finally:
            engine.dispose()
