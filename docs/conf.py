"""Sphinx configuration. `sphinx-build -W docs docs/_build` needs no network."""

import shutil
from pathlib import Path

from bayes_gmm import __version__

HERE = Path(__file__).parent

project = "bayes_gmm"
author = copyright = "The bayes_gmm developers"
release = version = __version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_build", "jupyter_execute"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "bayes_gmm"
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_show_sourcelink = False
# Pages without sections of their own need no list of them.
html_sidebars = {
    page: [] for page in ("index", "gallery", "model", "comparison", "glossary", "faq", "api")
}

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
# Notebooks are stored executed. Only the gallery runs during the build.
nb_execution_mode = "auto"
nb_execution_excludepatterns = ["notebooks/*"]
nb_execution_raise_on_error = True
nb_execution_timeout = 300

autosummary_generate = True
autodoc_typehints = "none"
# Methods that scikit-learn adds; its documentation describes them.
autodoc_default_options = {
    "exclude-members": "get_metadata_routing, set_fit_request, set_score_request, set_output, "
    "set_predict_request, set_transform_request"
}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False


def copy_notebooks(app, config):
    """Sphinx reads only files below its source folder."""
    target = HERE / "notebooks"
    target.mkdir(exist_ok=True)
    for path in (HERE.parent / "notebooks").glob("*.ipynb"):
        shutil.copy2(path, target)


def setup(app):
    """Register the hooks of this documentation."""
    app.connect("config-inited", copy_notebooks)
