"""``reelworks token``: keys to the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from reelworks.app.cli import output
from reelworks.app.cli.commands.library import library_engine
from reelworks.domain.library.access import Scope, Token

app = typer.Typer(help="Keys to the API, for callers on other machines.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[
        list[Scope],
        typer.Option(help="What it allows: admin includes submit, submit includes read."),
    ],
    days: Annotated[
        int | None, typer.Option(min=1, max=36500, help="Valid for so long.", show_default="ever")
    ] = None,
    json: output.Json = False,
) -> None:
    """Make a token and show it, this once."""
    from reelworks.store.access.tokens import create_token

    lifetime = None if days is None else timedelta(days=days)
    with library_engine() as engine:
        token = create_token(engine, name, scope, lifetime=lifetime)
    if json:
        output.print_json({"name": name, "token": token})
        return
    output.echo(token)
    output.note("Keep it now: only its digest is stored, so it cannot be shown again.")


@app.command("list")
def list_(json: output.Json = False) -> None:
    """List the tokens; the keys themselves are not kept."""
    from reelworks.store.access.tokens import list_tokens

    with library_engine() as engine:
        tokens = list_tokens(engine)
    if json:
        output.print_json(tokens)
        return
    made = output.table("name", "scopes", "state", "made", "expires", "last used")
    for token in tokens:
        made.add_row(
            token.name,
            ", ".join(token.scopes),
            _state(token),
            _day(token.created_at),
            _day(token.expires_at),
            _day(token.used_at),
        )
    output.out.print(made if tokens else "There are no tokens.")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The token's name.")], json: output.Json = False
) -> None:
    """Let a token be valid no more, from now on."""
    from reelworks.store.access.tokens import revoke_token

    with library_engine() as engine:
        revoke_token(engine, name)
    if json:
        output.print_json({"revoked": name})
    else:
        output.echo(f"The token {name} is revoked.")


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "valid" if token.is_valid(datetime.now(UTC)) else "expired"


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")
