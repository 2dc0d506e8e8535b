"""A server with a small model that was trained on the digits that come with the package, in a thread."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import uvicorn

import seegrad as sg
from seegrad.serve import Limits, create_app
from seegrad.serve.server import configuration, listen

sys.path.insert(0, str(Path(__file__).parent))


class Client:
    """Asks a server; each request on a connection of its own."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"

    def request(self, method, path, body=None, content_type=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            all_headers = dict(headers) | ({"Content-Type": content_type} if content_type else {})
            connection.request(method, path, body, all_headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def predict(self, body, content_type="application/json", query=""):
        """Return the status and the answer's data."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        status, headers, answer = self.request("POST", "/predict" + query, body, content_type)
        assert headers["content-type"] == "application/json"
        return status, json.loads(answer)


@contextmanager
def running(app, limits):
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(configuration(app, limits))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield Client(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def digits():
    """Training and test digits, few enough to learn from in seconds."""
    train, test = sg.data.load_mnist()
    return train[:3000], test[:500]


@pytest.fixture(scope="session")
def model(digits):
    """A network that reads most digits right."""
    layers = sg.nn.Conv2d(1, 8, 5, stride=2, seed=0), sg.nn.ReLU(), sg.nn.Flatten(), sg.nn.Linear(1152, 10, seed=1)
    network = sg.nn.Sequential(*layers)
    trainer = sg.nn.Trainer(network, sg.optim.Adam(network.parameters(), lr=0.003), sg.nn.CrossEntropyLoss())
    trainer.fit(digits[0], epochs=4, seed=0, progress=False)
    assert trainer.evaluate(digits[1])["accuracy"] > 0.9
    return network


@pytest.fixture(scope="session")
def serve_model(model):
    """Return a context manager that serves the model within the limits given."""

    def start(app_model=model, names=None, **limits):
        chosen = Limits(**{"rate": 10_000.0, "burst": 10_000} | limits)
        return running(create_app(app_model, names, chosen), chosen)

    return start


@pytest.fixture(scope="session")
def client(serve_model):
    with serve_model() as served:
        yield served


@pytest.fixture
def seven(digits):
    """A seven from the test images, as the model takes it."""
    images, labels = digits[1].x, digits[1].y
    return images[int(np.flatnonzero(labels == 7)[0])]
