"""The documentation of client classes and their methods, written from what the core knows of a provider."""

from __future__ import annotations

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from typing import Any

__all__ = ["class_doc", "method_doc"]

#: Documentation of the keywords that every client takes, for the docstring of each.
OPTIONS_DOC = """
name : str, optional
    The account's label in tables and messages; the provider's name by default.
base_url : str, optional
    The service's address. Blanks around it and slashes at its end are taken off.
timeout : float, default 60
    Seconds for a whole call, with all its attempts and waits.
retries : int, default 2
    How often a failed attempt is repeated.
max_concurrency : int, optional
    How many requests of this account may be under way at once, in this process.
max_per_second : float, optional
    How many requests of this account may be sent in a second, in this process; ``math.inf`` for no limit. By
    default what the provider declares, see `metertap.meters`.
ca_file : str or path, optional
    A PEM file of certificates to trust besides the platform's. On Linux SSL_CERT_FILE and SSL_CERT_DIR say where
    these are, else REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE, as they are when the client is made.
proxy : str or None, default "environment"
    A proxy's URL (``http://`` or ``https://``), None for no proxy, or ``"environment"`` for what HTTPS_PROXY or
    else ALL_PROXY says when the client is made, but for the hosts in NO_PROXY. A proxy that cannot be used is
    refused. Requests to this machine never take one.
on_event : callable, optional
    Called with each event of this client's own calls, see `metertap.events`; a fetch has an ``on_event`` of its
    own.
"""

#: Columns of a line: docstrings are shown with up to 8 more.
WIDTH = 108
BEARER = "The word ``Bearer`` in front of it is taken off."
FAILED = "Of the class that tells what went wrong."
REFUSED = "If an argument cannot work; nothing was sent."
#: Types as they stand in annotations, and as people read them.
KINDS = {
    "Any": "object",
    "Mapping[str, Any]": "dict",
    "Moment": "datetime, date or str",
    "Moment | int": "datetime, date, str or int",
    "Sequence[Mapping[str, Any]]": "list of dict",
    "str | Sequence[str]": "str or list of str",
}


def class_doc(facts: dict[str, Any]) -> str:
    """Return the docstring of a provider's client class."""
    fields = {field["name"]: field for field in (*facts["settings"], *facts["secrets"])}
    options = OPTIONS_DOC.strip()
    if facts["base_url"] is None:  # every account has its own
        options = options.replace("base_url : str, optional", "base_url : str")
    entries = [*(_keyword(facts, fields[name]) for name in facts["keywords"]), options]
    notes = "\n\n".join(_wrapped(paragraph) for paragraph in facts["notes"].split("\n\n"))
    first, *further = facts["doc"].split("\n\n")
    return _joined([first, *map(_wrapped, further)], {"Parameters": entries, "Notes": [notes]})


def method_doc(what: dict[str, Any], returns: str, provider: str, *, is_async: bool = False) -> str:
    """Return the docstring of a provider's method, whose result has this annotation."""
    prose, arguments = what["prose"], what.get("arguments", [])
    usual = "Return the provider's JSON, here the same number." if returns == "int" else "Return the provider's JSON."
    raw = _entry("raw : bool, default False", prose["raw"] or usual)
    raises = {"InvalidArgument": REFUSED} if arguments else {}
    raises.update(prose["raises"])
    raises["MetertapError"] = raises.pop("MetertapError", FAILED)  # the most general one stands last
    wire = what.get("wire", what["name"])
    source = f"Source: {what['page']}" if wire == what["name"] else f"Source: `{wire}`, {what['page']}"
    notes = [source, _wrapped(prose["notes"])] if prose["notes"] else [source]
    example = prose["example"] or _example(what["name"], arguments, returns, provider)
    sections = {
        "Parameters": [*map(_argument, arguments), raw],
        "Returns": [_entry(_readable(returns), prose["returns"] or what["doc"])],
        "Raises": [_entry(name, when) for name, when in raises.items()],
        "Notes": ["\n\n".join(notes)],
        "Examples": [_awaited(example, provider) if is_async else example],
    }
    return _joined([what["doc"]], sections)


#: What stands in an example that no document has, for arguments of these names.
SAMPLES = {"start": '"2026-04-10"', "end": '"2026-04-11"'}


def _example(name: str, arguments: list[dict[str, Any]], returns: str, provider: str) -> str:
    """Return an example of a call with the arguments that it needs; nothing if nobody can say what these might be."""
    given = []
    for argument in arguments:
        if argument["required"]:
            first = _literal(argument["choices"][0]) if argument["choices"] else None
            given.append(SAMPLES.get(argument["name"], first))
    if None in given or not returns.isidentifier():
        return ""
    call = f"{provider}.{name}({', '.join(map(str, given))})"
    return f">>> answer = {call}\n>>> type(answer).__name__\n'{returns}'"


def _awaited(example: str, provider: str) -> str:
    """Return an example of the async door: each call of the client is awaited."""
    import re

    # A call holds no call of the client itself; what is taken of its answer needs it in parentheses.
    call = re.compile(rf"({provider}\.\w+\([^()]*\))([.\[]?)")
    return call.sub(lambda found: f"(await {found[1]}){found[2]}" if found[2] else f"await {found[1]}", example)


def _joined(paragraphs: list[str], sections: dict[str, list[str]]) -> str:
    """Put a docstring together; sections without content are left out."""
    for title, parts in sections.items():
        if content := "\n".join(filter(None, parts)):
            paragraphs.append(f"{title}\n{'-' * len(title)}\n{content}")
    return "\n\n".join(paragraphs) + "\n"


def _argument(argument: dict[str, Any]) -> str:
    """Return an argument's entry."""
    kind = _readable(argument["type"])
    if argument["choices"]:
        kind = "{" + ", ".join(map(_literal, argument["choices"])) + "}"
        kind += " or list of them" if "Sequence" in argument["type"] else ""
    return _entry(f"{argument['name']} : {kind}{_needed(argument)}", _sentence(argument["doc"]))


def _keyword(facts: dict[str, Any], field: dict[str, Any]) -> str:
    """Return the entry of one of a client's own keywords."""
    name = field["name"]
    is_secret = "type" not in field or name in facts["rotating"]
    kind = "str or callable" if is_secret else _readable(field["type"])
    needed = "" if name in facts["required"] else _needed(field)
    bearer = f" {BEARER}" if name in facts["bearer"] else ""
    return _entry(f"{name} : {kind}{needed}", _sentence(field["doc"]) + bearer)


def _needed(argument: dict[str, Any]) -> str:
    """Return what follows the type of an argument: whether it must be given."""
    if argument.get("required"):
        return ""
    default = argument.get("default")
    return ", optional" if default is None else f", default {_literal(default)}"


def _readable(annotation: str) -> str:
    """Return the type that an annotation means, as people read it."""
    if annotation.startswith("list["):
        return f"list of {annotation[5:-1]}"
    return KINDS.get(annotation, annotation)


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _sentence(doc: str) -> str:
    """Return what a table says of an argument, which goes on in messages, as a sentence of its own."""
    return f"{doc[:1].upper()}{doc[1:]}."


def _entry(head: str, text: str) -> str:
    return f"{head}\n{_wrapped(text, indent='    ')}"


def _wrapped(text: str, indent: str = "") -> str:
    """Break a text into lines; textwrap would take longer to import than all of this."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return "\n".join(lines)
