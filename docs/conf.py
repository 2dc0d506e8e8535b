"""Settings of the site, for Sphinx; ``docs/make_site.py`` writes its sources and calls Sphinx (``make docs``)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from generate import extensions as ours

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: The public address of the repository. Until pyproject.toml tells one, what needs it is left out.
REPOSITORY: str = PROJECT.get("urls", {}).get("Repository", "").removesuffix(".git").rstrip("/")

project, author = "seegrad", "the seegrad authors"
copyright = "the seegrad authors, MIT licence"
version = release = PROJECT["version"]

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "myst_nb", "sphinx_design"]
extensions += ["sphinx_copybutton"]
root_doc = "index"
highlight_language = "none"  # of blocks that name no language
default_role = "code"  # a single backtick in a docstring means what it does in Markdown
nitpicky = True
nitpick_ignore_regex = [
    ("py:class", r"(?!seegrad\.).*"),  # types in words: "array_like", "pair", "optional"
    ("py:.*", r"(numpy|scipy)\..*"),
]

# Docstrings tell the types in words; signatures keep to names and defaults.
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
autosummary_generate = False
napoleon_google_docstring = False
napoleon_custom_sections = ["Derivative"]
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_preprocess_types = False

# A test runs the notebooks and compares the kinds of their outputs, so the outputs that they are stored with are shown.
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = f"seegrad {release}"
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_show_sphinx = False
html_copy_source = False
html_domain_indices = False
html_math_renderer = "mathml"


def setup(app):
    """Add what is ours."""
    ours.setup(app)
