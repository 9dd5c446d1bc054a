"""Client classes, made from what the core knows of a provider: built-in ones when they are first looked up."""

from __future__ import annotations

from metertap import _core as core
from metertap._client import DEFAULTS, AwaitedClient, Client, hide
from metertap._prose import class_doc, method_doc
from metertap.errors import WrongType

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["BUILT_IN", "built_in", "client_class", "keywords", "parameters", "returns"]

#: The built-in client classes and their providers; the table itself is read when a class is looked up.
BUILT_IN = {
    "DeviceWise": "devicewise",
    "Ricoh": "ricoh",
    "Sora": "sora",
    "UiPath": "uipath",
    "Volcengine": "volcengine",
}


def built_in(name: str, module: dict[str, Any], *, is_async: bool) -> type[Client]:
    """Return the built-in class of that name for a module's `__getattr__`, and keep it in that module."""
    if name not in BUILT_IN:
        raise AttributeError(f"module {module['__name__']!r} has no attribute {name!r}")
    made = client_class(core.provider(BUILT_IN[name]), is_async=is_async)
    # Of several threads that look it up at once, all get the same class.
    kept: type[Client] = module.setdefault(name, made)
    return kept


def client_class(facts: Any, *, is_async: bool) -> type[Client]:
    """Make the client class of a provider.

    Parameters
    ----------
    facts : dict
        What the core tells of it, see `metertap._core.provider`.
    is_async : bool
        Make the class of `metertap.aio`, whose methods are awaited.

    Returns
    -------
    type
        A subclass of `Client` with a method for each operation.
    """
    name = facts["class"]
    namespace: dict[str, Any] = {
        "__module__": "metertap.aio" if is_async else "metertap.clients",
        "__doc__": class_doc(facts),
        "_provider": facts["key"],
    }
    made = type(name, (AwaitedClient if is_async else Client,), namespace)
    _dress(_constructor(), made, [], [*keywords(facts), REST], "None")
    for what in (*facts["operations"], *facts["composites"]):
        given, result = parameters(what), returns(what)
        make = _awaited_method if is_async else _method
        method = make(what["name"], [name for name, *_ in given])
        method.__doc__ = method_doc(what, result, facts["name"], is_async=is_async)
        _dress(method, made, given, [RAW], result)
    return made


# What the tables say, as signatures have it: name, annotation, whether it must be given, default.
Parameter = tuple[str, str, bool, object]


def parameters(what: Any) -> list[Parameter]:
    """Return the parameters of the method for an operation or a composite, without `self` and `raw`."""
    return [
        (
            argument["name"],
            argument["type"] + ("" if argument["required"] or argument["default"] is not None else " | None"),
            argument["required"],
            argument["default"],
        )
        for argument in what.get("arguments", [])
    ]


def returns(what: Any) -> str:
    """Return the annotation of what the method for an operation or a composite returns."""
    return str(what.get("returns") or what["record"])


def keywords(facts: Any) -> list[Parameter]:
    """Return the keywords that only the clients of this provider take."""
    types = {field["name"]: field["type"] for field in facts["settings"] if field["name"] not in facts["rotating"]}
    found: list[Parameter] = []
    for name in facts["keywords"]:
        kind, is_required = types.get(name, "SecretWord"), name in facts["required"]
        found.append((name, kind if is_required else f"{kind} | None", is_required, None))
    return found


# The functions themselves. They take anything, so that the core can say what is wrong with it in its own words.


def _constructor() -> Callable[..., Any]:
    def __init__(self: Client, /, *values: Any, **given: Any) -> None:  # noqa: N807 - it becomes one
        # Whatever was passed may be a secret, and a traceback may show what our variables hold.
        given, values, count = hide(given), hide(values), len(values)
        self._core = core.Client(self._provider, type(self).__name__, DEFAULTS, given, count)

    return __init__


def _method(name: str, names: list[str]) -> Callable[..., Any]:
    def method(self: Client, /, *values: Any, raw: bool = False, **named: Any) -> Any:
        return self._ask(name, _arguments(name, names, values, named), raw)

    method.__name__ = name
    return method


def _awaited_method(name: str, names: list[str]) -> Callable[..., Any]:
    # A coroutine of Python's own: nothing is sent before it is awaited, and gather, TaskGroup and wait_for take it.
    async def method(self: Client, /, *values: Any, raw: bool = False, **named: Any) -> Any:
        return await self._ask(name, _arguments(name, names, values, named), raw)

    method.__name__ = name
    return method


def _arguments(name: str, names: list[str], values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name; which of them there must be, and of what type, the core checks."""
    if not values:
        return named
    if len(values) > len(names):
        raise WrongType(f"{name}() takes at most {len(names)} positional arguments, not {len(values)}.")
    arguments = dict(zip(names, values, strict=False))
    if twice := arguments.keys() & named.keys():
        raise WrongType(f"{name}() got {', '.join(sorted(twice))} twice.")
    return {**arguments, **named}


# What `help`, `inspect` and notebooks see of them


def _dress(
    function: Any, made: type[Client], positional: list[Parameter], keyword_only: list[Parameter], result: str
) -> None:
    """Give a function the signature that the tables say, and its place in a class."""
    function.__module__, function.__qualname__ = made.__module__, f"{made.__name__}.{function.__name__}"
    signature = _signature(function.__name__, positional, keyword_only)
    annotations = {name: kind for name, kind, *_ in (*positional, *keyword_only)}
    signature.__annotations__ = function.__annotations__ = {**annotations, "return": result}
    function.__wrapped__ = signature
    setattr(made, function.__name__, function)


def _signature(name: str, positional: list[Parameter], keyword_only: list[Parameter]) -> Any:
    """Return a function with this signature, for `inspect` to find behind another one; nobody calls it.

    An `inspect.Signature` would do, too, but importing `inspect` takes longer than importing metertap.
    """
    rest = REST in keyword_only
    names = ["self", *(name for name, *_ in (*positional, *keyword_only))]
    blank: Any = _blank
    code = blank.__code__
    code = code.replace(
        co_name=name,
        co_varnames=tuple(names),
        co_nlocals=len(names),
        co_argcount=1 + len(positional),
        co_kwonlyargcount=len(keyword_only) - rest,
        co_flags=code.co_flags | (TAKES_ANY_KEYWORD if rest else 0),
    )
    defaults = tuple(default for *_, is_required, default in positional if not is_required)
    signature = type(blank)(code, {}, name, defaults)
    signature.__kwdefaults__ = {name: default for name, _, is_required, default in keyword_only if not is_required}
    return signature


def _blank() -> None:
    pass


#: The flag of functions with ``**options``, as `inspect` has it.
TAKES_ANY_KEYWORD = 8
RAW: Parameter = ("raw", "bool", False, False)
REST: Parameter = ("options", "Unpack[ClientOptions]", True, None)
