"""Running the web application on a port of this machine, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..nn import Module
from .app import create_app
from .limits import Limits

LOOPBACK = "127.0.0.1"
# What is being answered when the server is told to stop may take so long to end.
SECONDS_TO_STOP = 5


def serve(
    model: Module,
    class_names: Sequence[str] | None = None,
    host: str = LOOPBACK,
    port: int = 8000,
    limits: Limits | None = None,
) -> None:
    """Serve the page of a model until Ctrl-C or SIGTERM; what is being answered then is still answered.

    Parameters
    ----------
    model : Module
        Takes images ``(n, 28, 28, 1)``, returns scores ``(n, classes)``; copied.
    class_names : sequence of str, optional
        By default those in the model's ``info``, or else the numbers of the classes.
    host : str, default "127.0.0.1"
        The address to listen on. By default only this machine can connect; ``0.0.0.0`` is every network.
    port : int, default 8000
        0 takes a free one.
    limits : Limits, optional
        What is accepted of one client, and in all.

    Raises
    ------
    OSError
        If the address cannot be used.
    TypeError, ValueError
        If the model is not such a classifier, or the names do not fit it.
    """
    limits = limits or Limits()
    app = create_app(model, class_names, limits)
    with listen(host, port) as listener:
        print(f"draw a digit at {_address(listener)} (Ctrl-C stops)", flush=True)
        try:
            uvicorn.Server(configuration(app, limits)).run(sockets=[listener])
        except KeyboardInterrupt:  # raised once all has been answered
            print("stopped", file=sys.stderr)


def configuration(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    """Return how uvicorn has to run the application so that slow and many clients do not hold it up."""
    return uvicorn.Config(
        app,
        http=_patience(limits.seconds),
        ws="none",
        lifespan="off",
        log_level="error",  # not a line for everyone who sends nonsense
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=SECONDS_TO_STOP,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise OSError, which says where and why, if that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise OSError(f"cannot listen on {host}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise OSError(f"cannot listen on {host} port {port}: {error}; choose another one") from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _patience(seconds: float) -> type[H11Protocol]:
    """Return the protocol that hangs up on clients whose request's header takes longer than ``seconds``."""

    class Patience(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._expect_header()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is h11.IDLE:
                self._expect_header()
            else:
                self._stop_waiting()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _expect_header(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self.transport.close)

        def _stop_waiting(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Patience
