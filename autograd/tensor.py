"""``Tensor``: a NumPy array that remembers where it came from."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Final, Literal, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt
from numpy.exceptions import ComplexWarning

from ..common.elsewhere import answers_names, takes_other_names
from ..common.other_names.tensor_names import NAMES
from ..common.plain_data import as_array, is_complex, is_labelled, is_operand, native, real_numbers
from ..common.seam import interpretable
from ..common.warning import warn
from .accumulation import accumulate
from .arithmetic import Arithmetic
from .copies import Copies
from .core.backward import propagate
from .core.node import (
    NO_PARAMS,
    Node,
    annotate,
    clock,
    current_trace,
    data_of,
    entered,
    fill,
    look,
    on_look,
    stamp,
    traces,
)
from .core.op import Op, P, PlainFunction
from .core.recording import is_recording
from .hooks import RemovableHook
from .ops import complex_parts, indexing, products, reductions, shaping, views
from .ops import elementwise as ew
from .ops.questions import answer_of, as_int, carry, compared, truth_of
from .scipy_ufuncs import asked_by_scipy, refusal_to_scipy
from .sparse_operands import deferred, is_sparse, sparse_operator

if TYPE_CHECKING:
    from .core.call_types import Operand
    from .inspect.draw import Drawing, Player
SEE_PAGE = "See docs/differences.md"


class Size(int):
    """A number of elements, which can be called as PyTorch's ``size``."""

    shape: tuple[int, ...]

    def __call__(self, dim: int | None = None) -> Any:
        """Return the shape, or one length of it."""
        return self.shape if dim is None else self.shape[dim]

    def __reduce__(self) -> Any:
        return int, (int(self),)


#: The sizes of shapes that were asked for: to find one takes half the time of making it.
_sizes: dict[tuple[int, ...], Size] = {}


def size_of(shape: tuple[int, ...]) -> Size:
    """Return the number of elements of a shape."""
    try:
        return _sizes[shape]
    except KeyError:
        if len(_sizes) > 1000:
            _sizes.clear()
        size = _sizes[shape] = Size(math.prod(shape))
        size.shape = shape
        return size


@overload
def _method(operation: Op[P]) -> Callable[Concatenate[Tensor, P], Tensor]: ...
@overload
def _method(operation: Callable[Concatenate[Tensor, P], Any]) -> Callable[Concatenate[Tensor, P], Tensor]: ...
def _method(operation: Any) -> Any:
    """Make a method of a function of an array."""
    if isinstance(operation, Op):

        def method(self: Tensor, /, *args: Any, **kwargs: Any) -> Any:
            return operation.apply(*operation.bind((self, *args), kwargs))
    else:
        method = takes_other_names(operation.__wrapped__)  # type: ignore[attr-defined]  # one call less

    method.__name__ = operation.__name__
    method.__doc__ = operation.text if isinstance(operation, Op) else operation.__doc__
    method.__wrapped__ = operation.forward if isinstance(operation, Op) else operation  # type: ignore[attr-defined]
    return method


def _question(function: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Tensor, P], R]:
    """Make a method of a function of an array whose answer is plain data."""
    return cast(Any, _method(function))


R = TypeVar("R")
#: A tensor, or a subclass of it: what is changed in place stays what it is.
Same = TypeVar("Same", bound="Tensor")


@answers_names("Tensor", NAMES)
class Tensor(Arithmetic["Tensor"], Copies, Node, carries=np.ndarray):
    """An array that records what is computed with it, so that derivatives can be propagated back.

    Made by :func:`tensor` and by operations. NumPy functions called on it are recorded too.

    Parameters
    ----------
    data : array_like
        Kept as it is if it is an array already: use :func:`tensor` for a copy.
    requires_grad : bool
        Whether derivatives with respect to this tensor are wanted.
    label : str, optional
        A name for drawings and messages.

    Raises
    ------
    TypeError
        If gradients are required of data that is neither floating-point nor complex.

    Examples
    --------
    >>> x = sg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = (x @ x.T).tanh().sum()
    >>> y.backward()
    >>> x.grad.shape, y.item() < 4.0
    ((2, 2), True)
    """

    __slots__ = ("_memory",)

    #: What a view becomes, until somebody asks for it, when its base is written to.
    emptied: ClassVar[type[Tensor]]

    #: The call that a repr shows, and the requires_grad that it does not mention.
    _made_by: ClassVar[tuple[str, bool]] = ("tensor", False)

    _memory: views.Memory | None

    def __init__(self, data: npt.ArrayLike, requires_grad: bool = False, label: str = "") -> None:
        trace = current_trace()
        array = as_numbers(data if trace is None else trace.plain(data))
        if requires_grad:
            if not isinstance(requires_grad, (bool, np.bool_)):
                raise TypeError(
                    f"requires_grad must be True or False, got {requires_grad!r:.60}. Data are one argument, such as "
                    "[1.0, 2.0]; sg.zeros(2, 3) is a tensor of that shape"
                )
            _check_floating(array)
        if not isinstance(array, np.ndarray):
            raise TypeError("a value under sg.vmap cannot become a Tensor: it is one already, and sg.tensor copies it")
        fill(self, array, None, (), NO_PARAMS, requires_grad, clock())
        if trace is not None:
            trace.carry(self, data)
        if label:
            annotate(self, "label", label)

    def check_differentiable(self, wanted: bool) -> None:
        """Raise if ``requires_grad`` cannot become ``wanted``."""
        super().check_differentiable(wanted)
        if wanted:
            _check_floating(self._plain)

    # ------------------------------------------------------------------------------------ what it holds

    @property
    def data(self) -> npt.NDArray[Any]:
        """The plain array.

        An array that is assigned keeps its dtype, which becomes the tensor's, as in PyTorch; but for a tensor of
        floats, integers and numbers without a dtype, such as lists, take on the tensor's. Assigning a new array, or
        ``t.data -= ...``, marks graphs that used the old one as stale. A write through
        ``t.data[...] = ...`` cannot be noticed on a leaf (and is refused on a computed tensor): write
        ``t[...] = ...`` under :class:`no_grad` instead.
        """
        if on_look:
            look("reads .data of a Tensor", self)
        return self._plain if not traces or (trace := current_trace()) is None else trace.read_data(self)

    @data.setter
    def data(self, given: Any) -> None:
        if self.op is not None:
            raise RuntimeError(
                "the data of a computed tensor follows from its inputs. Write t[...] = ... to record a change, or "
                "change a copy, t.detach()"
            )
        trace = current_trace()
        array, own = as_numbers(given if trace is None else trace.plain(given)), self._plain.dtype
        if array.shape != self._plain.shape:
            raise ValueError(f"the data of a tensor of shape {self.shape} cannot become shape {array.shape}")
        if own.kind == "f":
            real_numbers("the data of a real tensor", array)
        if own.kind in "fc" and (array.dtype.kind not in "fc" or not hasattr(given, "dtype")):
            array = array.astype(own, copy=False)
        if trace is not None:
            trace.write_data(self, given)
        self._plain = array
        if array.dtype != own:
            self.grad = self._grad
        stamp(self)

    @property
    def grad(self) -> npt.NDArray[Any] | Any:
        """Sum of the gradients of all ``backward()`` calls since it was reset to None.

        A plain array of this tensor's shape and dtype, or a Tensor after ``backward(create_graph=True)``. That of a
        computed tensor is None, with a warning, unless :meth:`retain_grad` was called.
        """
        gradient = self._grad if not traces or (trace := current_trace()) is None else trace.gradient_of(self)
        if gradient is None and self.op is not None and not (self.notes or {}).get("retain"):
            warn(
                f"the gradient of a tensor that was computed (by {self.op.title}) is not kept: .grad is None. Call "
                "t.retain_grad() before backward() to see it. To update a parameter, so that it stays one, write with "
                "sg.no_grad(): w -= lr * w.grad"
            )
        return gradient

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if traces and (trace := current_trace()) is not None:
            trace.set_gradient(self)
        if not is_complex(self):
            real_numbers("the gradient of a real tensor", gradient)
        if gradient is not None and not isinstance(gradient, Tensor):
            gradient = as_numbers(gradient)
            gradient = gradient if gradient.dtype == self.dtype else _in_dtype_of(self, gradient)
        if gradient is not None and gradient.shape != self.shape:
            raise ValueError(f"a gradient of shape {gradient.shape} does not fit a tensor of shape {self.shape}")
        self._grad = gradient

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._plain.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._plain.ndim

    @property
    def size(self) -> int:
        """Number of elements; called, as in PyTorch, ``t.size()`` is the shape and ``t.size(0)`` its first length."""
        try:
            return _sizes[self._plain.shape]
        except KeyError:
            return size_of(self._plain.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self._plain.dtype

    @property
    def T(self) -> Tensor:  # noqa: N802 (NumPy's name)
        """The axes in reverse order."""
        return shaping.transpose(self)

    @property
    def real(self) -> Tensor:
        """The real part: as in NumPy a view, and of a real tensor it itself."""
        return complex_parts.real(self) if is_complex(self) else self

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> Tensor:
        """The imaginary part: as in NumPy a view, and of a real tensor zeros."""
        return complex_parts.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        if not is_complex(self):
            raise TypeError(f"a real tensor has no imaginary part that could be set, its dtype is {self.dtype}")
        self.imag[...] = value

    def item(self) -> float | Any:
        """Return the only element as a Python number; no gradient flows through it.

        Raises
        ------
        ValueError
            If there is not exactly one element.
        """
        if self._plain.size != 1:
            raise ValueError(f"item() needs exactly one element, this tensor has shape {self.shape}")
        if on_look:
            look("calls item()", self)
        return _item(data_of(self))

    def numpy(self) -> npt.NDArray[Any]:
        """Return the plain array, without a copy; no gradient flows through it."""
        if on_look:
            look("calls numpy()", self)
        return data_of(self)  # type: ignore[no-any-return]

    def detach(self) -> Tensor:
        """Return a copy that has no graph and requires no gradient."""
        if on_look:
            look("calls detach()", self)
        return self._cut_off("detach()")

    def _cut_off(self, by: str) -> Tensor:
        detached = Tensor(self._plain.copy(order="K"))
        if traces:
            carry(detached, self)
        if self.requires_grad:
            annotate(detached, "lost", f"it was cut off by {by}")
        return detached

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        if on_look:
            look("calls tolist()", self)
        return answer_of(self, "turns a Tensor into a list").tolist()

    # -------------------------------------------------------------------------------------- derivatives

    @takes_other_names
    def backward(self, grad: npt.ArrayLike | Tensor | None = None, *, create_graph: bool = False) -> None:
        """Add the gradient of this tensor with respect to every leaf that led to it to their ``.grad``.

        Parameters
        ----------
        grad : array_like, optional
            The gradient of something further on with respect to this tensor, of its shape; 1 if this tensor has
            a single element.
        create_graph : bool
            Make each ``.grad`` a Tensor with a graph of its own, so that it can be differentiated again.

        Raises
        ------
        RuntimeError
            If nothing that led here requires gradients, or if data was changed in place since it was read.
        ValueError
            If ``grad`` is missing where it is needed, or has another shape.
        """
        grad_output = self._grad_output(grad)
        grad_output = Tensor(grad_output) if create_graph else grad_output
        accumulate(propagate(self, grad_output, create_graph=create_graph))

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHook:
        """Call ``hook`` with this tensor's gradient whenever it is computed.

        Parameters
        ----------
        hook : callable
            Takes the gradient; what it returns, if not None, replaces the gradient.

        Returns
        -------
        RemovableHook
            Its ``remove()`` takes the hook off again.

        Examples
        --------
        >>> x = sg.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda g: g * 10)
        >>> x.sum().backward()
        >>> x.grad
        array([10., 10.])
        """
        if not self.requires_grad:
            raise RuntimeError("a hook on a tensor that does not require gradients would never be called")
        return RemovableHook(self, hook)

    def retain_grad(self) -> None:
        """Keep ``.grad`` on this computed tensor too; leaves keep theirs anyway."""
        if not self.requires_grad:
            raise RuntimeError("a tensor that does not require gradients has none to retain")
        annotate(self, "retain", True)

    def _grad_output(self, grad: Any) -> Any:
        if not self.requires_grad:
            raise RuntimeError(f"backward() on a tensor that does not require gradients: {_lost_by(self)}")
        if grad is None:
            if self._plain.size != 1:
                raise ValueError(
                    f"backward() on a tensor of shape {self.shape} needs its gradient as an argument; only a single "
                    "number has the obvious gradient 1 (did you mean t.sum().backward()?)"
                )
            if self._plain.dtype.kind == "c":
                raise TypeError(
                    "backward() on a complex number needs its gradient as an argument; only a real number has the "
                    "obvious gradient 1 (did you mean t.real.backward() or abs(t).backward()?)"
                )
            return np.array(1.0, self._plain.dtype, ndmin=self._plain.ndim)
        array = as_numbers(data_of(grad))
        if array.shape != self.shape:
            raise ValueError(f"backward(): the gradient has shape {array.shape}, the tensor has shape {self.shape}")
        return _in_dtype_of(self, array)

    def draw(self, **options: Any) -> Drawing:
        """Draw how this was computed: :func:`seegrad.draw`, with its options."""
        from .inspect.draw import draw

        return draw(self, **options)

    def play(self, **options: Any) -> Player:
        """Step through this computation and its backward pass: :func:`seegrad.play`, with its options."""
        from .inspect.draw import play

        return play(self, **options)

    def fit_gradient(self, gradient: Any) -> Any:
        """Give a gradient the shape and dtype of this tensor."""
        data = self._plain
        if gradient.__class__ is np.ndarray and gradient.shape == data.shape and gradient.dtype is data.dtype:
            return gradient
        if not hasattr(gradient, "dtype"):
            gradient = (
                shaping.broadcast_to(gradient, data.shape) if isinstance(gradient, Node) else np.asarray(gradient)
            )
        if gradient.shape != data.shape:
            gradient = shaping.sum_to(gradient, data.shape)
        if gradient.dtype != data.dtype:
            gradient = shaping.astype(gradient, data.dtype)
        return gradient

    def version_before(self, reader: Node) -> Node:
        """Return this tensor as ``reader`` read it: a write replaces the content, and keeps the one before."""
        version = views.version_before(self, reader)
        return super().version_before(reader) if version is None else version

    def own(self, gradient: Any) -> Any:
        """Return a gradient as ``.grad`` can keep it: a copy, because many nodes may get the same array."""
        return gradient if isinstance(gradient, Node) else np.array(gradient)

    # --------------------------------------------------------------------------------------- arithmetic

    def __matmul__(self, other: Operand) -> Tensor:
        try:
            return products.matmul(self, other)
        except TypeError:
            if not is_sparse(other):
                raise
        return sparse_operator("@", self, other)  # type: ignore[no-any-return]

    def __rmatmul__(self, other: Operand) -> Tensor:
        try:
            return products.matmul(other, self)
        except TypeError:
            if not is_sparse(other):
                raise
        return sparse_operator("@", other, self)  # type: ignore[no-any-return]

    def __iadd__(self: Same, other: Any) -> Same:  # type: ignore[misc]  # also of arrays
        return self._update(ew.add, other)

    def __isub__(self: Same, other: Any) -> Same:  # type: ignore[misc]  # also of arrays
        return self._update(ew.subtract, other)

    def __imul__(self: Same, other: Any) -> Same:  # type: ignore[misc]  # also of arrays
        return self._update(ew.multiply, other)

    def __itruediv__(self: Same, other: Any) -> Same:  # type: ignore[misc]  # also of arrays
        return self._update(ew.divide, other)

    def __ipow__(self: Same, other: Any) -> Same:  # type: ignore[misc]  # also of arrays
        return self._update(ew.power, other)

    def __imod__(self: Same, other: Any) -> Same:  # type: ignore[misc]  # also of arrays
        return self._update(ew.remainder, other)

    def __ifloordiv__(self: Same, other: Any) -> Same:  # type: ignore[misc]  # also of arrays
        return self._update(ew.floor_divide, other)

    def __imatmul__(self: Same, other: Operand) -> Same:
        return self._update(products.matmul, other)

    def _update(self: Same, operation: Any, other: Any) -> Same:
        """``t += other`` and the like: the same tensor with a new content, for all that share its memory.

        A single number that was computed is shared with nobody: there it is a new tensor, as with NumPy's scalars.
        """
        if not (isinstance(other, Node) or is_operand(other)) or is_labelled(other):
            return NotImplemented  # type: ignore[no-any-return]
        given = (self.__class__ is not Tensor and not self.stands_for_data) or (self.op is None and self.requires_grad)
        if not (self.ndim or given or views.memory_of(self)):
            return operation(self, other)  # type: ignore[no-any-return]
        views.write(self, lambda t: operation(t, other))
        return self

    # Comparisons are about data and give plain arrays; the hash is the identity of the node.

    __hash__: ClassVar[Callable[[Any], int]] = object.__hash__

    def __eq__(self, other: object) -> npt.NDArray[np.bool_]:  # type: ignore[override]  # as of arrays
        return self._compare(operator.eq, other)

    def __ne__(self, other: object) -> npt.NDArray[np.bool_]:  # type: ignore[override]  # as of arrays
        return self._compare(operator.ne, other)

    def __lt__(self, other: Operand) -> npt.NDArray[np.bool_]:
        return self._compare(operator.lt, other)

    def __le__(self, other: Operand) -> npt.NDArray[np.bool_]:
        return self._compare(operator.le, other)

    def __gt__(self, other: Operand) -> npt.NDArray[np.bool_]:
        return self._compare(operator.gt, other)

    def __ge__(self, other: Operand) -> npt.NDArray[np.bool_]:
        return self._compare(operator.ge, other)

    def _compare(self, compare: Callable[[Any, Any], Any], other: Any) -> npt.NDArray[np.bool_]:
        if on_look:
            look("compares a Tensor", self)
        x, y = data_of(self), _comparand(other)
        if (x.dtype.kind == "c" or (y.__class__ is not float and is_complex(y))) and compare in _ORDERS:
            for given in (x, y):  # NumPy would order by the real parts first
                real_numbers("an order (<, <=, >, >=)", given)
        return compared(compare, x, y)

    # ------------------------------------------------------------------------------- reading and writing

    def __getitem__(self, index: Any) -> Tensor:
        return indexing.getitem(self, indexing.plain_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        """Write elements, for all tensors that share this one's memory: its views, and what it is a view of.

        The write is recorded on a computed tensor. What was computed from the tensor earlier keeps the old elements.
        """
        index = indexing.plain_index(index)
        if indexing.is_basic(index) and views.is_view_of(value, self, indexing.getitem, {"index": index}):
            return  # t[index] += v: the view has passed it on
        if is_recording() and (self.requires_grad or (isinstance(value, Node) and value.requires_grad)):
            _check_floating(self._plain)
        views.write(self, lambda t: indexing.setitem(t, value, index))

    def __len__(self) -> int:
        if not self._plain.ndim:
            raise TypeError("a tensor without axes has no length")
        return len(self._plain)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._plain.ndim:
            raise TypeError("a tensor without axes cannot be iterated over")
        return (self[i] for i in range(len(self._plain)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    # ------------------------------------------------------------------------------- meeting the outside

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from .numpy_protocol import call_ufunc

        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from .numpy_protocol import call_function

        return call_function(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if (answer := deferred(self)) is not None:
            return answer  # type: ignore[no-any-return]
        self._refuse_if_recorded("turning a tensor into a plain array", "t.data")
        return np.array(answer_of(self, "makes a plain array of a Tensor"), dtype=dtype, copy=copy)

    def __array_namespace__(self, *, api_version: str | None = None) -> ModuleType:
        """Return ``seegrad.numpy``, whose functions are those of the array API standard; see the page on results."""
        from . import numpy_entrance

        version: Any = api_version
        np.empty(0).__array_namespace__(api_version=version)  # raises ValueError if it is not known
        return numpy_entrance

    def __dlpack__(self, **options: Any) -> Any:
        """Export the numbers, without a copy where the importing library can be told that they are read-only."""
        array = self.__array__()
        version = options.get("max_version")
        if not array.flags.writeable and (version is None or version < (1, 0)):
            array = array.copy()
        return array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return what the DLPack protocol calls the processor."""
        return np.empty(0).__dlpack_device__()

    def __float__(self) -> float:
        self._refuse_if_recorded(
            "float(t), a function of the math module, or an assignment to an element of a plain array", "t.item()"
        )
        return float(real_numbers("float()", answer_of(self, "makes a plain number of a Tensor")))

    def __complex__(self) -> complex:
        self._refuse_if_recorded("complex(t), or a function of the cmath module,", "t.item()")
        return complex(answer_of(self, "makes a plain number of a Tensor"))

    def __int__(self) -> int:
        self._refuse_if_recorded("int(t)", "t.item()")
        return as_int(data_of(self))  # type: ignore[no-any-return]

    def __index__(self) -> int:
        return answer_of(self, "makes a plain number of a Tensor").__index__()  # type: ignore[no-any-return]

    def __bool__(self) -> bool:
        if on_look:
            look("compares a Tensor", self)
        return truth_of(self)

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self._plain.size != 1:
            raise ValueError(f"format {spec!r} is for a single number, this tensor has shape {self.shape}")
        return format(self._plain.item(), spec)

    def _refuse_if_recorded(self, what: str, way_out: str) -> None:
        if self.requires_grad and is_recording():
            if asked_by_scipy():
                raise TypeError(refusal_to_scipy(f"this tensor of shape {self.shape}", way_out))
            raise TypeError(
                f"{what} would lose the gradient of this tensor of shape {self.shape}. To keep it, stay with tensors: "
                "sg.exp(t) or np.exp(t) instead of math.exp(t); for arrays of results np.array([...]) and np.zeros(n) "
                "of `import seegrad.numpy as np`, or sg.stack([...]). "
                f"If you want plain numbers, write {way_out}"
            )
        if on_look:
            look("makes plain numbers of a Tensor", self)

    def __repr__(self) -> str:
        call, usually_tracked = self._made_by
        size, shape = self._plain.size, self.shape
        facts = [np.array2string(self._plain, prefix=f"{call}(", separator=", ", threshold=200)]
        if size > 200 or (size == 0 and shape != (0,)):
            facts.append(f"shape={shape}")
        if self.dtype != np.float64:
            facts.append(f"dtype={self.dtype}")
        if self.label:
            facts.append(f"label={self.label!r}")
        if self.op is not None:
            facts.append(f"op={self.op.title!r}")
        elif self.requires_grad != usually_tracked:
            facts.append(f"requires_grad={self.requires_grad}")
        return f"{call}({', '.join(facts)})"

    def _repr_html_(self) -> str:
        from .inspect.notebook_views import tensor_html

        return tensor_html(self)

    # ------------------------------------------------------------------------- operations as methods

    def reshape(self, *shape: int | Sequence[int], order: shaping.Order = "C") -> Tensor:
        """Return the elements in another shape: ``t.reshape(2, -1)`` or ``t.reshape((2, -1))``.

        They are read and written in C order, or in Fortran order if ``order="F"``.
        """
        new: Any = shape[0] if len(shape) == 1 else shape
        return shaping.reshape(self, new) if order == "C" else shaping.reshape_in_order(self, new, order)

    def transpose(self, *axes: int | Sequence[int] | None) -> Tensor:
        """Permute the axes: ``t.transpose(1, 0)`` or ``t.transpose((1, 0))``; reverse them without arguments."""
        if len(axes) == 2 and not self.stands_for_data:
            self._check_exchange(axes)
        order: Any = (axes[0] if len(axes) == 1 else axes) or None
        return shaping.transpose(self, order)

    def _check_exchange(self, axes: tuple[Any, ...]) -> None:
        """Say so if two axes are given as for PyTorch's ``transpose``, which exchanges them."""
        here = f"NumPy's order of all axes; to exchange two, as PyTorch does, write t.swapaxes{axes}. {SEE_PAGE}"
        if self.ndim != 2:
            raise ValueError(f"transpose{axes} of a tensor of shape {self.shape}: its arguments are {here}")
        if axes in ((0, 1), (-2, -1)):
            warn(f"transpose{axes} of a matrix leaves it as it is: its arguments are {here}")

    def copy(self, order: Literal["C", "K"] = "C") -> Tensor:
        """Return a tensor of its own with the same data, laid out in C order as that of :meth:`numpy.ndarray.copy`."""
        return shaping.copy(self, order)

    @takes_other_names
    def sort(self, axis: int = -1) -> None:
        """Sort along an axis in place, as :meth:`numpy.ndarray.sort`; :func:`seegrad.sort` returns a sorted copy."""
        views.write(self, lambda t: indexing.sort(t, axis))

    def astype(self, dtype: npt.DTypeLike, *, copy: bool = True) -> Tensor:
        """Cast to another dtype; a gradient flows only between floating and complex dtypes.

        This tensor itself if it has that dtype and ``copy`` is False. As in NumPy, complex numbers that become real
        lose their imaginary part with a warning; ``t.real`` says that it is meant.
        """
        if not copy and self.dtype == np.dtype(dtype):
            return self
        if is_complex(self) and np.dtype(dtype).kind not in "cb":
            warnings.warn("a cast to real numbers discards the imaginary part", ComplexWarning, stacklevel=2)
        if np.dtype(dtype).kind not in "fc" or self.dtype.kind not in "fc":
            if on_look:
                look("casts a Tensor to integers", self)
            return Tensor(shaping.astype(data_of(self), np.dtype(dtype)))
        return shaping.astype(self, np.dtype(dtype))

    def round(self, decimals: int = 0) -> Tensor:
        """Round to a number of decimals; the derivative is 0."""
        from .ops.composed import round

        return round(self, decimals)

    def abs(self) -> Tensor:
        """Return the absolute value; its derivative at 0 is taken as 0."""
        return ew.absolute(self)

    @takes_other_names
    def clip(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Limit elements to an interval; where they lie outside of it, the limit gets the gradient."""
        return ew.clip(self, min, max)

    @takes_other_names
    def flatten(self, start: int = 0) -> Tensor:
        """Join the axes from ``start`` on into one: ``t.flatten(1)`` keeps the batch axis."""
        return shaping.flatten(self, start)

    conj: Final = _method(ew.conj)
    conjugate: Final = _method(ew.conj)

    sum: Final = _method(reductions.sum)
    mean: Final = _method(reductions.mean)
    var: Final = _method(reductions.var)
    std: Final = _method(reductions.std)
    prod: Final = _method(reductions.prod)
    max: Final = _method(reductions.max)
    min: Final = _method(reductions.min)
    argmax: Final = _question(reductions.argmax)
    argmin: Final = _question(reductions.argmin)
    cumsum: Final = _method(reductions.cumsum)
    cumprod: Final = _method(reductions.cumprod)
    logsumexp: Final = _method(reductions.logsumexp)
    softmax: Final = _method(reductions.softmax)
    log_softmax: Final = _method(reductions.log_softmax)

    squeeze: Final = _method(shaping.squeeze)
    expand_dims: Final = _method(shaping.expand_dims)
    swapaxes: Final = _method(shaping.swapaxes)
    ravel: Final = _method(shaping.ravel)
    repeat: Final = _method(shaping.repeat)
    take: Final = _method(indexing.take)
    diagonal: Final = _method(indexing.diagonal)
    dot: Final = _method(products.dot)
    trace: Final = _method(products.trace)


class EmptiedTensor(views.Emptied, Tensor):
    """A view that has lost its content by a write to its base."""

    __slots__ = ()


Tensor.emptied = EmptiedTensor


_ORDERS = frozenset((operator.lt, operator.le, operator.gt, operator.ge))

_item = PlainFunction(operator.methodcaller("item"), "item")


def _comparand(x: Any) -> Any:
    """What the data of a tensor is compared with: by position, whatever it was."""
    if isinstance(x, Node):
        return data_of(x)
    return as_array(x) if hasattr(x, "__array__") else x


def as_numbers(data: Any) -> npt.NDArray[Any]:
    """Return ``data`` as a base-class array of numbers, copying only if it is not an array yet."""
    if getattr(data, "stands_for_data", False):
        data = data_of(data)
        if isinstance(data, Node):
            return data  # type: ignore[return-value]  # it stands for an array
    if isinstance(data, Node) or (isinstance(data, (list, tuple)) and any(isinstance(d, Node) for d in data)):
        raise TypeError("tensor() copies plain numbers; use sg.stack([...]) to build a Tensor from nodes")
    try:
        array = as_array(data)
    except ValueError as error:
        raise ValueError(_ragged(data, error)) from None
    if array.dtype.kind not in "biufc":
        raise TypeError(f"a tensor holds numbers, got {array.dtype} data: {data!r:.80}")
    return native(array)  # type: ignore[no-any-return]


def _ragged(data: Any, error: ValueError) -> str:
    """Return why nested lists are no array."""
    if not isinstance(data, (list, tuple)) or "inhomogeneous" not in str(error):
        return str(error)
    lengths = sorted({len(row) if hasattr(row, "__len__") else 0 for row in data})
    told = (
        f"rows of {lengths[0]} and of {lengths[-1]} numbers"
        if len(lengths) > 1
        else "lists of different lengths inside"
    )
    return (
        f"a tensor needs rows of equal length, these lists have {told}. Fill the short ones up, "
        "sg.tensor([[1.0, 2.0], [3.0, 0.0]]), or keep a list of tensors"
    )


def _lost_by(t: Tensor) -> str:
    """Return why a tensor has no graph."""
    if lost := (t.notes or {}).get("lost"):
        return f"{lost}; compute with the tensors themselves, outside of no_grad()"
    return (
        "nothing that led to it has requires_grad=True. Make what is to have a gradient with sg.tensor(..., "
        "requires_grad=True); numbers that were taken out by .data, .numpy(), .item(), float() or np.mean(t.data) have "
        "left their graph, and sg.tensor(numbers) does not find it again"
    )


def _in_dtype_of(tensor: Tensor, gradient: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a gradient that was given in the dtype of its tensor; TypeError if that would lose imaginary parts."""
    if not is_complex(tensor):
        real_numbers("the gradient of a real tensor", gradient)
    return gradient.astype(tensor.dtype, copy=False)


def _check_floating(array: npt.NDArray[Any]) -> None:
    if array.dtype.kind not in "fc":
        raise TypeError(
            f"only floating-point and complex tensors can require gradients, this data is {array.dtype}: an integer "
            "cannot move by a small step. Write 1.0 instead of 1, or pass dtype=np.float32"
        )


@interpretable
def tensor(
    data: npt.ArrayLike | Tensor, requires_grad: bool = False, dtype: npt.DTypeLike | None = None, label: str = ""
) -> Tensor:
    """Make a Tensor from a copy of ``data``.

    Parameters
    ----------
    data : array_like
        Numbers, nested lists of numbers, an array, or a Tensor (its data is copied, its graph is not).
    requires_grad : bool
        Whether derivatives with respect to this tensor are wanted.
    dtype : dtype, optional
        Default: that of the data; Python floats become float64, as in NumPy.
    label : str, optional
        A name for drawings and messages.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        If the data is not made of numbers, or requires gradients but is neither floating-point nor complex.

    Examples
    --------
    >>> x = sg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4., 6.])
    """
    if traces:
        (data,) = entered((data,))
    if isinstance(data, Node):
        if on_look:
            look("copies numbers into a new tensor", data)
        data = data_of(data)
    array = as_numbers(data)
    if isinstance(array, Node):
        array = array if dtype is None or array.dtype == dtype else shaping.astype(array, np.dtype(dtype))
    else:
        array = np.array(array, dtype=dtype)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"a tensor holds numbers, dtype={array.dtype} does not")
    result = Tensor(array, requires_grad, label)
    if not array.ndim:
        views.own_memory(result)
    return result
