"""``seegrad.scipy.integrate``: differential equations and integrals, which take nodes."""

from __future__ import annotations

from .initial_value_problems import odeint, solve_ivp
from .integrals import quad
from .sampled_integrals import cumulative_trapezoid, simpson, trapezoid

__all__ = ["cumulative_trapezoid", "odeint", "quad", "simpson", "solve_ivp", "trapezoid"]
