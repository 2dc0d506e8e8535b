"""Running the web application on a port of this machine, until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..common.browser import open_soon
from ..nn import Module
from .app import create_app
from .limits import Limits

__all__ = ["serve"]

LOOPBACK = "127.0.0.1"
# How long requests in progress may take after the server is told to stop.
SECONDS_TO_STOP = 5
HEADER_BYTES = 16_384
# How much a client may send before it has read the answers.
AHEAD_BYTES = 262_144
BACKLOG = 128


def serve(
    model: Module,
    class_names: Sequence[str] | None = None,
    host: str = LOOPBACK,
    port: int = 8000,
    limits: Limits | None = None,
    open_page: bool = False,
) -> None:
    """Serve the page of a model until Ctrl-C or SIGTERM; what is being answered then is still answered.

    Parameters
    ----------
    model : Module
        Takes images ``(n, 28, 28, 1)``, returns scores ``(n, classes)``; copied.
    class_names : sequence of str, optional
        By default those in the model's ``info``, or else the numbers of the classes.
    host : str, default "127.0.0.1"
        The address to listen on. By default only this machine can connect, and only under its own names, so that no
        page of another site can ask in a visitor's name; ``0.0.0.0`` is every network and any name.
    port : int, default 8000
        0 takes a free one.
    limits : Limits, optional
        What is accepted of one client, and in all.
    open_page : bool, default False
        Whether to open the page in the browser of this machine, as soon as it is there.

    Raises
    ------
    OSError
        If the address cannot be used.
    TypeError, ValueError
        If the model is not such a classifier, or the names do not fit it.
    """
    limits = limits or Limits()
    with listen(host, port) as listener:
        app = create_app(model, class_names, limits, own_names(listener, host))
        print(f"draw a digit at {_address(*listener.getsockname()[:2])} (Ctrl-C stops)", flush=True)
        if open_page:
            open_soon(_address_here(listener))
        try:
            uvicorn.Server(configuration(app, limits)).run(sockets=[listener])
        except KeyboardInterrupt:  # raised once all has been answered
            print("stopped", file=sys.stderr)


def configuration(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    """Return settings of uvicorn under which slow or many clients do not block others."""
    return uvicorn.Config(
        app,
        http=LimitedProtocol.within(limits),
        ws="none",
        lifespan="off",
        use_colors=False,
        log_level="error",  # no line for each malformed request
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SECONDS_TO_STOP,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise OSError, with address and reason, if that is not possible."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise OSError(f"cannot listen on {host}: {error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise OSError(f"cannot listen on {host} port {port}: {error}; choose another one") from error
    return listener


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _address_here(listener: socket.socket) -> str:
    """Return the address for a browser on this machine; that of all networks is none."""
    host, port = listener.getsockname()[:2]
    return _address({"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host), port)


def own_names(listener: socket.socket, host: str) -> list[str]:
    """Return the host names that requests may have; on a loopback address, only those of this machine."""
    if not is_loopback(listener.getsockname()[0]):
        return ["*"]
    return ["localhost", LOOPBACK, "[::1]", f"[{host}]" if ":" in host else host]


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class LimitedProtocol(H11Protocol):
    """The HTTP protocol, which closes the connections of slow clients.

    That is a client whose request's header takes longer than ``seconds``, or that sends requests without end before
    the first is answered; and where there are more than ``most`` connections, of the client that has most of them the
    one that has been waited for longest. asyncio calls the public methods.
    """

    seconds: ClassVar[float]
    most: ClassVar[int]
    _deadline: asyncio.TimerHandle | None = None
    _since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the header of a request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._expect_header()
        if len(self.connections) > self.most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take in what the client has sent, as far as it may send more."""
        # h11 limits what it has to keep, not what it gets at once: a long header must come in pieces.
        for start in range(0, len(data), HEADER_BYTES):
            if not self.transport.is_closing():
                super().data_received(data[start : start + HEADER_BYTES])
        if len(self.conn.trailing_data[0]) > AHEAD_BYTES:
            self.transport.abort()
        if self.conn.their_state is h11.IDLE:
            self._expect_header()
        else:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._since = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        connections = cast("set[LimitedProtocol]", self.connections)
        awaited = [one for one in connections if one is not self and one._is_awaited()] or list(connections)
        count = Counter(one.client and one.client[0] for one in awaited)
        crowd = [one for one in awaited if count[one.client and one.client[0]] == max(count.values())]
        slowest = min(crowd, key=lambda one: one._since)
        self.connections.discard(slowest)
        slowest.transport.abort()

    def _is_awaited(self) -> bool:
        """Tell whether it is the client's turn: to send its request, or to read its answer."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY) or self.flow.write_paused

    def _expect_header(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    @classmethod
    def within(cls, limits: Limits) -> type[LimitedProtocol]:
        """Return the protocol of one server, with its limits."""
        return type(cls.__name__, (cls,), {"seconds": limits.seconds, "most": limits.connections})
