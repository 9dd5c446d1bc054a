"""What all clients share, whatever the provider, sync or async."""

from __future__ import annotations

import os
import re

from metertap import _core as core
from metertap._core import hide
from metertap._given import flag
from metertap.errors import InvalidArgument, WrongType

__all__ = ["DEFAULTS", "AwaitedClient", "Client", "hide", "plainly", "truth"]

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

    from typing_extensions import Self

    from metertap._selection import Selection

#: The keywords that every client takes, with their defaults.
DEFAULTS: dict[str, Any] = {
    "name": None,
    "base_url": None,
    "timeout": 60.0,
    "retries": 2,
    "max_concurrency": None,
    "max_per_second": None,
    "ca_file": None,
    "proxy": "environment",
    "on_event": None,
}


class Client:
    """An account at one provider. Immutable: any thread and any event loop may use it."""

    _provider: ClassVar[str]  # its name, or the digest of its document
    _core: core.Client  # of a subclass that metertap._build makes
    # A simulator's client knows more than a real one: the time that stands still there, and what can be asked.
    _simulated_now: Any = None
    _simulated_selection: Mapping[str, Any] | None = None

    def _ask(self, operation: str, arguments: dict[str, Any], raw: bool) -> Any:
        """Make a call: sync here, awaitable in `metertap.aio`."""
        return self._core.call(operation, arguments, flag("raw", raw))

    @classmethod
    def from_env(cls, **overrides: Any) -> Self:
        """Build a client from environment variables.

        Each field comes from the variable that the vendor's own tools use, if there is one, else from
        ``METERTAP_<PROVIDER>_<FIELD>``, for example ``METERTAP_SORA_API_KEY``.

        Parameters
        ----------
        **overrides
            Fields that are given here and not looked up.

        Returns
        -------
        Client
            A client of this class.

        Raises
        ------
        InvalidArgument
            If a field that is needed stands in none of its variables.

        Examples
        --------
        >>> import os
        >>> os.environ["METERTAP_SORA_API_KEY"] = "example"
        >>> Sora.from_env(name="production")
        Sora(name='production', base_url='https://api.sora-cloud.shiguredo.app')
        """
        given: Any = hide(overrides)
        del overrides
        facts = core.provider(cls._provider)
        flags = {field["name"] for field in facts["settings"] if field["type"] == "bool"}
        found: dict[str, core.Secret] = {}
        tried: list[str] = []
        fields = [field["name"] for field in (*facts["settings"], *facts["secrets"])]
        for field in (*fields, "base_url"):
            variables = [variable for name, variable in facts["environment"] if name == field]
            variables.append(f"METERTAP_{facts['name'].upper()}_{field.upper()}")
            tried += variables
            for variable in variables:
                word = hide(truth(os.environ.get(variable)) if field in flags else os.environ.get(variable))
                if word is not None and word.open() != "":
                    found[field] = word
                    break
        if missing := [name for name in facts["required"] if name not in found and name not in given.open()]:
            raise InvalidArgument(f"{cls.__name__} needs {' and '.join(missing)}; looked for {', '.join(tried)}.")
        try:
            return cls(**{**found, **given.open()})
        except WrongType:
            raise
        except InvalidArgument as error:
            raise InvalidArgument(f"{plainly(error)}; looked for {', '.join(tried)}.") from None

    def select(self, **wanted: Any) -> Selection:
        """Select what `plan` and `fetch` ask of this account.

        Parameters
        ----------
        **wanted
            ``meters=[…]`` (see `metertap.meters`), and what the provider's meters need: for example
            ``consumable_code=["AIU"]`` and ``tenant_id=[…]`` for UiPath, ``vhosts=["a", "b"]`` for Volcengine (a call
            for each, so that rows carry it), ``series="day"`` and ``include_sub_orgs=True`` for deviceWISE,
            ``by_label=True`` for RICOH.

        Returns
        -------
        Selection
            To be passed to `metertap.plan` or `metertap.fetch`.

        Examples
        --------
        >>> selection = sora.select(meters=["sora.egress"])
        """
        from metertap._selection import Selection

        return Selection(self, wanted)

    @property
    def name(self) -> str:
        """The account's label."""
        return self._core.name

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._core.provider

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._core.base_url

    def __repr__(self) -> str:
        if not hasattr(self, "_core"):  # a traceback through the constructor shows its locals, and this is one
            return f"<{type(self).__name__}, not built>"
        proxy = self._core.proxy
        shown = "" if proxy in (None, "environment") else f", proxy={proxy!r}"
        return f"{type(self).__name__}(name={self.name!r}, base_url={self.base_url!r}{shown})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        """Do nothing: connections are shared by all clients of an address, and close by themselves when idle."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> Any:
        advice = f"build it where it is used, for example with {type(self).__name__}.from_env()"
        raise TypeError(f"a client holds secrets and cannot be pickled; {advice}")


class AwaitedClient(Client):
    """A client of `metertap.aio`: its methods are awaited."""

    def _ask(self, operation: str, arguments: dict[str, Any], raw: bool) -> Any:
        awaited = self._core.call_async(operation, arguments, flag("raw", raw))
        return self._heard(awaited) if self._core.has_listener else awaited

    async def _heard(self, awaited: Any) -> Any:
        try:
            return await awaited
        finally:
            self._core.deliver()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Do nothing, as `__exit__`."""


def plainly(error: InvalidArgument) -> str:
    """Return what is wrong with a client's keywords, without where else a client may come from."""
    return re.sub(r"; \w+\.from_env\(\), which reads .*", "", str(error), flags=re.DOTALL).rstrip(".")


def truth(word: str | None) -> bool | str | None:
    """Read a bool out of a variable; what is none stays as it is, to be refused by name."""
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    return words.get((word or "").lower(), word)
