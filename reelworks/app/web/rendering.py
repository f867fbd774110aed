"""Rendering of pages from templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from reelworks.app.api.http.request_context import Api
from reelworks.app.web import wording
from reelworks.domain.library.access import ANONYMOUS, Caller, Scope

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'{store}; media-src 'self'{store}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY.format(store=""),
    "Cache-Control": "no-store",
    "Vary": "Accept, Cookie",
    "Referrer-Policy": "same-origin",
}
"""Of every page. What it shows is private, and the same address answers programs in JSON. Without a
referrer browsers would not say which page a form was sent from either."""

_templates = Environment(
    loader=PackageLoader("reelworks.app.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "ago": wording.ago,
    "clock": wording.clock,
    "counted": wording.counted,
    "expected": wording.expected,
    "lasted": wording.lasted,
    "marked": wording.marked,
    "money": wording.money,
    "query": lambda values: urlencode(values, doseq=True),
    "spoken": wording.spoken,
    "why": wording.why,
}
_templates.globals |= {
    "KINDS": wording.KINDS,
    "STAGES": wording.STAGES,
    "STATES": wording.STATES,
    "STATUSES": wording.STATUSES,
    "UNBEGUN": wording.UNBEGUN,
    "VIDEO_STATUSES": wording.VIDEO_STATUSES,
}


def page_text(template: str, values: Mapping[str, Any], caller: Caller = ANONYMOUS) -> str:
    """Return a page's HTML; all that is put into it is escaped."""
    may = {scope.value: scope.is_in(caller.scopes) for scope in Scope}
    known = {"caller": caller, "may": may, "csrf": "", "section": "", "flash": None}
    return _templates.get_template(template).render(known | dict(values))


def page(
    request: Request, template: str, values: Mapping[str, Any] | None = None, status: int = 200
) -> HTMLResponse:
    """Return a page for the caller."""
    api: Api = request.app.state.api
    known = {
        "csrf": getattr(request.state, "csrf", ""),
        "flash": wording.flash_message(request.query_params),
    }
    text = page_text(template, known | dict(values or {}), request.state.caller)
    return HTMLResponse(text, status, headers=PAGE_HEADERS | _policy(api))


def _policy(api: Api) -> dict[str, str]:
    """Return the policy that allows media from the store, when browsers fetch them there."""
    address = api.settings.s3.public_url
    if address is None:
        return {}
    parts = urlsplit(address)
    return {"Content-Security-Policy": _POLICY.format(store=f" {parts.scheme}://{parts.netloc}")}
