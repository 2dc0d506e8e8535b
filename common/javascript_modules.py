"""JavaScript modules as one script, for pages that are one file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_IMPORT = re.compile(r'^import \{([^}]*)\} from "([\w./]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) (\w+))", re.MULTILINE)


def joined_modules(*entries: Path, instead: Mapping[str, str] | None = None, compact: bool = False) -> str:
    r"""Return modules and all that they import as one script, each in a scope of its own, so that no names collide.

    What a module exports is held by a constant that is called as its file, with a dollar sign before: ``$page`` for
    ``page.js``.

    Parameters
    ----------
    *entries : Path
        The modules. They import and export by names, in statements that begin with ``import {`` and ``export``.
    instead : mapping of str to str, optional
        Names of files, and of those in the same folder that take their place where they are imported.
    compact : bool
        Whether comments that fill their lines and indents are left out.

    Raises
    ------
    ValueError
        If two files have the same name.

    Examples
    --------
    >>> from pathlib import Path
    >>> from seegrad.common.javascript_modules import joined_modules
    >>> _ = Path("one.js").write_text("export const one = 1;")
    >>> _ = Path("two.js").write_text('import { one } from "./one.js";\nexport function two() { return 2 * one; }')
    >>> print(joined_modules(Path("two.js")))
    const $one = (() => {
    const one = 1;
    return { one };
    })();
    const $two = (() => {
    const { one } = $one;
    function two() { return 2 * one; }
    return { two };
    })();
    """
    found: dict[str, tuple[Path, str]] = {}
    for entry in entries:
        _add(entry.resolve(), instead or {}, found)
    script = "\n".join(script for _, script in found.values())
    return without_comments(script) if compact else script


def without_comments(script: str) -> str:
    """Return a script without comments that fill their lines, and without indents."""
    return re.sub(r"^ +", "", re.sub(r"^ *//.*\n", "", script, flags=re.MULTILINE), flags=re.MULTILINE)


def _add(file: Path, instead: Mapping[str, str], found: dict[str, tuple[Path, str]]) -> None:
    """Add a module behind those that it imports."""
    if file.stem in found:
        if found[file.stem][0] != file:
            raise ValueError(f"two modules are called {file.name}: {found[file.stem][0]} and {file}")
        return

    def taken(match: re.Match[str]) -> str:
        other = (file.parent / match[2]).resolve()
        other = other.with_name(instead.get(other.name, other.name))
        _add(other, instead, found)
        names = [name.strip().replace(" as ", ": ") for name in match[1].split(",") if name.strip()]
        return f"const {{ {', '.join(names)} }} = ${other.stem};"

    text = file.read_text(encoding="utf-8").strip()
    exported = ", ".join(_EXPORT.findall(text))
    text = _EXPORT.sub("", _IMPORT.sub(taken, text))
    found[file.stem] = file, f"const ${file.stem} = (() => {{\n{text}\nreturn {{ {exported} }};\n}})();"
