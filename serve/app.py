"""The web application: the page, ``POST /predict``, and ``/healthz``."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..nn import Module
from .answer import explanation_data, prediction_data
from .limits import Limits, RateLimit, read_body
from .predictor import Predictor
from .request_image import read_image

__all__ = ["create_app"]

PAGE = Path(__file__).parent / "page"
FILES = {"/": "index.html"} | {
    f"/{name}": name for name in ("page.css", "page.js", "colours.js", "enlarged_map.js", "server_answers.js")
}
# The page loads nothing from other sites, and these headers make browsers enforce that.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

log: Final = logging.getLogger(__name__)


def create_app(
    model: Module,
    class_names: Sequence[str] | None = None,
    limits: Limits | None = None,
    hosts: Sequence[str] = ("*",),
) -> Starlette:
    """Make the web application of a model; any ASGI server runs it.

    ``GET /`` is the page. ``POST /predict`` takes a PNG image or JSON ``{"pixels": [[...], ...]}`` (see
    :func:`seegrad.serve.request_image.read_image`) and answers ``class``, ``confidence``, ``runner_up``,
    ``classes`` and ``probabilities``; ``POST /predict?explain=1`` also ``image``, ``saliency``, ``layers`` and
    ``against``. With ``&against=NAME`` the saliency compares the winner with the class of that name.
    ``GET /healthz`` answers ``{"status": "ok"}``. Errors are ``{"error": message}``.

    Parameters
    ----------
    model : Module
        Takes images ``(n, 28, 28, 1)``, returns scores ``(n, classes)``; copied.
    class_names : sequence of str, optional
        By default those in the model's ``info``, or else the numbers of the classes.
    limits : Limits, optional
        What is accepted.
    hosts : sequence of str, default any
        The names that a request's ``Host`` may have; with another one it is answered 400.

    Raises
    ------
    TypeError, ValueError
        If the model is not such a classifier, or the names do not fit it.
    """
    service = _Service(Predictor(model, class_names), limits or Limits())
    pages = [Route(path, _file(name)) for path, name in FILES.items()]
    return Starlette(
        routes=[
            *pages,
            Route("/healthz", _health),
            Route("/predict", service.predict, methods=["POST"]),
        ],
        middleware=[
            Middleware(_Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={HTTPException: _refuse, ClientDisconnect: _client_has_gone, Exception: _fail},
    )


class _Service:
    """Answers predictions: checks the limits, then computes in a thread, so that others are served meanwhile."""

    def __init__(self, predictor: Predictor, limits: Limits) -> None:
        self._predictor = predictor
        self._limits = limits
        self._rate = RateLimit(limits.rate, limits.burst)
        self._threads: anyio.CapacityLimiter | None = None

    async def predict(self, request: Request) -> Response:
        self._rate.check(request)
        body = await read_body(request, self._limits)
        if self._threads is None:  # made here, since it belongs to the running event loop
            self._threads = anyio.CapacityLimiter(min(4, os.cpu_count() or 1))
        if self._threads.statistics().tasks_waiting >= self._limits.waiting:
            raise HTTPException(503, "the server is busy; try again", headers={"Retry-After": "1"})
        explain = request.query_params.get("explain", "0") not in ("0", "false", "")
        content_type = request.headers.get("content-type", "")
        against = request.query_params.get("against")
        return await anyio.to_thread.run_sync(self._answer, content_type, body, explain, against, limiter=self._threads)

    def _answer(self, content_type: str, body: bytes, explain: bool, against: str | None) -> Response:
        image = read_image(content_type, body, self._limits.image_pixels)
        names = self._predictor.class_names
        if not explain:
            return JSONResponse(prediction_data(self._predictor.probabilities(image), names))
        if against is not None and against not in names:
            raise HTTPException(422, f"there is no class {against[:40]!r}; there are {', '.join(names)}"[:400])
        explanation = self._predictor.explain(image, None if against is None else names.index(against))
        data = prediction_data(explanation.probabilities, names)
        return JSONResponse(data | explanation_data(image, explanation, names))


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def send(_request: Request) -> Response:
        return FileResponse(PAGE / name)

    return send


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _client_has_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


async def _fail(_request: Request, _error: Exception) -> Response:
    # The server's log has the details; a client gets none of them.
    return JSONResponse({"error": "the server failed to answer this; its log says why"}, 500)


class _Headers:
    """Adds the headers that every answer has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
