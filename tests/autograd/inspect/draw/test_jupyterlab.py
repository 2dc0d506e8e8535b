"""The player as a widget in JupyterLab, stepped through in a headless browser."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = [name for name in ("jupyterlab", "nbclient", "anywidget", "tornado") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING) or CHROMIUM is None, reason=f"needs Chromium and {', '.join(MISSING) or 'nothing else'}"
)

SOURCE = """\
import seegrad as sg
a = sg.Value(2.0, label="a")
b = a * -3.0 + a
b.label = "b"
b.play()"""
TOKEN = "letmein"
PATIENCE = 60

READ = """(() => {
  const player = document.querySelector(".jp-OutputArea .seegrad-player");
  if (!player) return "no player yet";
  player.dispatchEvent(new KeyboardEvent("keydown", {key: "End", bubbles: true}));
  return JSON.stringify([...player.querySelectorAll("[data-grad]")].map((n) => [n.dataset.value, n.dataset.grad]));
})()"""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(attempt):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return attempt()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@pytest.fixture
def environment(tmp_path):
    """Keep what Jupyter writes out of the settings of whoever runs this."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    return {**os.environ, **{name: str(tmp_path / name) for name in names}}


@pytest.fixture
def notebook(tmp_path, environment):
    """A notebook that has been executed, so that the state of its widget is saved in it."""
    cell = {"cell_type": "code", "id": "play", "metadata": {}, "execution_count": None, "outputs": [], "source": SOURCE}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file = tmp_path / "play.ipynb"
    file.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    code = "import nbformat, nbclient, sys; book = nbformat.read(sys.argv[1], 4); "
    code += "nbclient.NotebookClient(book).execute(); nbformat.write(book, sys.argv[1])"
    for command in (["-c", code, str(file)], ["-m", "jupyter", "trust", str(file)]):
        subprocess.run([sys.executable, *command], check=True, capture_output=True, timeout=PATIENCE, env=environment)
    return file


@pytest.fixture
def jupyterlab(tmp_path, environment):
    port = free_port()
    options = (
        f"--no-browser --allow-root --port={port} --IdentityProvider.token={TOKEN} --ServerApp.open_browser=False "
    )
    options += "--LabApp.expose_app_in_browser=True"
    command = [sys.executable, "-m", "jupyterlab", *options.split(), f"--ServerApp.root_dir={tmp_path}"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}/lab"
            wait_for(lambda: urllib.request.urlopen(f"{address}?token={TOKEN}", timeout=5).close())
            yield address
        finally:
            server.terminate()


@pytest.fixture
def chromium(tmp_path):
    """The debugging port of a headless browser."""
    profile = tmp_path / "profile"
    options = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --remote-debugging-port=0 about:blank"
    )
    command = [str(CHROMIUM), f"--user-data-dir={profile}", *options.split()]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            yield int(wait_for(lambda: Path(profile, "DevToolsActivePort").read_text()).split()[0])
        finally:
            browser.terminate()


async def evaluate_until(port, address, script, done):
    """Open an address and run a script in it, again and again until its answer is good."""
    from tornado.websocket import websocket_connect

    request = urllib.request.Request(f"http://127.0.0.1:{port}/json/new?{address}", method="PUT")
    with urllib.request.urlopen(request, timeout=10) as response:
        page = json.load(response)["webSocketDebuggerUrl"]
    connection = await websocket_connect(page, max_message_size=1 << 26)
    answer, number, end = None, 0, time.monotonic() + PATIENCE
    while time.monotonic() < end and not done(answer):
        await asyncio.sleep(0.5)
        number += 1
        question = {"id": number, "method": "Runtime.evaluate", "params": {"expression": script, "awaitPromise": True}}
        await connection.write_message(json.dumps(question))
        while (reply := json.loads(await connection.read_message())).get("id") != number:
            pass
        answer = reply["result"]["result"].get("value")
    connection.close()
    while await asyncio.wait_for(connection.read_message(), PATIENCE) is not None:  # None: it is closed
        pass
    return answer


def test_the_widget_shows_the_engines_gradients_in_jupyterlab(notebook, jupyterlab, chromium):
    address = f"{jupyterlab}/tree/{notebook.name}?token={TOKEN}"
    answer = asyncio.run(evaluate_until(chromium, address, READ, lambda text: text and text.startswith("[")))
    # By value and gradient: a, its product with a constant, the result.
    assert sorted(json.loads(answer)) == sorted([["2.0", "-2.0"], ["-6.0", "1.0"], ["-4.0", "1.0"]])


#: A notebook that is run in JupyterLab itself, by the kernel that it starts there.
CELLS = [
    'import seegrad as sg\na = sg.Value(2.0, label="a")\nb = a * -3.0 + a\nb.label = "b"\nb.play()',
    "print('a is', a.data)",
]

#: Runs the first cell, lets Python's variables follow, types a number, and runs the second one, again and again.
FOLLOW = """(async () => {
  const app = window.jupyterapp;
  const { content, sessionContext } = app?.shell.currentWidget ?? {};
  if (!content?.widgets || !sessionContext.session?.kernel) return "not open";
  const player = () => document.querySelector(".jp-OutputArea .seegrad-player");
  if (!window.begun) {
    window.begun = true;
    content.activeCellIndex = 0;
    app.commands.execute("notebook:run-cell");
  }
  if (!player()) return "no player yet";
  const follow = player().querySelector(".live > label input");
  if (!follow.checked) {
    follow.click();
    const field = player().querySelector(".live .number");
    field.value = "5";
    field.dispatchEvent(new Event("input"));
    window.due = Date.now() + 1000;
  }
  if (Date.now() > window.due) { // until the kernel has heard of it
    window.due += 4000;
    content.activeCellIndex = 1;
    app.commands.execute("notebook:run-cell");
  }
  return [...document.querySelectorAll(".jp-OutputArea-output")].map((output) => output.textContent).join("|");
})()"""


def test_variables_of_the_kernel_follow_the_widget_in_jupyterlab(tmp_path, jupyterlab, chromium):
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for i, source in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "follow.ipynb").write_text(json.dumps(book))
    address = f"{jupyterlab}/tree/follow.ipynb?token={TOKEN}"
    answer = asyncio.run(evaluate_until(chromium, address, FOLLOW, lambda text: text and "a is 5.0" in text))
    assert "a is 5.0" in answer
