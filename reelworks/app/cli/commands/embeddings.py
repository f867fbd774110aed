"""``reelworks embeddings``: embedding models of search, and switching between them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import Progress as Bar
from sqlalchemy import Engine

from infra.services.supervision.state import Service
from reelworks.app.cli import output
from reelworks.app.cli.environment import library_engine, use_services
from reelworks.errors import InputError
from reelworks.settings import load_settings

app = typer.Typer(
    name="embeddings",
    help="Embedding models for search by meaning: show, build, switch, drop.",
    invoke_without_command=True,
)
Model = Annotated[
    str, typer.Argument(help="Name of the model, as shown by `reelworks embeddings`.")
]


@app.callback()
def status(context: typer.Context, json: output.Json = False) -> None:
    """Show the models whose vectors are in the library, and how complete each is."""
    if context.invoked_subcommand is not None:
        return
    from reelworks.store.search.embedding_models import model_states

    with library_engine() as engine:
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
                    "searched": one.stored.live or one.stored.fills,
                }
                for one in states
            ]
        )
        return
    table = output.table("model", "#rows", "#missing", "#complete", "state")
    for one in states:
        state = "live" if one.stored.live else "fills gaps" if one.stored.fills else "unused"
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
        bool,
        typer.Option("--switch/--no-switch", help="Let search use the model once it is complete."),
    ] = True,
) -> None:
    """Compute a model's vectors for the whole library; search uses the live model meanwhile.

    A build that was stopped continues where it was.
    """
    from reelworks.operations.reembed import reembed
    from reelworks.pipeline.embedders import embedder_named
    from reelworks.pipeline.run_context import open_run_context
    from reelworks.store.search.embedding_models import switch as switch_to

    with (
        use_services(load_settings(), (Service.POSTGRES, Service.STORE)) as settings,
        open_run_context(settings) as ctx,
    ):
        embedder = embedder_named(settings, model)
        with Bar(console=output.err, transient=True) as bar:
            line = bar.add_task("Videos", total=None)
            done = reembed(
                ctx, embedder, lambda at, total: bar.update(line, completed=at, total=total)
            )
        name = str(embedder.model)
        output.echo(f"Computed the vectors of {output.plural(done, 'video')} with {name}.")
        if switch_over:
            switch_to(ctx.engine, name)
            output.echo(f"Search now uses {name}.")


@app.command()
def switch(model: Model) -> None:
    """Let search use a model whose vectors are complete, for example an earlier one."""
    from reelworks.store.search.embedding_models import switch as switch_to

    with library_engine() as engine:
        name = _full_name(engine, model)
        switch_to(engine, name)
    output.echo(f"Search now uses {name}.")


@app.command()
def drop(model: Model) -> None:
    """Remove the vectors of a model that search no longer uses."""
    from reelworks.store.search.embedding_models import drop as drop_vectors

    with library_engine() as engine:
        name = _full_name(engine, model)
        removed = drop_vectors(engine, name)
    output.echo(f"Removed {removed} vectors of {name}.")


def _full_name(engine: Engine, name: str) -> str:
    """Return the full name of a model of the library, by its full or its short name."""
    from reelworks.store.search.embedding_models import model_names

    names = model_names(engine)
    found = [one for one in names if name in (one, one.partition("@")[0], _short_name(one))]
    if len(found) == 1:
        return found[0]
    known = ", ".join(names) or "none"
    problem = "has no vectors of" if not found else "has several models called"
    raise InputError(f"The library {problem} {name}; it has: {known}.")


def _short_name(model: str) -> str:
    return model.partition("/")[2].rpartition("@")[0]
