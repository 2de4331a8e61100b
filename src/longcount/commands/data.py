"""``longcount data``: words of any language made and checked, and what a task asks of them; without training."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from longcount.commands.options import Form, Json, LanguageName, Seed, TaskName, Window, form_of, number
from longcount.commands.output import print_table, say

app = App(
    name="data",
    help_format="plaintext",
    help_formatter="default",
    help="Make or check the words of a study, or say what a task asks of words.",
)

Sampler = Literal["grammar", "uniform", "walk", "n_uniform", "u_shaped", "left_tailed", "right_tailed", "geometric"]
Count = Annotated[int | None, number(1, 10_000_000)]
Share = Annotated[float | None, Parameter(validator=Number(gte=0, lte=1))]


@app.command
def make(
    directory: Path,
    /,
    *,
    language: LanguageName = "dyck1",
    task: TaskName = "next_letters",
    sampler: Sampler | None = None,
    training_words: Count = None,
    validation_words: Count = None,
    long_words: Count = None,
    very_long_words: Count = None,
    training_lengths: Window | None = None,
    long_lengths: Window | None = None,
    very_long_length: Annotated[int | None, number(1, 1_000_000)] = None,
    p: Share = None,
    q: Share = None,
    training_n: Window | None = None,
    validation_n: Window | None = None,
    long_n: Window | None = None,
    very_long_n: Window | None = None,
    geometric_p: Share = None,
    seed: Seed = 0,
) -> None:
    """Write train.txt, validation.txt, long.txt, very_long.txt and, for Dyck-1, zigzag.txt, one word per line.

    For the task recognise every other word is wrong: in turn right, random, right, near miss.

    Args:
        directory: Where to write; files that hold other words already are not overwritten.
        sampler: How words are drawn: by a grammar (brackets), uniformly among the words of a length, letter by letter
            (walk), or by n in a window; default: grammar for Dyck-1 and Dyck-2, n_uniform where words are given by n,
            else walk.
        training_words: Number of training words; default 10,000.
        validation_words: Number of validation words; default 5,000.
        long_words: Number of long words; default 5,000. By n there is one word of each.
        very_long_words: Number of very long words; default 100. By n there is one word of each.
        training_lengths: Lengths of training and validation words, in letters; default 2-50.
        long_lengths: Lengths of long words; default 52-100.
        very_long_length: Length of very long words; default 1,000.
        p: Probability in the grammar of brackets around a word; default 0.5.
        q: Probability in the grammar of two words, one after the other; default 0.25.
        training_n: Window of n for training and validation words; default 1-50.
        validation_n: Window of n for validation words; default: that of the training words.
        long_n: Window of n for long words; default 51-100.
        very_long_n: Window of n for very long words; default 101-200.
        geometric_p: Each next n is 1 - p times as likely; default 0.3.
    """
    from longcount.languages.files import write_splits
    from longcount.languages.splits import make_splits

    asked = {
        "sampler": sampler,
        "training_words": training_words,
        "validation_words": validation_words,
        "long_words": long_words,
        "very_long_words": very_long_words,
        "training_lengths": training_lengths,
        "long_lengths": long_lengths,
        "very_long_length": very_long_length,
        "p": p,
        "q": q,
        "training_n": training_n,
        "validation_n": validation_n,
        "long_n": long_n,
        "very_long_n": very_long_n,
        "geometric_p": geometric_p,
    }
    settings = {name: value for name, value in asked.items() if value is not None}
    for path in write_splits(directory, make_splits(seed, language=language, task=task, **settings)):
        say(str(path))


@app.command
def check(
    directory: Path,
    /,
    *,
    language: LanguageName = "dyck1",
    task: TaskName = "next_letters",
    form: Form = "text",
    json: Json = False,
) -> None:
    """Print counts, lengths, depths, duplicates and overlaps; refuse the first bad word by file and line.

    For the task recognise, words outside the language are counted and not refused.

    Args:
        directory: Word files; every .txt file in it is read.
    """
    from longcount.languages import tasks
    from longcount.languages.files import check_directory
    from longcount.report.printed import words

    asked = form_of(form, json)
    found = check_directory(directory, language, members_only=not tasks.get(task).wrong_words)
    print_table(words(f"Words in {directory}", found), asked)


@app.command
def targets(
    file: Path,
    /,
    *,
    language: LanguageName = "dyck1",
    task: TaskName = "next_letters",
    form: Form = "text",
    json: Json = False,
) -> None:
    """Print for each word of a file whether it is in the language, and what the task asks for after each letter.

    Words outside the language are reported, not refused.

    Args:
        file: One word per line.
    """
    from longcount import languages
    from longcount.languages import tasks
    from longcount.languages.files import read_words
    from longcount.report.printed import targets_table

    asked = form_of(form, json)
    spoken, problem = languages.get(language), tasks.get(task)
    words = read_words(file, spoken, members_only=False)
    rows = tasks.asked(problem, spoken, words)
    complaints = ["" if row["member"] else spoken.complaint(words, place) for place, row in enumerate(rows)]
    title = f"{file}: {problem.name} of {spoken.name}"
    print_table(targets_table(title, rows, complaints, problem.outputs(spoken)), asked)
