"""Data sets, loading, scaling and batches: plain NumPy in and out."""

from __future__ import annotations
