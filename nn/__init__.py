"""Neural networks: modules, losses, initialisers, models and the trainer."""

from __future__ import annotations
