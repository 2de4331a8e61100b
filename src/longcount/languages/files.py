"""Word files: one word per line in the letters of a language.

Lines may end in CRLF, the last may lack its newline, and blank lines may follow it. For languages over ``()`` a word
may be followed by ``,labels``, and anything after a second comma: a label stands for each token, 1 where the task
expects ``)``, 0 where it does not, as in the released Dyck-1 data. Labels that are given are checked. The field has no
one form of labels for other letters, so there nothing may follow a word.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from longcount import languages
from longcount.arguments import checked
from longcount.disk import replacing, write_new
from longcount.errors import UserError
from longcount.languages.language import Language
from longcount.languages.splits import SPLITS, duplicates, overlaps
from longcount.languages.words import CLOSE, LETTERS, Words, gather, listed, offsets_of, tokens_of
from longcount.reading import read_bytes

FILE_NAMES = {split: f"{split}.txt" for split in SPLITS} | {"training": "train.txt"}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
WANTED = "a file of words"
NEWLINE, CARRIAGE_RETURN, COMMA, ZERO = b"\n\r,0"


@checked
def read_words(path: str | Path, language: str | Language = "dyck1", *, members_only: bool = True) -> Words:
    """The words of a file, one per line.

    Args:
        path: the file.
        language: the words' language, or its name.
        members_only: whether strings over its letters that are not of the language are refused.

    Raises:
        UserError: with file and line, for a file that cannot be read or a line that is no such word.
    """
    language = _language(language)
    return _parse(Path(path), read_bytes(path, WANTED), language, members_only)


def write_words(path: str | Path, words: Words) -> None:
    """Write one word per line, without labels; the file is there whole or not at all. UserError where that fails or a
    word is empty (its line would be, too)."""
    _write_files({Path(path): words})


def read_splits(
    directory: str | Path, language: str | Language = "dyck1", *, members_only: bool = True
) -> dict[str, Words]:
    """The splits whose files (`FILE_NAMES`) a directory holds, in the order of `SPLITS`, read as `read_words` does;
    UserError where none is."""
    directory = _existing_directory(directory)
    paths = {split: directory / FILE_NAMES[split] for split in SPLITS}
    splits = {
        split: read_words(path, language, members_only=members_only)
        for split, path in paths.items()
        if os.path.exists(path)
    }
    if not splits:
        raise UserError(f"{directory}: holds no word file; expected some of {', '.join(FILE_NAMES.values())}")
    return splits


def write_splits(directory: str | Path, splits: dict[str, Words]) -> list[Path]:
    """Write each split's file, all or none, into a directory created if needed; returns their paths.

    A file that holds the same words already is left as it is. UserError where one holds others: nothing is lost.
    """
    directory = Path(directory)
    paths = {directory / FILE_NAMES[split]: words for split, words in splits.items()}
    for path, words in paths.items():
        if os.path.exists(path) and read_bytes(path, WANTED) != words.lines():
            raise UserError(f"{path}: already exists and holds other words; choose another directory or remove it")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{directory}: cannot be created: {error.strerror}") from None
    _write_files({path: words for path, words in paths.items() if not os.path.exists(path)})
    return list(paths)


@dataclass(frozen=True)
class SplitSummary:
    """What `check_directory` says of one file; lengths in tokens. The depth after a token is the language's largest
    counter (for Dyck-2, how many brackets are open); its mean is over all tokens of members."""

    split: str
    words: int
    members: int
    tokens: int
    shortest: int
    mean_length: float
    longest: int
    deepest: int
    mean_depth: float
    duplicates: int


@dataclass(frozen=True)
class DirectoryCheck:
    """One row per word file, and for each pair of splits the number of distinct words that stand in both."""

    rows: list[SplitSummary]
    overlaps: dict[tuple[str, str], int]


def summarise(split: str, words: Words, language: Language) -> SplitSummary:
    """Counts, lengths, depths and repeats of at least one word."""
    members = words.select(np.flatnonzero(language.members(words)))
    depths = language.depths(members)
    return SplitSummary(
        split=split,
        words=len(words),
        members=len(members),
        tokens=len(words.tokens),
        shortest=int(words.lengths.min()),
        mean_length=float(words.lengths.mean()),
        longest=int(words.lengths.max()),
        deepest=int(depths.max(initial=0)),
        mean_depth=float(depths.mean()) if len(depths) else 0.0,
        duplicates=duplicates(words),
    )


def check_directory(
    directory: str | Path, language: str | Language = "dyck1", *, members_only: bool = True
) -> DirectoryCheck:
    """Read every ``.txt`` file of a directory, the splits first, others (under their file name) in alphabetical order,
    as `read_words` does.

    UserError for the first bad word, by file and line, or where there is no such file.
    """
    directory, language = _existing_directory(directory), _language(language)
    known = {name: split for split, name in FILE_NAMES.items()}
    present = {path.name: path for path in sorted(directory.glob("*.txt"))}
    names = [name for name in known if name in present] + [name for name in present if name not in known]
    if not names:
        raise UserError(f"{directory}: holds no word file; expected some of {', '.join(known)}")
    splits = {known.get(name, name): read_words(present[name], language, members_only=members_only) for name in names}
    return DirectoryCheck([summarise(split, words, language) for split, words in splits.items()], overlaps(splits))


def _language(language: str | Language) -> Language:
    return languages.get(language) if isinstance(language, str) else language


def _existing_directory(directory: str | Path) -> Path:
    directory = Path(directory)
    if not os.path.isdir(directory):
        problem = "is not a directory" if os.path.exists(directory) else "no such directory"
        raise UserError(f"{directory}: {problem}; expected a directory of word files")
    return directory


def _write_files(words_of: dict[Path, Words]) -> None:
    for path, words in words_of.items():
        empty = np.flatnonzero(words.lengths == 0)
        if len(empty) or not len(words):
            what = f"word {empty[0] + 1} is empty" if len(empty) else "there are no words"
            raise UserError(f"{path}: not written: {what}, and a word file has a word on every line")
    path = Path()
    try:
        with ExitStack() as halves:  # each takes its place when the last is written
            for path, words in words_of.items():
                write_new(halves.enter_context(replacing(path, synced=False)), words.lines())
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None


@dataclass(frozen=True)
class _Lines:
    """The lines of a word file as byte positions; all arrays int64 [N] but `letters`, uint8."""

    letters: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, data: bytes) -> "_Lines":
        letters = np.frombuffer(data, np.uint8)
        newlines = np.flatnonzero(letters == NEWLINE)
        starts, ends = np.append(0, newlines + 1), np.append(newlines, len(letters))
        ends = ends - ((ends > starts) & (letters[ends - 1] == CARRIAGE_RETURN))
        return cls(letters, starts, ends)

    @cached_property
    def commas(self) -> np.ndarray:
        return np.append(np.flatnonzero(self.letters == COMMA), len(self.letters))

    def _comma_from(self, positions: np.ndarray) -> np.ndarray:
        """The first comma of each line at or after a position; the line's end where there is none."""
        return np.minimum(self.commas[np.searchsorted(self.commas, positions)], self.ends)

    @cached_property
    def word_ends(self) -> np.ndarray:
        return self._comma_from(self.starts)

    @cached_property
    def label_starts(self) -> np.ndarray:
        return np.minimum(self.word_ends + 1, self.ends)

    @cached_property
    def label_ends(self) -> np.ndarray:
        return self._comma_from(self.label_starts)

    def character(self, position: int) -> str:
        """The character that begins at a byte position, quoted."""
        return repr(self.letters[position : position + 4].tobytes().decode("utf-8", errors="ignore")[:1])


def _parse(path: Path, data: bytes, language: Language, members_only: bool) -> Words:
    data = data.removeprefix(BYTE_ORDER_MARK).rstrip(b"\r\n")
    if not data:
        raise UserError(f"{path}: is empty; expected one word per line")
    _check_text(path, data, language)
    lines = _Lines.of(data)
    lengths = lines.word_ends - lines.starts
    tokens = tokens_of(gather(lines.letters, lines.starts, lengths), language.letters)
    foreign = tokens >= len(language.letters)
    words = Words(np.where(foreign, np.uint8(0), tokens), offsets_of(lengths), language.letters)
    found = [
        _empty_word(lines, lengths, language),
        _foreign_letter(lines, words, foreign),
        _not_in_language(words, language) if members_only else None,
        *([_wrong_label_count(lines, lengths), _wrong_label(lines, words, language)]
          if language.letters == LETTERS else [_any_label(lines, language)]),
    ]  # fmt: skip
    problems = [problem for problem in found if problem is not None]
    if problems:
        line, message = min(problems, key=lambda problem: problem[0])  # of one line, the first kind above
        raise UserError(f"{path}:{line + 1}: {message}")
    return words


def _check_text(path: Path, data: bytes, language: Language) -> None:
    position, what = data.find(b"\0"), "a zero byte: a binary file?"
    if position < 0 and not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            position, what = error.start, f"byte 0x{data[error.start]:02x} is not UTF-8: a binary file?"
    if position >= 0:
        line = data.count(b"\n", 0, position) + 1
        raise UserError(f"{path}:{line}: {what} Expected one word per line in {listed(language.letters, 'and')}")


# Each of these gives the first line, counted from 0, that has a certain fault, and what to say of it; None without.


def _empty_word(lines: _Lines, lengths: np.ndarray, language: Language) -> tuple[int, str] | None:
    empty = np.flatnonzero(lengths == 0)
    if not len(empty):
        return None
    line = int(empty[0])
    what = "empty line" if lines.starts[line] == lines.ends[line] else "no word before the comma"
    return line, f"{what}; expected a word in {listed(language.letters, 'and')}"


def _foreign_letter(lines: _Lines, words: Words, foreign: np.ndarray) -> tuple[int, str] | None:
    if not foreign.any():
        return None
    line, column = _place(words.offsets, int(foreign.argmax()))
    character = lines.character(int(lines.starts[line]) + column)
    expected = listed(words.letters, "or")
    return line, f"{character} at column {column + 1} is not a letter of a word; expected {expected}"


def _not_in_language(words: Words, language: Language) -> tuple[int, str] | None:
    bad = np.flatnonzero(language.first_bad_tokens(words) >= 0)
    return (int(bad[0]), language.complaint(words, int(bad[0]))) if len(bad) else None


def _any_label(lines: _Lines, language: Language) -> tuple[int, str] | None:
    labelled = np.flatnonzero(lines.word_ends < lines.ends)
    if not len(labelled):
        return None
    line = int(labelled[0])
    column = int(lines.word_ends[line] - lines.starts[line]) + 1
    return line, f"',' at column {column}: words of {language.name} have no labels; end the line here"


def _wrong_label_count(lines: _Lines, lengths: np.ndarray) -> tuple[int, str] | None:
    counts = lines.label_ends - lines.label_starts
    bad = np.flatnonzero((lines.word_ends < lines.ends) & (counts != lengths))
    if not len(bad):
        return None
    line = int(bad[0])
    return line, f"{counts[line]} labels for a word of {lengths[line]} tokens; expected one label per token"


def _wrong_label(lines: _Lines, words: Words, language: Language) -> tuple[int, str] | None:
    labelled = np.flatnonzero((lines.label_ends - lines.label_starts == words.lengths) & (words.lengths > 0))
    lengths = words.lengths[labelled]
    expected = gather(language.targets(words)[:, CLOSE], words.offsets[labelled], lengths) + np.uint8(ZERO)
    wrong = np.flatnonzero(gather(lines.letters, lines.label_starts[labelled], lengths) != expected)
    if not len(wrong):
        return None
    row, token = _place(offsets_of(lengths), int(wrong[0]))
    line = int(labelled[row])
    position = int(lines.label_starts[line]) + token
    column = position - int(lines.starts[line]) + 1
    return line, f"label {lines.character(position)} at column {column} should be '{chr(expected[wrong[0]])}'"


def _place(offsets: np.ndarray, token: int) -> tuple[int, int]:
    """The word that a token stands in, and its index there."""
    word = int(np.searchsorted(offsets, token, side="right")) - 1
    return word, token - int(offsets[word])
