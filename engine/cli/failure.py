"""How a command says that it failed. Apart from `main`, which is another module when it is run as a script."""


class CommandFailedError(Exception):
    """What the command was asked for did not come about; the message is for the person who asked."""
