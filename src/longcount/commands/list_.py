"""``longcount list``: the cells, languages and other parts there are, built in or offered by installed packages."""

from typing import Literal

from cyclopts import App

from longcount.commands.options import Form, Json, form_of
from longcount.commands.output import print_table

Kinds = Literal["cells", "languages", "tasks", "initialisations", "recipes", "measures", "papers"]

app = App(name="list", help_format="plaintext", help_formatter="default")


@app.default
def list_(kind: Kinds, /, *, form: Form = "text", json: Json = False) -> None:
    """List all parts of a kind: name, one line about it, and where it comes from.

    Besides these, wherever a name is asked for, module:Name takes one of your own from a Python file beside the study
    file or in the current folder.

    Args:
        kind: cells, languages, tasks, initialisations, recipes, measures or papers.
    """
    from longcount import cells, languages, papers
    from longcount.analysis import measures
    from longcount.languages import tasks
    from longcount.report.printed import parts
    from longcount.training import recipes

    of_training = (cells.KIND, languages.KIND, tasks.KIND, cells.INITIALISATIONS, recipes.KIND)
    kinds = {one.plural: one for one in (*of_training, measures.KIND, papers.KIND)}
    print_table(parts(kind, kinds[kind].listed()), form_of(form, json))
