"""Sphinx configuration: `make docs`."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # command_line.py, write_papers.py

project = "longcount"
author = "The longcount developers"
release = version = version_of("longcount")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "cyclopts.ext.sphinx",
]
exclude_patterns = ["_build", "jupyter_execute"]
html_theme = "furo"
html_title = "longcount"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Examples are run when the documentation is built; one that fails fails the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300

nb_output_stderr = "remove"  # progress
nb_render_markdown_format = "gfm"  # with tables

# A reference that leads nowhere fails the build, but for types of other packages.
nitpicky = True
napoleon_use_rtype = False  # the texts after "Returns:" are no names of types
nitpick_ignore_regex = [(r"py:.*", r"(numpy|np|pandas|pd|pyarrow|pa|pathlib|torch|collections|typing)\b.*")]
default_role = "code"

autodoc_typehints = "none"
autodoc_member_order = "bysource"


def write_playground_page(app, exception):
    """The playground that a page of the documentation links to."""
    if exception is None and app.builder.format == "html":
        from longcount.report.playground.page import write_playground

        write_playground(Path(app.outdir) / "playground-page.html")


def setup(app):
    """Called by Sphinx."""
    from write_papers import refuse_stale

    app.connect("builder-inited", refuse_stale)
    app.connect("build-finished", write_playground_page)
