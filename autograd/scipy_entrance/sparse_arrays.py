"""``SparseArray``: a sparse matrix whose stored elements may be nodes, and the functions that build one."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from ...common.plain_data import holds_nodes
from ..core.node import Node, data_of
from ..ops.indexing import scatter_add, take
from ..ops.reductions import sum
from ..ops.shaping import broadcast_to, concatenate, ndim_of, operand, reshape, transpose
from .sparse_products import Pattern, sparse_product

__all__ = ["SparseArray", "coo_array", "csc_array", "csr_array", "diags_array"]


class SparseArray:
    """A sparse matrix whose stored elements may be nodes.

    It is what :func:`csr_array` and its like return for them, and what products of SciPy's sparse arrays and nodes,
    element by element, are. ``@`` is the matrix product, ``*`` that of elements.

    Attributes
    ----------
    data : Tensor or ndarray
        Shape ``(nnz,)``: the stored elements, row by row.
    indices, indptr : ndarray
        Their columns, and where in ``data`` each row begins.
    shape : tuple of int

    Examples
    --------
    >>> from seegrad.scipy import sparse
    >>> data = sg.tensor([2.0, 3.0], requires_grad=True)
    >>> a = sparse.csr_array((data, ([0, 1], [1, 0])), shape=(2, 2))
    >>> (a @ np.array([1.0, 10.0])).sum().backward()
    >>> data.grad
    array([10.,  1.])
    """

    __array_ufunc__ = None  # so that arrays leave ``array * sparse`` to this class

    def __init__(self, data: Any, pattern: Pattern, transposed: bool = False) -> None:
        self._values: Any = data
        self._pattern: Pattern = pattern
        self._transposed: bool = transposed

    @classmethod
    def of(cls, x: Any) -> SparseArray:
        """Return a sparse array of SciPy's, as it is now."""
        if isinstance(x, SparseArray):
            return x
        if x.ndim != 2:
            raise ValueError(f"expected a sparse matrix, got a sparse array of shape {x.shape}")
        rows = x.tocsr()
        shape = int(rows.shape[0]), int(rows.shape[1])
        return cls(rows.data.copy(), Pattern(rows.indices.copy(), rows.indptr.copy(), shape))

    def by_rows(self) -> tuple[Any, Pattern]:
        """Return the stored elements row by row."""
        if not self._transposed:
            return self._values, self._pattern
        pattern = self._pattern
        order = np.argsort(pattern.indices, kind="stable")
        return take(self._values, order), _pattern_of(pattern.indices[order], pattern.rows[order], self.shape)

    @property
    def data(self) -> Any:
        """The stored elements, row by row."""
        return self.by_rows()[0]

    @property
    def indices(self) -> Any:
        """The columns of the stored elements."""
        return self.by_rows()[1].indices

    @property
    def indptr(self) -> Any:
        """Where each row begins among the stored elements."""
        return self.by_rows()[1].indptr

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and of columns."""
        return self._pattern.shape[::-1] if self._transposed else self._pattern.shape  # type: ignore[return-value]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self._values.dtype  # type: ignore[no-any-return]

    @property
    def nnz(self) -> int:
        """The number of stored elements."""
        return len(self._pattern.indices)

    @property
    def ndim(self) -> int:
        """2, the number of axes."""
        return 2

    @property
    def T(self) -> SparseArray:  # noqa: N802 (as that of an array)
        """The transposed matrix."""
        return SparseArray(self._values, self._pattern, not self._transposed)

    def transpose(self) -> SparseArray:
        """Return the transposed matrix."""
        return self.T

    def detach(self) -> Any:
        """Return a sparse array of SciPy with the numbers of this one, without a graph."""
        values, pattern = self.by_rows()
        found = pattern.matrix(data_of(values)).copy()  # else it shares the places with this one
        found.sum_duplicates()
        return found

    def toarray(self) -> Any:
        """Return the dense matrix."""
        places = self._pattern.rows, self._pattern.indices
        return scatter_add(self._values, places[::-1] if self._transposed else places, self.shape)

    def sum(self, axis: int | None = None) -> Any:
        """Return the sum of all elements, of each column (``axis=0``) or of each row (``axis=1``)."""
        if axis is None:
            return sum(self._values)
        if axis not in (0, 1, -1, -2):
            raise ValueError(f"axis {axis} is out of bounds for a matrix")
        ones = np.ones(self.shape[axis], self.dtype)
        return self @ ones if axis in (1, -1) else self.T @ ones

    def dot(self, other: Any) -> Any:
        """Return the matrix product with a dense vector or matrix."""
        return self @ other

    def multiply(self, other: Any) -> SparseArray:
        """Return the product, element by element, with a number, or with a dense array of a shape that fits."""
        return self * other

    def _matmul(self, x: Any) -> Any:
        x = operand(x)
        if x.ndim not in (1, 2) or x.shape[0] != self.shape[1]:
            raise ValueError(f"@: the sparse matrix of shape {self.shape} does not fit shape {x.shape}")
        return sparse_product(self._values, x, self._pattern, self._transposed)

    def __matmul__(self, other: Any) -> Any:
        if is_sparse(other):
            raise TypeError(
                "@: the product of two sparse matrices is not supported with nodes; multiply a vector by one after the "
                "other, or write b.toarray() for a dense one"
            )
        return self._matmul(other)

    def __rmatmul__(self, other: Any) -> Any:
        x = operand(other)
        return transpose(self.T._matmul(transpose(x))) if x.ndim == 2 else self.T._matmul(x)

    def _with(self, values: Any) -> SparseArray:
        return SparseArray(values, self._pattern, self._transposed)

    def __mul__(self, other: Any) -> SparseArray:
        if is_sparse(other):
            return NotImplemented
        x = operand(other)
        if ndim_of(x):
            if np.broadcast_shapes(x.shape, self.shape) != self.shape:
                raise ValueError(f"*: the sparse matrix of shape {self.shape} does not fit shape {x.shape}")
            x = reshape(x, (1,) * (2 - x.ndim) + tuple(x.shape))
            row, column = self._pattern.rows, self._pattern.indices
            row, column = (column, row) if self._transposed else (row, column)
            x = x[row if x.shape[0] > 1 else 0 * row, column if x.shape[1] > 1 else 0 * column]
        return self._with(self._values * x)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> SparseArray:
        return self * (1.0 / operand(other))

    def __neg__(self) -> SparseArray:
        return self._with(-self._values)

    def __add__(self, other: Any) -> Any:
        return self.toarray() + (SparseArray.of(other).toarray() if is_sparse(other) else other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __repr__(self) -> str:
        return f"<sparse array of {self.shape[0]} x {self.shape[1]} with {self.nnz} stored elements of {self.dtype}>"


def is_sparse(x: Any) -> bool:
    """Return whether something is a sparse array, of SciPy or with nodes."""
    return isinstance(x, SparseArray) or scipy.sparse.issparse(x)


def _pattern_of(rows: Any, columns: Any, shape: tuple[int, int]) -> Pattern:
    """Return the pattern of elements that are sorted by rows."""
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    return Pattern(columns, indptr, shape)


def _places(name: str, rows: Any, columns: Any, count: int, shape: Any) -> tuple[Any, Any, tuple[int, int]]:
    """Return the places of elements as arrays, after a check."""
    rows, columns = (np.array(x, dtype=np.intp) for x in (rows, columns))
    if rows.shape != (count,) or columns.shape != (count,):
        raise ValueError(f"{name}: {count} elements, but places of shapes {rows.shape} and {columns.shape}")
    if shape is None:
        shape = int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1
    shape = tuple(map(int, shape))
    for places, length, what in ((rows, shape[0], "row"), (columns, shape[1], "column")):
        if count and not (places.min() >= 0 and places.max() < length):
            raise ValueError(f"{name}: a {what} lies outside of shape {shape}")
    return rows, columns, shape  # type: ignore[return-value]


def _from_parts(name: str, arg1: Any, shape: Any, dtype: Any, copy: bool, by_columns: bool = False) -> Any:
    """Return a sparse array as a class of SciPy's would build it; one of ours if the elements are nodes."""
    scipys = getattr(scipy.sparse, name)
    if isinstance(arg1, SparseArray) and dtype is None:
        return arg1
    parts = list(arg1) if isinstance(arg1, tuple) and len(arg1) in (2, 3) else []
    values = _as_node(parts[0]) if parts else None
    if values is None:
        return scipys(arg1, shape=shape, dtype=dtype, copy=copy)
    if dtype is not None:
        values = values.astype(dtype)
    if values.ndim != 1:
        raise ValueError(f"{name}: expected stored elements of shape (nnz,), got {values.shape}")
    if len(parts) == 2:
        rows, columns = parts[1]
    else:
        major = np.repeat(np.arange(len(parts[2]) - 1), np.diff(parts[2]))
        rows, columns = (parts[1], major) if by_columns else (major, parts[1])
        if shape is None:
            shape = scipys((np.ones(values.shape), *parts[1:])).shape
    rows, columns, shape = _places(name, rows, columns, values.shape[0], shape)
    order = np.argsort(rows, kind="stable")
    return SparseArray(take(values, order), _pattern_of(rows[order], columns[order], shape))


def _as_node(x: Any) -> Any:
    """Return a node, or a list of nodes as one; None for anything else."""
    if isinstance(x, (list, tuple)) and holds_nodes(x):
        return operand(x)
    return x if isinstance(x, Node) else None


def csr_array(arg1: Any, shape: tuple[int, int] | None = None, dtype: Any = None, copy: bool = False) -> Any:
    """Return a sparse array, as :class:`scipy.sparse.csr_array`; a :class:`SparseArray` if its elements are nodes.

    Parameters
    ----------
    arg1 : tuple or anything that SciPy takes
        ``(data, indices, indptr)`` or ``(data, (rows, columns))``, where ``data`` may be a Tensor or a list of nodes.
        Elements at the same place are added.
    shape : tuple of int, optional
        Default: as large as the places need.
    dtype : dtype, optional
        That of the elements.
    copy : bool
        Whether plain data are copied.

    Raises
    ------
    ValueError
        If places and elements are not equally many, or lie outside of the shape.

    Examples
    --------
    >>> from seegrad.scipy import sparse
    >>> sparse.csr_array((sg.tensor([2.0, 3.0]), [1, 0], [0, 1, 2])).toarray()
    tensor([[0., 2.],
            [3., 0.]])
    """
    return _from_parts("csr_array", arg1, shape, dtype, copy)


def csc_array(arg1: Any, shape: tuple[int, int] | None = None, dtype: Any = None, copy: bool = False) -> Any:
    """Return a sparse array, as :class:`scipy.sparse.csc_array`; a :class:`SparseArray` if its elements are nodes.

    As :func:`csr_array`, but ``(data, indices, indptr)`` are column by column.
    """
    return _from_parts("csc_array", arg1, shape, dtype, copy, by_columns=True)


def coo_array(arg1: Any, shape: tuple[int, int] | None = None, dtype: Any = None, copy: bool = False) -> Any:
    """Return a sparse array, as :class:`scipy.sparse.coo_array`; a :class:`SparseArray` if its elements are nodes.

    As :func:`csr_array`, of ``(data, (rows, columns))``.
    """
    return _from_parts("coo_array", arg1, shape, dtype, copy)


def diags_array(
    diagonals: Any, /, *, offsets: Any = 0, shape: tuple[int, int] | None = None, format: Any = None, dtype: Any = None
) -> Any:
    """Return a sparse array with the given diagonals, as :func:`scipy.sparse.diags_array`.

    Parameters
    ----------
    diagonals : sequence of array_like or Tensor
        One for each offset, as long as it is in the matrix, or a single number, or one diagonal alone.
    offsets : int or sequence of int
        0 is the main diagonal, positive ones are above it.
    shape : tuple of int, optional
        Default: the square matrix that the first diagonal fits.
    format : str, optional
        That of SciPy's array, if no diagonal is a node.
    dtype : dtype, optional
        That of the elements.

    Returns
    -------
    SparseArray or sparse array of SciPy

    Raises
    ------
    ValueError
        If a diagonal has another length.

    Examples
    --------
    >>> from seegrad.scipy import sparse
    >>> k = sg.tensor([1.0, 2.0], requires_grad=True)
    >>> sparse.diags_array([k, [5.0, 5.0, 5.0]], offsets=[1, 0]).toarray()
    tensor([[5., 1., 0.],
            [0., 5., 2.],
            [0., 0., 5.]], op='scatter_add')
    """
    if np.ndim(offsets) == 0:
        diagonals, offsets = _one_diagonal(diagonals), [offsets]
    if not (isinstance(diagonals, Node) or any(_as_node(x) is not None for x in diagonals)):
        return scipy.sparse.diags_array(diagonals, offsets=offsets, shape=shape, format=format, dtype=dtype)
    found = [operand(x) for x in diagonals]
    offsets = [int(k) for k in offsets]
    if len(found) != len(offsets):
        raise ValueError(f"diags_array: {len(found)} diagonals, but {len(offsets)} offsets")
    if shape is None:
        n = found[0].size + abs(offsets[0])
        shape = n, n
    values, rows, columns = [], [], []
    for x, k in zip(found, offsets):
        length = max(0, min(shape[0] + min(k, 0), shape[1] - max(k, 0)))
        if x.ndim > 1 or (x.size not in (1, length)):
            raise ValueError(f"diags_array: the diagonal {k} of shape {shape} has {length} elements, got {x.shape}")
        values.append(broadcast_to(reshape(x, (-1,)), (length,)))
        rows.append(np.arange(length) - min(k, 0))
        columns.append(np.arange(length) + max(k, 0))
    parts = concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return coo_array(parts, shape=shape, dtype=dtype)


def _one_diagonal(x: Any) -> Any:
    """Return the list of a single diagonal, which SciPy takes alone too."""
    alone = isinstance(x, Node) and ndim_of(x) < 2 or not isinstance(x, Node) and np.ndim(x[0]) == 0
    return [x] if alone else x


def operator_of(symbol: str, x: Any, y: Any) -> Any:
    """Compute ``x symbol y`` of a sparse matrix and a node, as SciPy does of one and an array."""
    other = y if is_sparse(x) else x
    matrices = any(isinstance(v, scipy.sparse.spmatrix) for v in (x, y))
    if symbol == "*" and matrices and ndim_of(operand(other)):  # which is their matrix product
        symbol = "@"
    function = _OPERATORS.get(symbol)
    if function is None or (symbol == "/" and is_sparse(y)):
        return NotImplemented
    return function(*[SparseArray.of(v) if is_sparse(v) else v for v in (x, y)])


_OPERATORS = {
    "@": lambda x, y: x._matmul(y) if isinstance(x, SparseArray) else y.__rmatmul__(x),
    "*": lambda x, y: x * y if isinstance(x, SparseArray) else y * x,
    "/": lambda x, y: x / y,
    "+": lambda x, y: x + y if isinstance(x, SparseArray) else y + x,
    "-": lambda x, y: x - y if isinstance(x, SparseArray) else y.__rsub__(x),
}
