"""What is added to Sphinx: formulas without scripts, derivatives in docstrings, links from code to the reference."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

#: Code that names something public, as the pages write it: ``sg.grad``, ``nn.Trainer(...)``, ``optim.Adam``.
NAMED = re.compile(r"(?:sg|seegrad)\.(?P<whole>[\w.]+)|(?P<part>(?:nn|optim|data|linalg)\.[\w.]+)")


def setup(app: Any) -> None:
    """Register it all."""
    app.add_html_math_renderer("mathml", (_formula, None), (_formula_block, None))
    app.connect("autodoc-process-docstring", _show_rules_as_code, priority=100)  # before napoleon
    app.connect("doctree-read", _keep_words_of_types)
    app.add_post_transform(LinksFromCode)


def _formula(writer: Any, node: nodes.math) -> None:
    """Write MathML, which browsers show without a script and without fonts from elsewhere."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _formula_block(writer: Any, node: nodes.math_block) -> None:
    formula = tex2mathml(" ".join(node.astext().split()), as_block=True)
    writer.body.append(f'<div class="math">{formula}</div>')
    raise nodes.SkipNode


def _show_rules_as_code(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Show as code what help for operations tells as plain text: the formula, and the rules under Derivative."""
    lines[:1] = [re.sub("^(.+), elementwise: for numbers.*", r"``\1``, elementwise.", line) for line in lines[:1]]
    if "Derivative" in lines:
        start = lines.index("Derivative")
        end = lines.index("Examples") if "Examples" in lines else len(lines)
        lines[start:end] = [re.sub("^(each input|\\w+) : (.*)", r"- \1: ``\2``", line) for line in lines[start:end]]


def _keep_words_of_types(app: Any, doctree: nodes.document) -> None:
    """Let "array, shape (n,)" be words: Sphinx takes each for a class, and finds an attribute ``shape`` somewhere."""
    for link in list(doctree.findall(pending_xref)):
        is_type = link["refdomain"] == "py" and link["reftype"] == "class"
        if is_type and re.fullmatch("[a-z_]+", link["reftarget"]):
            link.replace_self(link.children)


class LinksFromCode(SphinxPostTransform):
    """Make code such as ``sg.grad`` or ``nn.Trainer(model)`` in a sentence a link to its description."""

    default_priority = 5
    formats: ClassVar = ("html",)

    def run(self, **options: Any) -> None:
        """Go through a page."""
        known = self.env.domains.python_domain.objects
        for code in list(self.document.findall(nodes.literal)):
            found = NAMED.match(code.astext())
            if found is None or isinstance(code.parent, nodes.reference | nodes.title):
                continue
            entry = known.get(f"seegrad.{found['whole'] or found['part']}")
            if entry is not None:
                link = make_refnode(self.app.builder, self.env.docname, entry.docname, entry.node_id, code.deepcopy())
                code.replace_self(link)
