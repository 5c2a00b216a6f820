"""How the reference reads the source: attrs classes get signatures, doctests become code blocks."""

import re
from importlib import import_module
from typing import Any

import attrs
import griffe

DOCTEST = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class Layerwise(griffe.Extension):
    """Fills in what static reading of the source misses."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Show a lone doctest as a code block, and take `Example:` for `Examples:`."""
        if obj.docstring:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = DOCTEST.sub(lambda m: f"```pycon\n{m.group(0)}\n```", text)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Give an attrs class the signature that attrs makes."""
        real = getattr(import_module(cls.module.path), cls.name, None)
        if cls.parent is not cls.module or not attrs.has(real) or "__init__" in cls.members:
            return
        fields = [field for field in attrs.fields(real) if field.init]
        parameters = [self._parameter(cls, field) for field in fields]
        cls.set_member(
            "__init__", griffe.Function("__init__", parameters=griffe.Parameters(*parameters))
        )
        for field in fields:
            cls.members.pop(field.name, None)

    def _parameter(self, cls: griffe.Class, field: "attrs.Attribute[Any]") -> griffe.Parameter:
        annotation = cls.members[field.name].annotation if field.name in cls.members else None
        return griffe.Parameter(
            field.name,
            annotation=annotation,
            kind=griffe.ParameterKind.keyword_only,
            default=_default(field),
        )


def _default(field: "attrs.Attribute[Any]") -> str | None:
    if field.default is attrs.NOTHING:
        return None
    factory = getattr(field.default, "factory", None)
    return repr(factory() if factory else field.default)
