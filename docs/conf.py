"""How `make docs` turns these pages into a site: the same files that can be read as they are, with a table of contents and a search."""

project = "duecourse"
author = "the duecourse engineers"
copyright = "the duecourse engineers, Apache-2.0"  # noqa: A001 Sphinx asks for this name
extensions = ["myst_parser"]
exclude_patterns = ["tour/*.py"]
source_suffix = {".md": "markdown"}
root_doc = "index"
myst_enable_extensions = ["deflist", "tasklist"]
myst_heading_anchors = 3
myst_all_links_external = False
suppress_warnings = ["myst.xref_missing", "myst.header"]
html_theme = "furo"
html_title = "duecourse"
html_show_sphinx = False
html_copy_source = False
language = "en"
html_search_language = "zh"
