"""The parts of every model: :class:`Parameter`, a tensor to train, and :class:`Module`, which holds parameters."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ..autograd import Tensor, is_recording, tensor
from ..common.elsewhere import HasABase, answers_names, arguments_fit, takes_other_names, translated
from ..common.function_name import function_name
from ..common.other_names.devices import Device
from ..common.other_names.model_names import NAMES
from ..common.plain_data import as_array, real_numbers
from ..common.state import check_state
from ..common.warning import warn
from .layer_errors import LayerError

if TYPE_CHECKING:
    from ..data.scaling import Scaler
    from .model_info import ModelInfo
    from .summary_table import Summary

__all__ = ["Module", "Parameter"]

Array = npt.NDArray[Any]
#: What becomes a Tensor.
TensorLike = Tensor | npt.ArrayLike
#: Shapes and kinds (``f`` or ``i``) of arrays by name.
Entries = dict[str, tuple[tuple[int, ...], str]]
Hook = Callable[["Module", tuple[Any, ...], Any], Any]
M = TypeVar("M", bound="Module")
C = TypeVar("C", bound="type[Module]")
P = ParamSpec("P")
R = TypeVar("R", covariant=True)

#: The name of arguments that are given by position, as ``*args``.
POSITIONAL = "*"


class Parameter(Tensor):
    """A tensor that is trained: a module that gets one as an attribute lists it in ``parameters()``.

    Parameters
    ----------
    data : array_like or Tensor
        Initial values; copied. Arrays of floats keep their dtype, all else becomes float32.
    requires_grad : bool, default True
        False for a frozen parameter.
    label : str, optional
        Name for drawings and errors; a module gives its own attribute's name if there is none.

    Examples
    --------
    >>> sg.nn.Parameter(np.zeros((2, 3))).requires_grad
    True
    """

    __slots__ = ()

    _made_by = ("Parameter", True)

    def __init__(self, data: TensorLike, requires_grad: bool = True, label: str = "") -> None:
        values: Any = real_numbers("a Parameter", data.data if isinstance(data, Tensor) else data)
        floats = isinstance(values, np.ndarray | np.generic) and values.dtype.kind == "f"
        super().__init__(np.array(as_array(values), dtype=values.dtype if floats else np.float32), requires_grad, label)


class _Forward(Protocol[P, R]):
    """What has a ``forward``: a call of a module takes and returns what this does."""

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


class HookHandle:
    """The handle of a registered hook; ``remove()`` removes the hook, and may be called more than once."""

    def __init__(self, hooks: dict[HookHandle, Hook]) -> None:
        self._hooks = hooks

    def remove(self) -> None:
        """Remove the hook."""
        self._hooks.pop(self, None)

    def __repr__(self) -> str:
        hook = self._hooks.get(self)
        return f"HookHandle({'removed' if hook is None else function_name(hook)})"


@answers_names("Module", NAMES)
class Module(HasABase):
    """A part of a model, with parameters, buffers and other modules as its attributes.

    A subclass defines ``forward``; users call the module itself. Parameters and modules inside are plain Python
    attributes, found in the order in which they were set: they need no registration, and the constructor of this
    class need not be called. Arrays that belong to the state of the model but are not trained are set with
    :meth:`register_buffer`.

    Examples
    --------
    >>> class Affine(sg.nn.Module):
    ...     def __init__(self):
    ...         self.scale = sg.nn.Parameter([2.0])
    ...
    ...     def forward(self, x):
    ...         return self.scale * x + 1.0
    >>> Affine()(np.float32([3.0])).item()
    7.0
    """

    #: Arguments of the constructor that only set first values, which saved ones replace.
    _first_values: ClassVar[frozenset[str]] = frozenset({"seed", "weight_init", "bias_init"})

    training: bool = True
    #: The meaning of its input and output; saved with it.
    info: ModelInfo | None = None
    _buffer_names: tuple[str, ...] = ()
    _hooks: dict[HookHandle, Hook] | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines it."""
        keras = "; call() of Keras is forward() here" if hasattr(type(self), "call") else ""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); write one{keras}")

    def __call__(self: _Forward[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run :meth:`forward`, then the forward hooks."""
        module: Any = self
        try:
            output = module.forward(*args, **kwargs)
        except LayerError as error:
            error.locate(module)
            raise
        except TypeError:
            if not kwargs or arguments_fit(module.forward, args, kwargs):
                raise
            args, kwargs = translated((type(self).__name__,), inspect.signature(module.forward), args, kwargs)  # type: ignore[assignment]
            output = module.forward(*args, **kwargs)
        if module._hooks:
            for hook in tuple(module._hooks.values()):
                replaced = hook(module, args, output)
                output = output if replaced is None else replaced
        return output  # type: ignore[no-any-return]

    def register_forward_hook(self, hook: Hook) -> HookHandle:
        """Call ``hook(module, args, output)`` after every forward.

        Parameters
        ----------
        hook : callable
            Returns None, or a value that replaces the output.

        Returns
        -------
        HookHandle
            Its ``remove()`` removes the hook.
        """
        if self._hooks is None:
            self._hooks = {}
        handle = HookHandle(self._hooks)
        self._hooks[handle] = hook
        return handle

    # Attributes ------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute; refuse one that would silently exclude parameters from training."""
        if isinstance(value, Parameter):
            if not value.label:
                value.label = name
        elif isinstance(value, list | tuple | set | dict):
            if next(_held_in(value), None) is not None:
                raise TypeError(_untrained(self, name, value))
        elif name == "trainable":
            raise AttributeError(
                f"{type(self).__name__}.trainable = {value!r} would change nothing: write freeze() or unfreeze()"
            )
        elif isinstance(value, Tensor) and value.op is None and value.requires_grad:
            warn(
                f"{type(self).__name__}.{name} is a Tensor, not an nn.Parameter: parameters() does not list it, and no "
                "optimizer trains it. Write nn.Parameter(...)"
            )
        elif value is not None and isinstance(vars(self).get(name), Parameter):
            raise TypeError(
                f"{type(self).__name__}.{name} is a Parameter and cannot become a {type(value).__name__}; "
                f"to change its values write {name}.data = ..., to replace it use an nn.Parameter"
            )
        object.__setattr__(self, name, value)

    @takes_other_names
    def register_buffer(self, name: str, value: npt.ArrayLike) -> None:
        """Set an array attribute that is saved with the model but not trained.

        Parameters
        ----------
        name : str
            The attribute's name; assigning to the attribute later replaces the buffer.
        value : array_like
            The first value; copied.
        """
        if name not in self._buffer_names:
            if hasattr(self, name):
                raise ValueError(f"{type(self).__name__} already has an attribute {name!r}")
            self._buffer_names = (*self._buffer_names, name)
        object.__setattr__(self, name, np.array(value))

    def _members(self) -> Iterator[tuple[str, object]]:
        """Iterate over the attributes by name; containers add what they contain."""
        yield from vars(self).items()

    # Contents --------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over the modules directly inside this one, as (name, module)."""
        for name, value in self._members():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator[Module]:
        """Iterate over the modules directly inside this one."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Iterate over this module (with an empty name) and all inside it, as (path, module).

        A module used in two places is listed once, under the first path.
        """
        return self._walk(prefix, set())

    def _walk(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, child in self.named_children():
            yield from child._walk(_join(prefix, name), seen)

    def modules(self) -> Iterator[Module]:
        """Iterate over this module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    @takes_other_names
    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Iterate over all parameters, as (path, parameter); a shared one comes once, under its first path."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix):
            for name, value in module._members():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield _join(path, name), value

    @takes_other_names
    def parameters(self) -> Iterator[Parameter]:
        """Iterate over all parameters, each once; this is what an optimizer takes.

        Raises
        ------
        TypeError
            If modules or parameters were added to a plain list or dict, which no optimizer would train.
        """
        for module in self.modules():
            for name, value in vars(module).items():
                if name != "_parts" and isinstance(value, list | tuple | set | dict):
                    _check_listed(module, name, value, self)
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Array]]:
        """Iterate over all buffers, as (path, array)."""
        for path, module in self.named_modules(prefix):
            for name in module._buffer_names:
                yield _join(path, name), getattr(module, name)

    def buffers(self) -> Iterator[Array]:
        """Iterate over all buffers."""
        return (buffer for _, buffer in self.named_buffers())

    # Modes, gradients, dtype -----------------------------------------------------------------------

    def apply(self: M, function: Callable[[Module], object]) -> M:
        """Call ``function`` with every module inside, the innermost first, then with this one."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Switch all of it to training (dropout drops, batch normalisation learns its statistics)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Switch all of it to evaluation; the same as ``train(False)``."""
        return self.train(False)

    def freeze(self: M) -> M:
        """Stop training its parameters: they get no gradient, and optimizers skip them.

        Buffers still follow the data in training mode; call :meth:`eval` to stop that, too.
        """
        for parameter in self.parameters():
            parameter.requires_grad = False
            parameter.grad = None
        return self

    def unfreeze(self: M) -> M:
        """Train all its parameters (again)."""
        for parameter in self.parameters():
            parameter.requires_grad = True
        return self

    @takes_other_names
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradients of all parameters to None, or, if ``set_to_none`` is False, those that are there to 0."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:  # in this order: in a trace, reading it is a condition
                parameter.grad = None
            else:
                parameter.grad = np.zeros(parameter.shape, parameter.dtype)

    @takes_other_names
    def to(self: M, dtype: npt.DTypeLike) -> M:
        """Convert its parameters and floating-point buffers to ``dtype``, in place; gradients become None.

        Examples
        --------
        >>> sg.nn.Linear(2, 3).to(np.float64).weight.dtype
        dtype('float64')
        """
        try:
            wanted = np.dtype(dtype)
        except TypeError:
            Device(dtype)  # "cpu" is where it is
            return self
        if wanted.kind != "f":
            raise TypeError(f"parameters are trained in a floating-point dtype, not in {wanted}")
        for parameter in self.parameters():
            parameter.data, parameter.grad = parameter.data.astype(wanted), None
        for module in self.modules():
            for name in module._buffer_names:
                if getattr(module, name).dtype.kind == "f":
                    setattr(module, name, getattr(module, name).astype(wanted))
        return self

    # State -----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Return copies of all parameters and buffers by path; a shared one is listed once."""
        state = {name: np.array(parameter.data) for name, parameter in self.named_parameters()}
        state.update((name, np.array(buffer)) for name, buffer in self.named_buffers())
        return state

    @takes_other_names
    def load_state_dict(self, state: Mapping[str, npt.ArrayLike], strict: bool = True) -> None:
        """Set parameters and buffers from a :meth:`state_dict`; all of them or, on an error, none.

        Parameters
        ----------
        state : mapping of str to array_like
            Arrays by path; copied.
        strict : bool, default True
            If False, missing and unexpected names are ignored; a wrong shape or dtype is still an error.

        Raises
        ------
        ValueError
            Lists everything that does not fit. The model is unchanged.

        Warns
        -----
        SeegradWarning
            If the state holds PyTorch tensors and the model has layers whose weights PyTorch orders differently: use
            :func:`seegrad.nn.from_torch_state_dict`. Or if ``strict=False`` and no name fits.
        """
        own = self.state_dict()
        given, hint = {name: as_array(value) for name, value in state.items()}, ""
        if any(type(value).__module__.partition(".")[0] == "torch" for value in state.values()):
            from .files.layouts import torch_layout_hint

            hint = torch_layout_hint(self, given)
        try:
            check_state(type(self).__name__, own, given, strict)
        except ValueError as error:
            raise ValueError(f"{error}\n  {hint}") if hint else error from None
        if hint:
            warn(f"{type(self).__name__}.load_state_dict: {hint}")
        if given and own and own.keys().isdisjoint(given):
            warn(
                f"{type(self).__name__}.load_state_dict: nothing was loaded, since no name fits: the state has "
                f"{', '.join(list(given)[:2])}, ..., the model {', '.join(list(own)[:2])}, ..."
            )
        for name, parameter in self.named_parameters():
            if name in given:
                parameter.data = given[name].copy()
        for path, module in self.named_modules():
            for name in module._buffer_names:
                if _join(path, name) in given:
                    object.__setattr__(module, name, given[_join(path, name)].copy())

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments by name, from which :func:`seegrad.load` builds the module again.

        By default they are the attributes of the same names. A user-defined class that keeps them elsewhere defines
        its own ``config``. Arguments may be numbers, texts, lists, dicts and modules; ``*args`` is a list under
        ``"*"``.

        Raises
        ------
        TypeError
            If there is no attribute of an argument's name.
        """
        found: dict[str, Any] = {}
        for name, parameter in inspect.signature(type(self)).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD or name in self._first_values:
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                found[POSITIONAL] = list(self._arguments(name))
            else:
                found[name] = self._argument(name)
        return found

    def _argument(self, name: str) -> Any:
        """Return the value of a constructor's argument."""
        if not hasattr(self, name):
            raise TypeError(
                f"{type(self).__name__} cannot be saved as a model: its constructor takes {name!r}, but it has no "
                f"attribute of that name; set self.{name} = {name}, or write a method config() that returns the "
                "constructor's arguments (nn.save_weights saves the weights alone)"
            )
        return getattr(self, name)

    def _arguments(self, name: str) -> Iterable[Any]:
        """Return the values of a constructor's argument ``*name``."""
        parts: Iterable[Any] = self._argument(name)
        return parts

    @classmethod
    def _saved_arrays(cls, arguments: Mapping[str, Any]) -> Entries:
        """Return the parameters and buffers of a layer from the arguments of its constructor, without building it.

        A model file is checked with this before anything is built. Every `savable` layer with arrays defines it.

        Parameters
        ----------
        arguments : mapping
            The arguments of the constructor as read from the file, defaults filled in.

        Returns
        -------
        dict
            For each array its shape, and ``"f"`` for floats or ``"i"`` for integers.
        """
        return {}

    @classmethod
    def _saved_parts(cls, arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return each argument with the name that it has inside the module; containers define their own."""
        return [(name, value) for name, value in arguments.items() if name not in cls._first_values]

    @takes_other_names
    def save(
        self,
        path: str | os.PathLike[str],
        *,
        input_shape: Sequence[int] | None = None,
        class_names: Iterable[str] | None = None,
        preprocessing: Scaler | None = None,
    ) -> None:
        """Save the model as one safetensors file: its weights, and in the metadata its structure, as data.

        :func:`seegrad.load` builds the model from the file alone. An argument that is not given keeps the value that
        the model was loaded with.

        Parameters
        ----------
        path : path
            The file, usually ``name.safetensors``; an existing one is replaced in one step.
        input_shape : sequence of int, optional
            Shape of one example, such as ``(28, 28, 1)``.
        class_names : iterable of str, optional
            The names of the classes, in the order of the outputs.
        preprocessing : Standardize or MinMaxScale, optional
            The scaling that inputs need before they are given to the model; it is saved, not applied.

        Raises
        ------
        TypeError
            If the model could not be built again: a user-defined class does not keep the arguments of its constructor
            (see :meth:`config`), or its contents were changed afterwards. Nothing is written.
        ValueError
            If :func:`seegrad.load` would refuse it: running statistics are NaN, infinite or negative, or a forward pass
            of one example would take gigabytes. Nothing is written.
        OSError
            If the file cannot be written. An existing one is unchanged.
        """
        from .files.model_file import save

        save(self, path, input_shape=input_shape, class_names=class_names, preprocessing=preprocessing)

    # Text ------------------------------------------------------------------------------------------

    @takes_other_names
    def summary(self, input_shape: Sequence[int]) -> Summary:
        """List the layers with their output shapes and numbers of parameters: :func:`seegrad.nn.summary`.

        Parameters
        ----------
        input_shape : sequence of int
            Shape of one example, without the batch axis.

        Examples
        --------
        >>> print(sg.nn.Sequential(sg.nn.Linear(3, 2)).summary((3,)))
        layer            output shape   parameters
        ------------------------------------------
        0 Linear(3, 2)   (n, 2)                  8
        ------------------------------------------
        all layers                               8
        """
        from .summary import summary

        return summary(self, input_shape)

    def extra_repr(self) -> str:
        """Return the text between the parentheses of the ``repr``: the arguments of a layer."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): {child!r}" for name, child in self.named_children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        first = [self.extra_repr()] if self.extra_repr() else []
        body = "\n".join(first + lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {body}\n)"

    def _repr_html_(self) -> str | None:
        from .module_table import module_html

        return module_html(self)


#: The classes that a model file may name; user-defined ones are passed to ``load``.
SAVABLE: dict[str, type[Module]] = {}


def savable(cls: C) -> C:
    """Allow model files to name a layer of this package; a class decorator.

    A file holds names of classes and arguments of constructors, never code: it can build only what is listed here.

    Raises
    ------
    ValueError
        If the class is not of this package, or there is one of its name.
    """
    package = __name__.rpartition(".")[0]
    if not cls.__module__.startswith(f"{package}.") or cls.__name__ in SAVABLE:
        raise ValueError(f"{cls.__module__}.{cls.__name__} cannot be listed among the layers of {package}")
    SAVABLE[cls.__name__] = cls
    return cls


#: How many entries of a plain list are searched, and how deep lists inside it.
_MOST, _DEEPEST = 100, 3


def _held_in(value: Any, depth: int = 0) -> Iterator[Module | Parameter]:
    """Iterate over modules and parameters in a plain list or dict, and in those inside."""
    if isinstance(value, Module | Parameter):
        yield value
    elif isinstance(value, list | tuple | set | dict) and depth < _DEEPEST:
        for part in islice(value.values() if isinstance(value, dict) else value, _MOST):
            yield from _held_in(part, depth + 1)


def _check_listed(module: Module, name: str, value: Any, root: Module) -> None:
    """Refuse parameters in a plain list or dict that are listed nowhere else in the model."""
    held = list(_held_in(value))
    if held:
        listed = {id(parameter) for _, parameter in root.named_parameters()}
        for part in held:
            own = [part] if isinstance(part, Parameter) else [parameter for _, parameter in part.named_parameters()]
            if not listed.issuperset(map(id, own)):
                raise TypeError(_untrained(module, name, value))


def _untrained(module: Module, name: str, value: Any) -> str:
    return (
        f"{type(module).__name__}.{name}: modules and parameters in a plain {type(value).__name__} would not be "
        "trained; use nn.Sequential, nn.ModuleList or nn.ModuleDict, or one attribute for each"
    )


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def as_tensor(x: TensorLike) -> Tensor:
    """Return ``x`` itself if it is a Tensor, else a Tensor with its values.

    While recording, the values are copied: the backward pass may need them after their owner has changed them.
    """
    if not isinstance(x, Tensor) or x.stands_for_data:
        x = tensor(x) if is_recording() else Tensor(x)
    return real_numbers("a layer or a loss", x)  # type: ignore[no-any-return]
