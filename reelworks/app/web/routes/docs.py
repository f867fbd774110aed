"""``/docs``: reference of the API, rendered from its OpenAPI document."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import require_scope
from reelworks.app.web.api_reference import operations_of, schemas_of
from reelworks.app.web.rendering import page
from reelworks.domain.library.access import Scope

router = APIRouter(include_in_schema=False)


@router.get("/docs", dependencies=[require_scope(Scope.READ)])
def docs(request: Request) -> Response:
    """Show every operation with its parameters, bodies and responses."""
    document = request.app.openapi()
    values = {
        "section": "docs",
        "info": document["info"],
        "groups": operations_of(document),
        "schemas": schemas_of(document),
        "address": str(request.base_url).rstrip("/"),
    }
    return page(request, "docs.html", values)
