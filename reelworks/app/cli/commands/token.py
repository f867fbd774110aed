"""``reelworks token``: API tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from reelworks.app.cli import output
from reelworks.app.cli.display.changes import print_unchanged
from reelworks.app.cli.environment import library_engine
from reelworks.app.cli.exit_codes import NOTHING_CHANGED
from reelworks.app.cli.output import format_timestamp
from reelworks.domain.library.access import Scope, Token

app = typer.Typer(help="API tokens, for callers on other machines.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what uses the token.")],
    scope: Annotated[
        list[Scope],
        typer.Option(help="What the token allows: admin includes submit, submit includes read."),
    ],
    days: Annotated[
        int | None,
        typer.Option(min=1, max=36500, help="Days until it expires.", show_default="never"),
    ] = None,
    json: output.Json = False,
) -> None:
    """Create a token and print it. It cannot be shown again."""
    from reelworks.store.access.tokens import create_token

    lifetime = None if days is None else timedelta(days=days)
    with library_engine() as engine:
        token = create_token(engine, name, scope, lifetime=lifetime)
    if json:
        output.print_json({"name": name, "token": token})
        return
    output.echo(token)
    output.note("Copy it now: only its digest is stored, so it cannot be shown again.")


@app.command("list")
def list_(json: output.Json = False) -> None:
    """List the tokens, without their secrets."""
    from reelworks.store.access.tokens import list_tokens

    with library_engine() as engine:
        tokens = list_tokens(engine)
    if json:
        output.print_json(tokens)
        return
    table = output.table("name", "scopes", "state", "created", "expires", "last used")
    for token in tokens:
        table.add_row(
            token.name,
            ", ".join(token.scopes),
            _state(token),
            _time(token.created_at),
            _time(token.expires_at),
            _time(token.used_at),
        )
    output.out.print(table if tokens else "There are no tokens.")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The token's name.")], json: output.Json = False
) -> int:
    """Revoke a token at once."""
    from reelworks.store.access.tokens import list_tokens, revoke_token

    with library_engine() as engine:
        revoked = {one.name for one in list_tokens(engine) if one.revoked_at is not None}
        revoke_token(engine, name)
    if json:
        output.print_json({"revoked": name})
        return NOTHING_CHANGED if name in revoked else 0
    if name in revoked:
        return print_unchanged(f"the token {name} is revoked already")
    output.echo(f"Revoked the token {name}.")
    return 0


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "valid" if token.is_valid(datetime.now(UTC)) else "expired"


def _time(moment: datetime | None) -> str:
    return "" if moment is None else format_timestamp(moment)
