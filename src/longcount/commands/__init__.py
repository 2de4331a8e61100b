"""The command line: each command is a few lines over public functions.

`application` holds the program itself: its commands, how errors are reported, and the exit status. Every other module
is one command (or a family such as ``data make`` and ``data check``), imported only when it is asked for.
"""
