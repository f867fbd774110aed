"""Pages at the paths of the API: a browser gets HTML where a program gets JSON."""

from __future__ import annotations

from typing import Annotated, TypeVar, get_origin

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, Headers
from starlette.routing import Match
from starlette.types import Scope

from reelworks.app.api.http.request_context import Context
from reelworks.app.web.session import is_same_origin, wants_page
from reelworks.errors import ForbiddenError

Query = TypeVar("Query", bound=BaseModel)


class PageRoute(APIRoute):
    """A route for browsers only."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what the address says, when a page is wanted."""
        if not wants_page(Headers(scope=scope)):
            return Match.NONE, {}
        return super().matches(scope)


def page_router() -> APIRouter:
    """Return a router for pages."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


async def _form_of(request: Request, api: Context) -> FormData:
    """Return the fields of a form of these pages. Raises ``ForbiddenError`` for any other."""
    if not is_same_origin(request.headers):
        raise ForbiddenError("Only pages of this server may send this form.")
    form = await request.form(max_files=0)
    if not api.loopback and form.get("csrf") != getattr(request.state, "csrf", None):
        raise ForbiddenError("The page is out of date; load it again.")
    return form


Form = Annotated[FormData, Depends(_form_of)]


def parse_form(model: type[Query], pairs: list[tuple[str, str]]) -> Query:
    """Read a form's fields; empty fields count as not given, unknown ones are ignored.

    Raises ``RequestValidationError``.
    """
    known = {field.alias or name: field for name, field in model.model_fields.items()}
    values: dict[str, object] = {}
    for name, value in pairs:
        if not value.strip() or name not in known:
            continue
        if get_origin(known[name].annotation) is list:
            several = values.setdefault(name, [])
            assert isinstance(several, list)  # noqa: S101 - made one line above
            several.append(value)
        else:
            values[name] = value.strip()
    try:
        return model.model_validate(values)
    except ValidationError as error:
        wrong = [one | {"loc": ("query", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(wrong) from None
