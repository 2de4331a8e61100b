"""What cyclopts refuses, said in the words of somebody who typed a command."""

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, UnusedCliTokensError

TYPES = {float: "a number", int: "a whole number", bool: "true or false"}


def refusal(error: CycloptsError) -> str:
    """One line: what was wrong with the command line, and what would be right."""
    command = " ".join(["longcount", *(error.command_chain or ())])
    match error:
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"{first!r}: one argument too many; `{command} --help` says what it takes"
        case MissingArgumentError() if error.argument is not None:
            typed = error.keyword or next((one.keyword for one in error.argument.tokens if one.keyword), None)
            said = f"{typed} requires a value" if typed else f"{error.argument.name} is missing"
            return f"{said}; `{command} --help` says what it takes"
        case CoercionError(token=token, target_type=target) if (
            error.msg is None and token is not None and target in TYPES
        ):
            typed = token.keyword or (error.argument.name if error.argument else "argument")
            return f"{typed} {token.value!r}: should be {TYPES[target]}"
    return str(error)
