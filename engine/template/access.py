"""What is in a value: fields, methods and elements."""

from collections.abc import Mapping, Sequence

from engine.template.errors import TemplateError
from engine.template.moments import call_method
from engine.template.values import Arguments, Data, Moment, Sample, Value, type_name


def field(value: Value, name: str) -> Value:
    """`value.name`. A label that is missing is empty text. Raises TemplateError where there is no such field."""
    match value:
        case Data():
            fields: dict[str, Value] = {
                "Labels": value.labels,
                "ExternalLabels": value.external_labels,
                "ExternalURL": value.external_url,
                "Value": value.value,
            }
        case Sample():
            fields = {"Labels": value.labels, "Value": value.value}
        case Arguments():
            return value.get(name)
        case Mapping():
            return value.get(name, "")
        case Moment():
            return call_method(value, name, ())
        case _:
            fields = {}
    if name not in fields:
        raise TemplateError(f"{type_name(value)} has no field {name}")
    return fields[name]


def index(value: Value, key: Value) -> Value:
    """`index value key`: of a mapping by name, of a sequence or text by number."""
    if isinstance(value, Mapping):
        if not isinstance(key, str):
            raise TemplateError(f"value has type {type_name(key)}; should be string")
        return field(value, key)
    if isinstance(value, Sequence) and isinstance(key, int):
        if not 0 <= key < len(value):
            raise TemplateError(f"index out of range: {key}")
        return ord(value[key]) if isinstance(value, str) else value[key]
    raise TemplateError(f"cannot index {type_name(value)} with {type_name(key)}")


def invoke(value: Value, name: str, arguments: Sequence[Value]) -> Value:
    """`value.name arguments`. Only points in time have methods."""
    if not isinstance(value, Moment):
        raise TemplateError(f"{name} has arguments but cannot be invoked as function")
    return call_method(value, name, arguments)
