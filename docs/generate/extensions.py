"""What is added to Sphinx: formulas without scripts, derivatives in docstrings, links from code to the reference.

Pages whose name ends in ``_zh`` say that they are Chinese: browsers choose the letters for it.
"""

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

#: A function's name in MathML, before and after which TeX leaves room: "y ln p", but "ln(p)".
APPLIED = re.compile(
    r"(?P<factor>(?:</(?:mi|mn|msub|msup|msubsup|mfrac)>|<mo stretchy=\"false\">\)</mo>)\s*)?"
    r"(?P<name><mi>[a-z]{2,}</mi>)\s*<mo>&ApplyFunction;</mo>(?P<argument>\s*<m(?:i|n|frac|sub|sup|subsup|sqrt|text)\b)?"
)
THIN_SPACE = '<mspace width="0.1667em"></mspace>'
#: What must not begin a line. Browsers break lines between a formula and whatever follows.
CLOSING = re.compile("[,.;:!?)，。；：、！？）”]+")


def setup(app: Any) -> None:
    """Register it all."""
    app.add_html_math_renderer("mathml", (_formula, None), (_formula_block, None))
    app.connect("autodoc-process-docstring", _show_rules_as_code, priority=100)  # before napoleon
    app.connect("doctree-read", _keep_words_of_types)
    app.connect("html-page-context", _name_the_language)
    app.add_post_transform(LinksFromCode)
    app.add_post_transform(FormulasWithPunctuation)


def _formula(writer: Any, node: nodes.math) -> None:
    """Write MathML, which browsers show without a script and without fonts from elsewhere."""
    writer.body.append(_mathml(node.astext()))
    raise nodes.SkipNode


def _formula_block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math">{_mathml(" ".join(node.astext().split()), as_block=True)}</div>')
    raise nodes.SkipNode


def _mathml(formula: str, **options: Any) -> str:
    """Translate a formula, with the room around functions, and none after a sign or between max and its parenthesis."""
    text = APPLIED.sub(_with_room, tex2mathml(formula, **options))
    text = re.sub(r"(<mo>[=≈→←,≤≥<>]</mo>\s*)<mo>([+−±])</mo>", r'\1<mo form="prefix">\2</mo>', text)
    return re.sub(r'<mo>(max|min)</mo>(\s*<mo stretchy="false">\()', r'<mo lspace="0" rspace="0">\1</mo>\2', text)


def _with_room(found: re.Match[str]) -> str:
    before = found["factor"] + THIN_SPACE if found["factor"] else ""
    return before + found["name"] + (THIN_SPACE + found["argument"] if found["argument"] else "")


def _name_the_language(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if page.endswith("_zh"):
        context["language"] = "zh-Hans"


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


class FormulasWithPunctuation(SphinxPostTransform):
    """Keep a comma or a full stop on the line of the formula before it."""

    default_priority = 6
    formats: ClassVar = ("html",)

    def run(self, **options: Any) -> None:
        """Go through a page."""
        for formula in list(self.document.findall(nodes.math)):
            text = formula.next_node(descend=False, siblings=True)
            found = CLOSING.match(text.astext()) if isinstance(text, nodes.Text) else None
            if found is None:
                continue
            parent = formula.parent
            parent.replace(text, nodes.Text(text.astext()[found.end() :]))
            together = nodes.inline("", "", formula.deepcopy(), nodes.Text(found[0]), classes=["together"])
            parent.replace(formula, together)
