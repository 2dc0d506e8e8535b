"""Large, slow and many requests are turned away, and all others are answered meanwhile."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import ExitStack, suppress

import numpy as np
import pytest

from seegrad.serve.limits import MOST_CLIENTS, RateLimit

PIXELS = json.dumps({"pixels": np.zeros((28, 28)).tolist()}).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def talk(client, *parts, pause=0.0, timeout=20.0):
    """Send the parts of a request and return all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=timeout) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while more := connection.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
        return answer


def test_a_body_that_announces_too_much_is_refused_before_it_comes(serve_model):
    with serve_model(body_bytes=20_000) as client:
        answer = talk(client, HEAD + b"Content-Length: 20001\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"20,000 bytes" in answer
        assert client.predict(PIXELS)[0] == 200


@pytest.mark.parametrize("length", [b"9" * 30, b"9" * 5000])
def test_an_absurd_length_is_refused(client, length):
    answer = talk(client, HEAD + b"Content-Length: " + length + b"\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))


@pytest.mark.parametrize("size", [4096, 1])
def test_a_body_in_chunks_is_refused_before_it_is_read(client, size):
    chunk = b"%x\r\n" % size + b" " * size + b"\r\n"
    answer = talk(client, HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", *[chunk] * 20)
    assert answer.startswith(b"HTTP/1.1 411") or answer == b""  # a reset may overtake the answer
    assert client.predict(PIXELS)[0] == 200


def test_slow_bodies_and_headers_end_and_hold_up_nobody(serve_model):
    with serve_model(seconds=0.6) as client:
        answers = {}

        def ask(name, *parts):
            answers[name] = talk(client, *parts)

        drips = [b"X-Drip: 1\r\n"] * 8
        threads = [
            threading.Thread(target=ask, args=("body", HEAD + b"Content-Length: 100\r\n\r\n{")),
            threading.Thread(target=ask, args=("header", HEAD)),
            threading.Thread(target=ask, args=("nothing",)),
            threading.Thread(
                target=lambda: answers.update(drip=talk(client, HEAD, *drips, pause=0.2)),
            ),
        ]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for _ in range(5):
            assert client.predict(PIXELS)[0] == 200
        assert time.perf_counter() - start < 5
        for thread in threads:
            thread.join(20)
        assert answers["body"].startswith(b"HTTP/1.1 408")
        assert b"0.6 seconds" in answers["body"]
        assert answers["header"] == answers["nothing"] == answers["drip"] == b""
        assert client.predict(PIXELS)[0] == 200


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"POST /pre",
        HEAD + b"X-Open: ",
        HEAD + b"Content-Length: 50\r\n\r\n[",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n",
    ],
    ids=["nothing", "line", "header", "body", "body that nobody reads"],
)
def test_connections_that_are_held_open_shut_nobody_out(serve_model, begin):
    with serve_model(connections=40) as client, ExitStack() as held:
        for number in range(150):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", client.port), timeout=20))
            with suppress(OSError):  # the server may have hung up already
                connection.sendall(begin)
            if number % 10 == 0:
                assert client.predict(PIXELS)[0] == client.get("/")[0] == 200


def test_answers_that_nobody_reads_shut_nobody_out(serve_model):
    ask = b"GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n"
    with serve_model(connections=20) as client, ExitStack() as held:
        for _ in range(30):
            connection = held.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            connection.settimeout(1)
            connection.connect(("127.0.0.1", client.port))
            with suppress(OSError):
                connection.sendall(ask * 1500)
        for _ in range(5):
            assert client.predict(PIXELS)[0] == 200


def test_a_crowd_loses_its_own_connections_first(serve_model):
    with serve_model(connections=40) as client, ExitStack() as held:
        other = held.enter_context(
            socket.create_connection(("127.0.0.1", client.port), source_address=("127.0.0.2", 0))
        )
        other.sendall(HEAD)
        for _ in range(100):
            held.enter_context(socket.create_connection(("127.0.0.1", client.port), timeout=20))
        other.settimeout(20)
        other.sendall(b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(PIXELS) + PIXELS)
        assert other.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "lines",
    [b"X: " + b"a" * 100_000 + b"\r\n", b"X: a\r\n" * 10_000, b"X:" + b" " * 40_000 + b"\r\n"],
    ids=["long", "many", "blank"],
)
def test_a_long_header_is_refused(client, lines):
    answer = talk(client, HEAD + lines + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
    assert b"Invalid HTTP request" in answer or answer == b""  # a reset may overtake the answer
    assert client.predict(PIXELS)[0] == 200


def test_a_header_of_usual_length_is_read(client):
    answer = talk(client, HEAD + b"Cookie: " + b"a" * 8000 + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    assert b"not JSON" in answer


def test_clients_that_ask_too_often_wait(serve_model):
    with serve_model(rate=0.5, burst=3) as client:
        statuses = [client.request("POST", "/predict", PIXELS, "application/json") for _ in range(5)]
        assert [status for status, _, _ in statuses] == [200, 200, 200, 429, 429]
        _, headers, body = statuses[-1]
        assert headers["retry-after"] == "2"
        assert "too many" in json.loads(body)["error"]
        assert client.get("/")[0] == client.get("/healthz")[0] == 200


def test_a_bucket_fills_at_its_rate_and_forgets_old_clients():
    now = [0.0]
    limit = RateLimit(rate=2.0, burst=2, clock=lambda: now[0])
    assert [limit.seconds_to_wait("a") for _ in range(3)] == [0.0, 0.0, 0.5]
    assert limit.seconds_to_wait("b") == 0.0
    now[0] = 0.5
    assert [limit.seconds_to_wait("a") for _ in range(2)] == [0.0, 0.5]
    now[0] = 1000.0
    assert [limit.seconds_to_wait("a") for _ in range(3)] == [0.0, 0.0, 0.5]
    for number in range(2 * MOST_CLIENTS):
        limit.seconds_to_wait(str(number))
    known, forgotten = str(MOST_CLIENTS), str(MOST_CLIENTS - 1)
    assert [limit.seconds_to_wait(known) for _ in range(2)] == [0.0, 0.5]
    assert [limit.seconds_to_wait(forgotten) for _ in range(2)] == [0.0, 0.0]


def test_more_than_can_wait_are_told_to_come_back(serve_model):
    with serve_model(waiting=0) as client:
        status, headers, body = client.request("POST", "/predict", PIXELS, "application/json")
        assert (status, headers["retry-after"]) == (503, "1")
        assert "busy" in json.loads(body)["error"]


def test_clients_that_hang_up_do_no_harm(client, capfd):
    for end in (b"", b"{", PIXELS[:100]):
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(PIXELS) + end)
    assert client.predict(PIXELS)[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_requests_without_end_before_the_first_is_answered_are_not_kept(serve_model):
    ask = b"GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000_000
    with serve_model() as client, socket.create_connection(("127.0.0.1", client.port), timeout=20) as connection:
        with pytest.raises(ConnectionError):  # it hangs up, and does not just stop reading
            connection.sendall(ask)
        assert client.predict(PIXELS)[0] == 200
