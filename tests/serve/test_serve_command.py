"""``seegrad serve``: starting, stopping, and what is said when it cannot start."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

PIXELS = json.dumps({"pixels": np.zeros((28, 28)).tolist()}).encode()


@pytest.fixture(scope="module")
def model_file(model, tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "digits.safetensors"
    model.save(file)
    return file


@pytest.fixture
def start():
    """Return a function that starts the command and returns the process; it ends with the test."""
    processes = []

    def run(*arguments):
        command = [sys.executable, "-m", "seegrad", "serve", *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def address(process):
    """Read the line that says where the page is."""
    return re.search(r"http://([\d.]+):(\d+)/", process.stdout.readline()).groups()


def test_it_serves_this_machine_alone_and_stops_gracefully(start, model_file):
    process = start(model_file, "--port", 0)
    host, port = address(process)
    assert host == "127.0.0.1"
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    try:
        connection.request("POST", "/predict", PIXELS, {"Content-Type": "application/json"})
        assert json.loads(connection.getresponse().read())["classes"] == list("0123456789")
    finally:
        connection.close()

    # A page whose name an attacker lets stand for this machine (DNS rebinding) gets nothing.
    for name, status in (
        ("evil.example", 400),
        (f"evil.example:{port}", 400),
        ("localhost", 200),
        (f"{host}:{port}", 200),
    ):
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        try:
            connection.request("GET", "/healthz", headers={"Host": name})
            assert connection.getresponse().status == status
        finally:
            connection.close()

    # A request that has begun when the server is told to stop is still answered.
    with socket.create_connection((host, int(port)), timeout=30) as slow:
        head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        slow.sendall(f"{head}Content-Length: {len(PIXELS)}\r\n\r\n".encode() + PIXELS[:50])
        time.sleep(0.3)
        threading.Timer(0.5, slow.sendall, [PIXELS[50:]]).start()
        process.send_signal(signal.SIGINT)
        answer = slow.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err.strip()) == (0, "stopped")


def test_a_port_in_use_is_an_error(start, model_file):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = start(model_file, "--port", other.getsockname()[1])
        _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "cannot listen on 127.0.0.1 port" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["missing.safetensors"], 1, "no model missing.safetensors; run seegrad train first"),
        ([__file__], 1, "cannot be loaded as a model"),
        (["model", "--port", "70000"], 2, "must be from 0 to 65535"),
        (["model", "--rate", "0"], 2, "above 0"),
        ([], 1, "there is no model in runs/; run seegrad train first"),
    ],
)
def test_it_says_why_it_cannot_start(start, arguments, status, words):
    process = start(*arguments)
    _, err = process.communicate(timeout=300)
    assert process.returncode == status
    assert words in err
    assert "Traceback" not in err


def test_an_open_address_is_pointed_out(start, model_file):
    process = start(model_file, "--port", 0, "--host", "0.0.0.0")
    assert address(process)[0] == "0.0.0.0"
    process.terminate()
    _, err = process.communicate(timeout=300)
    assert "whoever can reach 0.0.0.0" in err
    assert process.returncode == -signal.SIGTERM


@pytest.mark.skipif(sys.platform == "win32", reason="scripts are others there")
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_open_opens_the_page_on_this_machine(start, model_file, tmp_path, monkeypatch, host):
    browser, visited = tmp_path / "browser", tmp_path / "visited"
    browser.write_text(f'#!/bin/sh\necho "$1" > {visited}.new\nmv {visited}.new {visited}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s &")
    process = start(model_file, "--port", 0, "--host", host, "--open")
    _, port = address(process)
    end = time.monotonic() + 30
    while not visited.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert visited.read_text().strip() == f"http://127.0.0.1:{port}/"
