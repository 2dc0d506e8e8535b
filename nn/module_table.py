"""How a notebook shows a module: its layers, and the shapes of their parameters."""

from __future__ import annotations

from ..common.html_table import html_table
from .module import Module

TITLES = ("layer", "weights", "parameters")

#: Of a larger model, so many layers are shown.
_MOST = 60


def module_html(module: Module) -> str | None:
    """Return a table of a module and those in it; None for one without parameters, which is shown as text."""
    parameters = [parameter for _, parameter in module.named_parameters()]
    if not parameters:
        return None
    rows = [_row(path, inner) for path, inner in module.named_modules()]
    total, trained = sum(p.size for p in parameters), sum(p.size for p in parameters if p.requires_grad)
    caption = f"{total:,} parameters" + (f", of which {trained:,} are trained" if trained < total else "")
    if len(rows) > _MOST:
        caption += f"; {len(rows) - _MOST:,} more modules are not shown"
    return html_table(rows[:_MOST], TITLES, caption, left=2)


def _row(path: str, module: Module) -> tuple[str, str, str]:
    own = {name: parameter for name, parameter in module.named_parameters() if "." not in name}
    inside = next(module.children(), None) is not None
    text = type(module).__name__ + (f"({module.extra_repr()})" if module.extra_repr() or not inside else "")
    shapes = [f"{name} {value.shape}{'' if value.requires_grad else ' frozen'}" for name, value in own.items()]
    return _indented(path) + text, ", ".join(shapes), f"{sum(p.size for p in own.values()):,}" if own else ""


def _indented(path: str) -> str:
    """Return the last part of a path, indented by the others; nothing for the model itself."""
    if not path:
        return ""
    around, _, name = path.rpartition(".")
    return " " * 4 * (1 + around.count(".") + bool(around)) + f"{name}: "
