"""The pages and what they load: files of ours by their names, and nothing else of this machine."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from hil.web.refusals import Refusal

__all__ = ["page", "static"]

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
NAME = re.compile(r"[a-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
PAGES = Path(str(files("hil"))) / "console" / "pages"
STATIC = Path(str(files("hil"))) / "console" / "static"
UPLOT = Path(str(files("hil"))) / "pages" / "static" / "uplot"


def page(request: Request, name: str) -> Response:
    """One of the pages."""
    return _answered(request, PAGES / f"{name}.html")


def static(request: Request, folder: str, name: str) -> Response:
    """A script, a style, a picture. Raises Refusal for anything that is not there."""
    path = (UPLOT if folder == "uplot" else STATIC) / name
    if folder not in {"", "uplot"} or not NAME.fullmatch(name) or path.suffix not in KINDS or not path.is_file():
        raise Refusal(404, "there is nothing at this address", where=request.url.path[:100], do="use the link that the console printed")
    return _answered(request, path)


def _answered(request: Request, path: Path) -> Response:
    try:
        content = path.read_bytes()
    except OSError:
        raise Refusal(404, "this page is not there", where=request.url.path[:100], do="install pumpsim again") from None
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers={**headers, "content-type": KINDS[path.suffix]})
