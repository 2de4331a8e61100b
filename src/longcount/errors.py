"""What a user can fix."""


class UserError(Exception):
    """Something the user can fix; its text is one clear line: where, what is wrong, what would be right.

    The command line prints it as ``longcount: TEXT`` on standard error and exits with status 2. Library callers catch
    it like any exception.

    >>> raise UserError("words.txt:3: 'x' is not a bracket; a word is made of '(' and ')'")
    Traceback (most recent call last):
        ...
    longcount.errors.UserError: words.txt:3: 'x' is not a bracket; a word is made of '(' and ')'
    """
