"""Why a command ends without what was asked for, as a sentence for a person."""


class Refused(Exception):  # noqa: N818 - it is no error of the program
    """A sentence that says what is wrong and what to do; it ends the command with exit code 1."""


class Usage(Refused):
    """The same of what the command line says: exit code 2."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 epoch`, `2,000 epochs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
