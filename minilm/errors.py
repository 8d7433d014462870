"""The one kind of error that a user of minilm can mend."""


class MinilmError(Exception):
    """What went wrong and what to do about it, in one or two sentences.

    The command line prints the message without a traceback and exits with status 2; a notebook or
    a script sees an ordinary exception.
    """
