"""How ``seegrad serve`` does under load on this machine: answers per second, their latency, memory, and bad company.

Clients and server share the machine's cores, so a server alone does better. Takes half a minute; nothing leaves the
machine. Run: ``python benchmarks/bench_server.py [--seconds 3]``.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image

import seegrad as sg

HEAD = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
PNG_HEAD = HEAD.replace("application/json", "image/png")


@contextmanager
def served() -> Iterator[tuple[int, int]]:
    """Serve the MNIST network from a process of its own; give its port and its process id."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.safetensors")
        sg.nn.models.mnist_cnn(seed=0).save(file)
        command = [sys.executable, "-m", "seegrad", "serve", str(file), "--port", "0", "--rate", "1000000"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            found = re.search(r":(\d+)/", process.stdout.readline())
            yield int(found.group(1)), process.pid
        finally:
            process.terminate()
            process.wait(30)


def memory(pid: int) -> str:
    """Return the most memory that the process has had so far."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "unknown"
    kilobytes = int(re.search(r"VmHWM:\s+(\d+)", status).group(1))
    return f"{kilobytes / 1024:.0f} MB"


def png(image: np.ndarray, scale: int) -> bytes:
    """Return a digit as a picture so many times as large."""
    file = io.BytesIO()
    Image.fromarray(np.kron(np.uint8(255 * image[..., 0]), np.ones((scale, scale), np.uint8))).save(file, "PNG")
    return file.getvalue()


def good_client(
    port: int, path: str, kind: str, body: bytes, until: float, seconds: list[float], codes: Counter
) -> None:
    """Ask again and again on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while time.perf_counter() < until:
        start = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - start)
        codes[answer.status] += 1
    connection.close()


def measure(name: str, port: int, clients: int, duration: float, path: str, kind: str, body: bytes) -> None:
    """Print what so many clients see who ask at the same time."""
    seconds: list[float] = []
    codes: Counter = Counter()
    until = time.perf_counter() + duration
    ask = [
        threading.Thread(target=good_client, args=(port, path, kind, body, until, seconds, codes))
        for _ in range(clients)
    ]
    for thread in ask:
        thread.start()
    for thread in ask:
        thread.join()
    p50, p95, p99 = 1000 * np.percentile(seconds, [50, 95, 99])
    share = codes[200] / max(1, codes.total())
    print(
        f"{name:<34} {clients:>7} {len(seconds) / duration:>9.0f} {p50:>8.1f} {p95:>8.1f} {p99:>8.1f} "
        f"{1000 * max(seconds):>8.1f} {share:>7.1%}",
        flush=True,
    )


def send(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send the parts of something and return the first line of what comes back."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        return connection.recv(4096).partition(b"\r\n")[0]
    return b"(hung up)"


def bad_company(port: int) -> dict[str, Callable[[], bytes]]:
    """Return what clients do who are clumsy or mean."""
    head = HEAD.encode()
    drip = [head, *[b"X-Drip: drip\r\n"] * 30]
    large = b"x" * 65536
    picture = png(sg.data.load_mnist()[1].x[0], 36)
    return {
        "announces 10 GB": lambda: send(port, head + b"Content-Length: 10000000000\r\n\r\n"),
        "sends 4 MB": lambda: send(port, head + b"Content-Length: 4194304\r\n\r\n", *[large] * 64),
        "sends chunks without end": lambda: send(
            port, head + b"Transfer-Encoding: chunked\r\n\r\n", *[b"10000\r\n" + large + b"\r\n"] * 64
        ),
        "sends 1008 x 1008 pixels": lambda: send(
            port, PNG_HEAD.encode() + f"Content-Length: {len(picture)}\r\n\r\n".encode() + picture
        ),
        "sends no HTTP": lambda: send(port, b"\x16\x03\x01 nonsense\r\n\r\n"),
        "sends no JSON": lambda: send(port, head + b"Content-Length: 4\r\n\r\n[[[["),
        "header drips in": lambda: send(port, *drip, pause=0.4),
        "body never comes": lambda: send(port, head + b"Content-Length: 5000\r\n\r\n["),
        "says nothing": lambda: send(port, b""),
    }


def keep_bad_company(port: int, name: str, act: Callable[[], bytes], until: float, heard: dict[str, Counter]) -> None:
    """Do the same bad thing again and again."""
    while time.perf_counter() < until:
        heard[name][act().decode("latin-1")] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each measurement")
    duration = parser.parse_args().seconds
    image = sg.data.load_mnist()[1].x[0]
    pixels = json.dumps({"pixels": image[..., 0].round(3).tolist()}).encode()
    drawing = png(image, 5)
    with served() as (port, pid):
        print(f"{'':<34} {'clients':>7} {'answers/s':>9} {'p50 ms':>8} {'p95':>8} {'p99':>8} {'max':>8} {'OK':>7}")
        for clients in (1, 8, 32):
            measure("JSON, probabilities", port, clients, duration, "/predict", "application/json", pixels)
        for clients in (1, 8):
            measure("PNG, explained (the page)", port, clients, duration, "/predict?explain=1", "image/png", drawing)
        print(f"most memory so far: {memory(pid)}")
        heard: dict[str, Counter] = {name: Counter() for name in bad_company(port)}
        until = time.perf_counter() + duration
        company = [
            threading.Thread(target=keep_bad_company, args=(port, name, act, until, heard))
            for name, act in bad_company(port).items()
            for _ in range(5)
        ]
        for thread in company:
            thread.start()
        name = f"JSON, beside {len(company)} bad clients"
        measure(name, port, 4, duration, "/predict", "application/json", pixels)
        for thread in company:
            thread.join()
        for name, answers in heard.items():
            said = ", ".join(f"{line or '(hung up)'} x {count}" for line, count in answers.items())
            print(f"  {name + ':':<26} {said}")
        print(f"most memory: {memory(pid)}")


if __name__ == "__main__":
    main()
