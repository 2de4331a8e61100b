"""The command line as an object, for the reference of commands."""

from longcount.commands.application import build

app = build()
