"""How error messages show what they are about."""


def shown(value: object) -> str:
    """A value as error messages print it: text in quotes on one line and shortened, anything else by its kind."""
    match value:
        case None:
            return "nothing"
        case str():
            line = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{line}"' if len(line) <= 60 else f'"{line[:57]}…"'
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return str(value)
