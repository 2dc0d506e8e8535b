"""``seegrad.scipy.optimize``: minima and roots as differentiable functions of parameters."""

from __future__ import annotations

from .curve_fitting import curve_fit
from .minimization import least_squares, minimize
from .root_finding import brentq, fixed_point, root, root_scalar

__all__ = ["brentq", "curve_fit", "fixed_point", "least_squares", "minimize", "root", "root_scalar"]
