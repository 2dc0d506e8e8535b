"""Hypergeometric functions, orthogonal polynomials and complete elliptic integrals, and their derivatives.

A rule reads "given the gradient ``g`` of the result ``out``, the gradient of this input is ...", as in
``ops/elementwise.py``. Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 13,
15, 16, 18 and 19. Parameters and degrees have no derivative in closed form.
"""

from __future__ import annotations

import math
from typing import Any, Final

from scipy import special

from ..ops.elementwise import maximum, sin, sqrt, where
from .special_function import SpecialFunction, of_integers, part_of

# ------------------------------------------------------------------------------------- hypergeometric

hyp0f1: Final = SpecialFunction("hyp0f1", "0F1(v; z)")
hyp0f1.rules(None, lambda g, out, v, z: g * hyp0f1(v + 1.0, z) / v)

hyp1f1: Final = SpecialFunction("hyp1f1", "1F1(a; b; x)")
hyp1f1.rules(None, None, lambda g, out, a, b, x: g * (a / b) * hyp1f1(a + 1.0, b + 1.0, x))

hyp2f1: Final = SpecialFunction("hyp2f1", "2F1(a, b; c; z)")
hyp2f1.rules(None, None, None, lambda g, out, a, b, c, z: g * (a * b / c) * hyp2f1(a + 1.0, b + 1.0, c + 1.0, z))

hyperu: Final = SpecialFunction("hyperu", "U(a, b, x)")
hyperu.rules(None, None, lambda g, out, a, b, x: -g * a * hyperu(a + 1.0, b + 1.0, x))

wright_bessel: Final = SpecialFunction("wright_bessel", "Wright's generalized Bessel function")
wright_bessel.rules(None, None, lambda g, out, a, b, x: g * wright_bessel(a, a + b, x))

# ----------------------------------------------------------------------------------------- polynomials


def _of_lower(n: Any, slope: Any) -> Any:
    """A slope that is a polynomial of degree n - 1: 0 for constants."""
    return where(n == 0, 0.0, slope)


eval_jacobi: Final = SpecialFunction("eval_jacobi", "Jacobi's polynomial of degree n")
eval_jacobi.rules(
    None,
    None,
    None,
    lambda g, out, n, alpha, beta, x: _of_lower(
        n, 0.5 * g * (n + alpha + beta + 1.0) * eval_jacobi(n - 1.0, alpha + 1.0, beta + 1.0, x)
    ),
)

eval_sh_jacobi: Final = SpecialFunction("eval_sh_jacobi", "Jacobi's polynomial of degree n, shifted to (0, 1)")


def _sh_jacobi_slope(n: Any, p: Any, q: Any, x: Any) -> Any:
    """The slope, by the polynomial on (-1, 1): G_n = P_n(2 x - 1) / binom(2 n + p - 1, n)."""
    slope = (n + p) * eval_jacobi(n - 1.0, p - q + 1.0, q, 2.0 * x - 1.0)
    return slope / special.binom(2.0 * n + p - 1.0, n)


eval_sh_jacobi.rules(None, None, None, lambda g, out, n, p, q, x: _of_lower(n, g * _sh_jacobi_slope(n, p, q, x)))

eval_legendre: Final = SpecialFunction("eval_legendre", "Legendre's polynomial of degree n")
eval_legendre.rules(None, lambda g, out, n, x: _of_lower(n, 0.5 * g * (n + 1.0) * eval_jacobi(n - 1.0, 1.0, 1.0, x)))

eval_sh_legendre: Final = SpecialFunction("eval_sh_legendre", "Legendre's polynomial of 2 x - 1")
eval_sh_legendre.rules(
    None, lambda g, out, n, x: _of_lower(n, g * (n + 1.0) * eval_jacobi(n - 1.0, 1.0, 1.0, 2.0 * x - 1.0))
)

eval_gegenbauer: Final = SpecialFunction("eval_gegenbauer", "Gegenbauer's polynomial of degree n")
eval_gegenbauer.rules(
    None,
    None,
    lambda g, out, n, alpha, x: _of_lower(n, 2.0 * g * alpha * eval_gegenbauer(n - 1.0, alpha + 1.0, x)),
)

eval_chebyt: Final = SpecialFunction("eval_chebyt", "Chebyshev's polynomial of the first kind")
eval_chebyt.rules(None, lambda g, out, n, x: _of_lower(n, g * n * eval_chebyu(n - 1.0, x)))

eval_chebyu: Final = SpecialFunction("eval_chebyu", "Chebyshev's polynomial of the second kind")
eval_chebyu.rules(None, lambda g, out, n, x: _of_lower(n, 2.0 * g * eval_gegenbauer(n - 1.0, 2.0, x)))

eval_chebyc: Final = SpecialFunction("eval_chebyc", "2 T_n(x / 2)")
eval_chebyc.rules(None, lambda g, out, n, x: _of_lower(n, g * n * eval_chebyu(n - 1.0, 0.5 * x)))

eval_chebys: Final = SpecialFunction("eval_chebys", "U_n(x / 2)")
eval_chebys.rules(None, lambda g, out, n, x: _of_lower(n, g * eval_gegenbauer(n - 1.0, 2.0, 0.5 * x)))

eval_sh_chebyt: Final = SpecialFunction("eval_sh_chebyt", "T_n(2 x - 1)")
eval_sh_chebyt.rules(None, lambda g, out, n, x: _of_lower(n, 2.0 * g * n * eval_chebyu(n - 1.0, 2.0 * x - 1.0)))

eval_sh_chebyu: Final = SpecialFunction("eval_sh_chebyu", "U_n(2 x - 1)")
eval_sh_chebyu.rules(None, lambda g, out, n, x: _of_lower(n, 4.0 * g * eval_gegenbauer(n - 1.0, 2.0, 2.0 * x - 1.0)))

eval_laguerre: Final = SpecialFunction("eval_laguerre", "Laguerre's polynomial of degree n")
eval_laguerre.rules(None, lambda g, out, n, x: _of_lower(n, -g * eval_genlaguerre(n - 1.0, 1.0, x)))

eval_genlaguerre: Final = SpecialFunction("eval_genlaguerre", "the generalized Laguerre polynomial of degree n")
eval_genlaguerre.rules(
    None, None, lambda g, out, n, alpha, x: _of_lower(n, -g * eval_genlaguerre(n - 1.0, alpha + 1.0, x))
)

eval_hermite: Final = SpecialFunction(
    "eval_hermite", "the physicists' Hermite polynomial", of_integers(special.eval_hermite, 0)
)
eval_hermite.rules(None, lambda g, out, n, x: 2.0 * g * n * eval_hermite(maximum(n - 1, 0), x))

eval_hermitenorm: Final = SpecialFunction(
    "eval_hermitenorm", "the probabilists' Hermite polynomial", of_integers(special.eval_hermitenorm, 0)
)
eval_hermitenorm.rules(None, lambda g, out, n, x: g * n * eval_hermitenorm(maximum(n - 1, 0), x))

# ---------------------------------------------- elliptic integrals, of the parameter m (DLMF 19.5.1 and 19.5.2)

ellipk: Final = SpecialFunction("ellipk", "K(m), the complete elliptic integral of the first kind")
ellipk.rules(lambda g, out, m: g * (math.pi / 8.0) * hyp2f1(1.5, 1.5, 2.0, m))

ellipe: Final = SpecialFunction("ellipe", "E(m), the complete elliptic integral of the second kind")
ellipe.rules(lambda g, out, m: -g * (math.pi / 8.0) * hyp2f1(0.5, 1.5, 2.0, m))


def _ellipkm1_slope(out: Any, p: Any) -> Any:
    """-(E - p K) / (2 p (1 - p)) for small p (DLMF 19.4.1), which cancels for p close to 1."""
    small = p < 0.5
    q = where(small, p, 0.25)
    near = (where(small, out, 1.0) * q - ellipe(1.0 - q)) / (2.0 * q * (1.0 - q))
    return where(small, near, (-math.pi / 8.0) * hyp2f1(1.5, 1.5, 2.0, where(small, 0.0, 1.0 - p)))


ellipkm1: Final = SpecialFunction("ellipkm1", "K(1 - p)")
ellipkm1.rules(lambda g, out, p: g * _ellipkm1_slope(out, p))

ellipkinc: Final = SpecialFunction("ellipkinc", "F(phi, m), the incomplete elliptic integral of the first kind")
ellipkinc.rules(lambda g, out, phi, m: g / sqrt(1.0 - m * sin(phi) ** 2), None)

ellipeinc: Final = SpecialFunction("ellipeinc", "E(phi, m), the incomplete elliptic integral of the second kind")
ellipeinc.rules(lambda g, out, phi, m: g * sqrt(1.0 - m * sin(phi) ** 2), None)


sn: Final = part_of(special.ellipj, 0, "Jacobi's elliptic function sn(u, m)")
cn: Final = part_of(special.ellipj, 1, "Jacobi's elliptic function cn(u, m)")
dn: Final = part_of(special.ellipj, 2, "Jacobi's elliptic function dn(u, m)")
ph: Final = part_of(special.ellipj, 3, "the amplitude of Jacobi's elliptic functions")
sn.rules(lambda g, out, u, m: g * cn(u, m) * dn(u, m), None)
cn.rules(lambda g, out, u, m: -g * sn(u, m) * dn(u, m), None)
dn.rules(lambda g, out, u, m: -g * m * sn(u, m) * cn(u, m), None)
ph.rules(lambda g, out, u, m: g * dn(u, m), None)

#: Functions with several results: their operations, in order.
SEVERAL: Final = {special.ellipj: (sn, cn, dn, ph)}
