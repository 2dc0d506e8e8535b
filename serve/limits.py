"""Limits on what one client may ask of the server, so that all others are still answered."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request

__all__ = ["Limits"]

# The number of clients that are remembered; the one that was quiet for longest is forgotten first.
MOST_CLIENTS = 10_000


@dataclass(frozen=True)
class Limits:
    """How much is accepted.

    Attributes
    ----------
    body_bytes : int
        The largest body of a request.
    image_pixels : int
        The largest width times height of a PNG, decided before its pixels are decoded.
    rate : float
        Predictions per second and client, in the long run.
    burst : int
        Predictions that a client may ask for at once.
    waiting : int
        Predictions that may wait for their turn, over all clients.
    seconds : float
        The longest time for a request's header to arrive, and for its body.
    connections : int
        Open connections, over all clients. If there are more, the client that has most of them loses the one whose
        request is the longest to come.
    """

    body_bytes: int = 1_000_000
    image_pixels: int = 1024 * 1024
    rate: float = 30.0
    burst: int = 60
    waiting: int = 64
    seconds: float = 10.0
    connections: int = 200


class RateLimit:
    """A token bucket for each client: a request takes a token, and tokens are added at a steady rate.

    Parameters
    ----------
    rate : float
        Tokens per second.
    burst : int
        What a bucket holds; it is full at first.
    clock : callable
        Gives the time in seconds.

    Examples
    --------
    >>> from seegrad.serve.limits import RateLimit
    >>> limit = RateLimit(rate=2.0, burst=1, clock=lambda: 0.0)
    >>> limit.seconds_to_wait("a"), limit.seconds_to_wait("a"), limit.seconds_to_wait("b")
    (0.0, 0.5, 0.0)
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, client: str) -> float:
        """Take a token and return 0; if there is none, return the seconds until there will be one."""
        now = self._clock()
        tokens, then = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - then) * self._rate)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._rate

    def check(self, request: Request) -> None:
        """Raise HTTPException 429 if the client has asked too often."""
        wait = self.seconds_to_wait(request.client.host if request.client else "")
        if wait:
            raise HTTPException(429, "too many requests; wait a little", headers={"Retry-After": str(math.ceil(wait))})


async def read_body(request: Request, limits: Limits) -> bytes:
    """Return the body of a request.

    Raises
    ------
    HTTPException
        413 as soon as it is known to be too large, 408 if it does not arrive in time, 411 if it comes in chunks: a body
        in chunks of a byte each takes the server seconds to put together.
    """
    # Close the connection, so that the rest of a refused body is not waited for.
    hang_up = {"Connection": "close"}
    too_large = HTTPException(413, f"the body is larger than {limits.body_bytes:,} bytes", hang_up)
    if "transfer-encoding" in request.headers:
        raise HTTPException(411, "send the length of the body (Content-Length), not chunks", hang_up)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limits.body_bytes:
        raise too_large
    body = bytearray()
    try:
        with anyio.fail_after(limits.seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.body_bytes:
                    raise too_large
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {limits.seconds:g} seconds", hang_up) from None
    return bytes(body)
