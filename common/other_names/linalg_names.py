"""Names in ``torch.linalg``, ``numpy.linalg`` and ``jax.numpy.linalg``."""

from __future__ import annotations

NAMES = {
    "matrix_power": "= np.linalg.matrix_power",
    "multi_dot": "= np.linalg.multi_dot",
    "matrix_exp": "= sg.linalg.expm",
    "matmul": "= sg.matmul",
    "cross": "= np.cross",
    "diagonal": "x.diagonal(0, -2, -1)",
    "vecdot": "(x * y).sum(axis=-1)",
    "matrix_norm": "sg.linalg.norm(x, ord, axis=(-2, -1))",
    "vector_norm": "sg.linalg.norm(x.ravel(), ord), or with axis=",
    "matrix_rank": "np.linalg.matrix_rank(x.data): a rank has no gradient",
    "cond": "s = sg.linalg.svdvals(x); s[..., 0] / s[..., -1]",
    "lstsq": "sg.linalg.pinv(x) @ b",
    "eigvalsh": "sg.linalg.eigh(x).eigenvalues",
    "solve_triangular": "sg.linalg.solve(a, b)",
    "cholesky_ex": "sg.linalg.cholesky(x)",
    "inv_ex": "sg.linalg.inv(x)",
    "solve_ex": "sg.linalg.solve(a, b)",
    "lu": "sg.linalg.qr(x), or sg.linalg.solve(a, b)",
    "lu_factor": "sg.linalg.solve(a, b)",
    "lu_solve": "sg.linalg.solve(a, b)",
    "tensorinv": "sg.linalg.inv(x.reshape(n, n))",
    "tensorsolve": "sg.linalg.solve(a.reshape(n, n), b.ravel())",
    "vander": "sg.stack([x**i for i in range(n)], axis=-1)",
}
