"""``TrainingRecord``: weights, gradients, activations and losses of a training, as a page to step through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...autograd import Tensor, Value
from ...common.argument_checks import checked_count
from ...common.atomic_file import write_atomically
from ...common.browser import open_html
from ..module import Module
from ..training.callbacks.callback import Callback
from ..training.given_data import as_batch
from ..training.training_state import Run
from .decision_boundary import DecisionBoundary
from .histogram import histogram
from .layer_outputs import dead_units, layer_outputs, relu_names
from .measured_parts import parts_of
from .record_data import page_data
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .graph_states import GraphStates, State

__all__ = ["TrainingRecord"]

Array = npt.NDArray[Any]

#: With more recorded steps than this, every second one is dropped.
MOST_STEPS = 100


class TrainingRecord(Callback):
    """Record a training every few steps, and show it as a page: a slider over the steps, and what was measured there.

    The page has the loss; for each layer histograms of weights, gradients and outputs, and the share of dead ReLU
    units; for points in the plane the decision boundary; for a loss of few numbers its graph, with values and
    gradients. It is one file that needs no network. In a notebook a record shows itself.

    It is a callback of :meth:`Trainer.fit`. In a loop of your own, call :meth:`step` after ``backward()`` and before
    the optimizer changes the weights.

    Parameters
    ----------
    model : Module, network of Values, or sequence of Value and Tensor
        What is trained, or its parameters.
    every : int, default 10
        Record the first step, and then one of so many. More than 100 recorded steps are thinned to half as many; then
        ``every`` doubles.
    x : array_like, shape (n, ...), optional
        Examples, for which the outputs of the layers are measured. With a trainer, by default some of its own.
    y : array_like, shape (n,), optional
        Their classes or numbers: with an ``x`` of shape ``(n, 2)``, the decision boundary is recorded.
    examples : int, default 256
        The largest number of examples that are used; they are taken evenly from ``x``.

    Attributes
    ----------
    every : int
        How many steps lie between two recorded ones, as it is now.
    steps : list of int
        The recorded steps, counted from 1.

    Raises
    ------
    TypeError
        If the model is of another kind.
    ValueError
        If nothing is trained, or x and y do not fit each other.

    Notes
    -----
    The weights, gradients and outputs of a step belong together in a loop of your own: they are those before the
    update. A trainer calls its callbacks after the update; then the weights and outputs are the new ones, and the
    gradients those that led to them. Outputs are measured in evaluation mode.

    Examples
    --------
    With a trainer:

    >>> x, y = sg.data.make_moons(200, noise=0.1, seed=0)
    >>> model = sg.nn.Sequential(sg.nn.Linear(2, 16, seed=0), sg.nn.ReLU(), sg.nn.Linear(16, 2, seed=1))
    >>> record = sg.nn.TrainingRecord(model, every=5, x=x, y=y)
    >>> history = sg.nn.Trainer(model, "adam", "cross_entropy").fit(x, y, epochs=5, seed=0, callbacks=record)
    >>> record.steps
    [1, 5, 10, 15, 20]
    >>> record.save("training.html").name
    'training.html'

    In a loop, with the graph of the loss:

    >>> w = sg.Value(4.0, label="w")
    >>> record = sg.nn.TrainingRecord([w], every=1)
    >>> for _ in range(20):
    ...     loss = (w - 1.0) ** 2
    ...     w.grad = 0.0
    ...     loss.backward()
    ...     record.step(loss)
    ...     w.data -= 0.1 * w.grad
    >>> record
    TrainingRecord of 20 steps, 20 recorded; loss 9 -> 0.00186923
    """

    every_rank = False

    def __init__(
        self,
        model: Any,
        *,
        every: int = 10,
        x: npt.ArrayLike | None = None,
        y: npt.ArrayLike | None = None,
        examples: int = 256,
    ) -> None:
        self.every: int = checked_count("TrainingRecord: every", every)
        self._model = model
        self._parts = parts_of(model)
        self._examples = checked_count("TrainingRecord: examples", examples)
        self._given = x is not None
        self._x: Array | None = None
        self._boundary: DecisionBoundary | None = None
        if x is not None:
            self._take_examples(_plain(x), None if y is None else _plain(y))
        elif y is not None:
            raise ValueError("TrainingRecord: y was given without x")
        self._graph: GraphStates | None = None
        self._snapshots: list[Snapshot] = []
        self._losses: list[float] = []
        self._last: tuple[int, float] | None = None
        self._after_update = False

    def _take_examples(self, x: Array, y: Array | None) -> None:
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"TrainingRecord: x must hold examples, got an array of shape {x.shape}")
        if y is not None and len(y) != len(x):
            raise ValueError(f"TrainingRecord: x has {len(x):,} examples, y {len(y):,}")
        chosen = np.linspace(0, len(x) - 1, min(len(x), self._examples)).round().astype(np.intp)
        self._x = x[chosen]
        in_plane = x.ndim == 2 and x.shape[1] == 2 and x.dtype.kind == "f"
        if callable(self._model) and in_plane and y is not None and y.size == len(x):
            self._boundary = DecisionBoundary(self._model, x, y.reshape(-1))

    @property
    def steps(self) -> list[int]:
        """The recorded steps."""
        return [snapshot.step for snapshot in self._snapshots]

    def __len__(self) -> int:
        """Return the number of recorded steps."""
        return len(self._snapshots)

    # ----------------------------------------------------------------------------------------- recording

    def step(self, loss: Value | Tensor | float) -> None:
        """Count a step of a loop, and record it if it is one of those.

        Parameters
        ----------
        loss : Value, Tensor or float
            The loss of this step, a single number. If it is a small graph, that is recorded, too.
        """
        number = float(loss.data) if isinstance(loss, Value | Tensor) else float(loss)
        self._losses.append(number)
        if self._is_recorded(len(self._losses)):
            self._record(len(self._losses), number, loss)

    def _is_recorded(self, step: int) -> bool:
        return step == 1 or step % self.every == 0

    def _record(self, step: int, number: float, loss: Any = None) -> None:
        snapshot = Snapshot(step, number, [histogram(part.values()) for part in self._parts], [])
        for part in self._parts:
            gradient = part.gradient()
            snapshot.gradients.append(None if gradient is None else histogram(gradient))
        if self._x is not None and isinstance(self._model, Module):
            relus = relu_names(self._model)
            for name, output in layer_outputs(self._model, self._x).items():
                snapshot.outputs[name] = histogram(output)
                if name in relus:
                    snapshot.dead[name] = dead_units(output)
        if self._boundary is not None:
            snapshot.boundary = self._boundary.levels()
        if isinstance(loss, Value | Tensor) and loss.op is not None:
            snapshot.graph = self._graph_state(loss)
        self._snapshots.append(snapshot)
        if len(self._snapshots) > MOST_STEPS:
            self.every *= 2
            self._snapshots = [old for old in self._snapshots if self._is_recorded(old.step)]

    def _graph_state(self, loss: Value | Tensor) -> list[State] | None:
        if self._graph is None:
            from .graph_states import GraphStates  # loads what draws, which most trainings do not need

            self._graph = GraphStates()
        return self._graph.state(loss)

    def on_train_begin(self, run: Run) -> None:
        """Take examples of the training, if none were given."""
        self._after_update = True
        if not self._given and isinstance(self._model, Module):
            dataset = run.loader.dataset
            places = np.linspace(0, len(dataset) - 1, min(len(dataset), self._examples)).round().astype(int)
            try:
                examples = np.stack([_plain(as_batch(dataset[int(i)])[0]) for i in places])
                layer_outputs(self._model, examples)
            except (TypeError, ValueError, KeyError):  # a loader may make of them what the model takes
                self._x = None
            else:
                self._take_examples(examples, None)

    def on_step_end(self, run: Run) -> None:
        """Record the step, if it is one of those."""
        self._losses.append(run.loss)
        if self._is_recorded(len(self._losses)):
            self._record(len(self._losses), run.loss)

    def on_train_end(self, run: Run) -> None:
        """Record the last step."""
        count = len(self._losses)
        if count and (not self._snapshots or self._snapshots[-1].step < count):
            self._record(count, self._losses[-1])

    # ------------------------------------------------------------------------------------------- showing

    def html(self) -> str:
        """Return the page, which needs neither a network nor a running kernel.

        Raises
        ------
        ValueError
            If nothing has been recorded.
        """
        from .record_page import record_page

        return record_page(self._page_data(), repr(self))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to one HTML file, which needs no other file.

        Parameters
        ----------
        path : path
            Ends in ``.html``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            If the file has another ending, or nothing has been recorded.
        """
        file = Path(path)
        if file.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a record is saved as a page: its file ends in .html, not in {file.suffix!r}")
        write_atomically(file, self.html().encode())
        return file

    def open(self) -> Path:
        """Open the page in a browser, as from a terminal: it is written to a temporary file.

        Returns
        -------
        Path
            The file.
        """
        return open_html(self.html())

    def _page_data(self) -> dict[str, Any]:
        if not self._snapshots:
            raise ValueError("TrainingRecord: nothing has been recorded yet; call step(loss) in the loop")
        return page_data(self._snapshots, self._parts, self._losses, self._boundary, self._graph, self._description())

    def _description(self) -> dict[str, Any]:
        """Return what the page says of how it was measured."""
        name = "some parameters" if isinstance(self._model, list | tuple) else type(self._model).__name__
        notes = [f"{len(self)} of {len(self._losses):,} steps were recorded."]
        if self._after_update:
            notes.append("Weights and outputs are those after the update of a step, gradients those that led to it.")
        else:
            notes.append("All numbers of a step are those before its update.")
        if self._x is not None and isinstance(self._model, Module):
            notes.append(f"Outputs and dead units were measured on {len(self._x):,} examples, in evaluation mode.")
        elif isinstance(self._model, Module):
            notes.append("Outputs were not measured: give the record some examples, x.")
        if self._graph is not None and self._graph.why_not:
            notes.append(self._graph.why_not)
        return {"title": f"Training of {name}", "notes": notes}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Return the widget, or the page in a frame where there are none, with text for other viewers."""
        from .record_page import shown_in_notebook

        if not self._snapshots:
            return {"text/plain": repr(self)}
        return shown_in_notebook(self._page_data(), repr(self))

    def __repr__(self) -> str:
        count = len(self._losses)
        if not count:
            return "TrainingRecord of no steps yet"
        return (
            f"TrainingRecord of {count:,} steps, {len(self)} recorded; loss {self._losses[0]:.6g} -> "
            f"{self._losses[-1]:.6g}"
        )


def _plain(x: Any) -> Array:
    return np.asarray(x.data if isinstance(x, Tensor) else x)
