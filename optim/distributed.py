"""One optimizer over many processes: each computes the gradients of its share of a batch, all take the same step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

import numpy as np

from ..autograd import Tensor
from ..autograd.side_effect import side_effect
from ..common.ranks import Comm, Ranks
from .optimizer import Group, Optimizer

__all__ = ["DistributedOptimizer"]


class DistributedOptimizer(Optimizer):
    """Let processes train one model together, synchronously: their gradients are averaged before each step.

    Start the same program several times with ``mpiexec -n 4 python program.py``. Each process takes its share of
    every batch (:func:`seegrad.data.shard`); after the step all have the same parameters, to the last bit those
    of one another, and to rounding those of a single process with batches as large as all shares together. (What
    looks at a batch as a whole, as BatchNorm, looks at the share.) Making the optimizer gives all processes the
    parameters of rank 0.

    Parameters
    ----------
    optimizer : Optimizer
        Does the steps; its groups, settings and state are this one's, too.
    comm : communicator of mpi4py
        Such as ``mpi4py.MPI.COMM_WORLD``. An error that nothing catches in one of the processes from now on ends
        them all, since the others would wait for it for ever.

    Attributes
    ----------
    optimizer : Optimizer
        The one given.
    ranks : Ranks
        Has this process's ``rank``, the ``size``, and ``first``, whether it is rank 0.

    Raises
    ------
    TypeError
        If the arguments are not an optimizer and a communicator.
    ValueError
        If the processes have different parameters; on all of them.

    Notes
    -----
    The gradients travel as one array per dtype in one ``Allreduce``, after the backward pass. Sending parts of them
    during it would hide at most the time of that call.

    Examples
    --------
    ::

        from mpi4py import MPI

        comm = MPI.COMM_WORLD
        train, test = sg.data.load_mnist()
        model = sg.nn.models.mnist_cnn()
        optimizer = sg.optim.DistributedOptimizer(sg.optim.Adam(model.parameters()), comm)
        trainer = sg.nn.Trainer(model, optimizer, sg.nn.CrossEntropyLoss())
        trainer.fit(sg.data.shard(train, comm.rank, comm.size), batch_size=32, seed=0)
    """

    def __init__(self, optimizer: Optimizer, comm: Comm) -> None:
        if not isinstance(optimizer, Optimizer) or isinstance(optimizer, DistributedOptimizer):
            raise TypeError(f"DistributedOptimizer: expected an optimizer to distribute, got {optimizer!r:.80}")
        if comm is None:
            raise TypeError("DistributedOptimizer: expected a communicator such as mpi4py.MPI.COMM_WORLD, got None")
        self.optimizer = optimizer
        self.ranks: Ranks = Ranks(comm)
        # The same objects, so that what changes here (by schedules, say) changes there.
        self.defaults: dict[str, Any] = optimizer.defaults
        self.param_groups: list[Group] = optimizer.param_groups
        self._averaged = False
        self.ranks.end_job_with_this_process()
        self._share_parameters()

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _share_parameters(self) -> None:
        """Take over rank 0's values."""
        parameters = self._parameters()
        own = np.array([crc32(repr([(p.shape, p.dtype.str) for p in parameters]).encode())])
        if self.ranks.any(bool(self.ranks.from_first(own) != own)):
            raise ValueError(
                "DistributedOptimizer: the processes have parameters of different shapes or dtypes; each must build "
                "the same model and list its parameters in the same order"
            )
        for p in parameters:
            p.data = self.ranks.from_first(p.data)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with settings of their own; on every process."""
        self.optimizer.add_param_group(group)
        self._share_parameters()

    def average_gradients(self) -> None:
        """Replace every gradient by the mean over the processes; ``step()`` does it if it was not done before.

        Call it after ``backward()`` where something comes between the two that needs whole gradients, such as
        :func:`clip_grad_norm_`. A parameter that has a gradient on some processes only counts as 0 on the others.
        """
        if self._averaged or self.ranks.size == 1:
            return
        trained = [p for p in self._parameters() if p.requires_grad]
        for dtype in dict.fromkeys(p.dtype for p in trained):
            self._average([p for p in trained if p.dtype == dtype])
        self._averaged = True

    def _average(self, parameters: list[Tensor]) -> None:
        """Average the gradients of parameters of one dtype."""
        # MPI has no 16-bit floats. The gradients are followed by the number of processes that have each of them.
        dtype = np.result_type(parameters[0].dtype, np.float32)
        ends = np.cumsum([p.size for p in parameters])
        vector = np.zeros(ends[-1] + len(parameters), dtype)
        for i, (p, end) in enumerate(zip(parameters, ends, strict=True)):
            if p.grad is not None:
                gradient = p.grad.data if isinstance(p.grad, Tensor) else p.grad
                np.copyto(vector[end - p.size : end].reshape(p.shape), gradient)
                vector[ends[-1] + i] = 1.0
        vector = self.ranks.total(vector)
        vector[: ends[-1]] /= self.ranks.size
        for p, end, present in zip(parameters, ends, vector[ends[-1] :], strict=True):
            p.grad = vector[end - p.size : end].reshape(p.shape) if present else None

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients; see :meth:`seegrad.optim.Optimizer.zero_grad`."""
        self.optimizer.zero_grad(set_to_none)
        self._averaged = False

    @side_effect
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Average the gradients if that was not done, then update the parameters, the same way on every process.

        Parameters
        ----------
        closure : callable, optional
            Computes this process's loss and its gradients, and returns the loss; it is called once, before all that.

        Returns
        -------
        Tensor or None
            What the closure returned.
        """
        loss = None if closure is None else closure()
        self.average_gradients()
        self.optimizer.step()
        self._averaged = False
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the optimizer inside, which is the same on every process."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` gave, here or without processes; on every process."""
        self.optimizer.load_state_dict(state)

    def __repr__(self) -> str:
        return f"DistributedOptimizer({self.optimizer!r}, rank {self.ranks.rank} of {self.ranks.size})"
