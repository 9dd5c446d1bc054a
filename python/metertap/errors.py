"""Everything that metertap raises.

All classes derive from `MetertapError`; where Python has a class of the same meaning, they derive from that, too, so
``except TimeoutError`` and ``except ValueError`` do what one expects.
"""

from __future__ import annotations

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from metertap.usage import Usage

__all__ = [
    "AuthenticationFailed",
    "CertificateRejected",
    "ConnectionFailed",
    "ConnectionLost",
    "CoverageWarning",
    "ForkedProcessError",
    "IncompleteResponse",
    "IncompleteUsage",
    "InconsistentResponse",
    "InternalError",
    "InvalidArgument",
    "InvalidDocument",
    "InvalidRequest",
    "MetertapError",
    "MfaRequired",
    "MissingExtra",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "RequestTimeout",
    "ResponseTooLarge",
    "ServerError",
    "ShuttingDown",
    "UnexpectedRedirect",
    "UnexpectedResponse",
    "WrongType",
]


class MetertapError(Exception):
    """The base of all errors of metertap.

    Attributes
    ----------
    provider : str or None
        The provider's name, such as ``"volcengine"``; None if no provider was involved.
    operation : str or None
        The provider's own name of the operation, such as ``"DescribeLiveTimeShiftData"``.
    http_status : int or None
        The HTTP status of the last answer.
    provider_code : str or None
        The provider's own error code.
    request_id : str or None
        The provider's id of the request, for its support.
    attempts : int
        How many requests were sent.
    elapsed : float
        Seconds since the call began.
    retry_after : float or None
        Seconds that the provider wants us to wait.
    is_temporary : bool
        True if the same call may succeed later.
    retries_suppressed : bool
        True if a repetition was due, but the account's budget for repetitions was used up.
    partial : object or None
        What did arrive, where a part of an answer is worth having.

    Examples
    --------
    >>> try:
    ...     mt.Sora(api_key="wrong", base_url=simulator.base_url("sora")).total_sessions_this_month()
    ... except mt.MetertapError as error:
    ...     print(type(error).__name__, error.provider, error.http_status, error.attempts)
    AuthenticationFailed sora 401 1
    """

    provider: str | None
    operation: str | None
    http_status: int | None
    provider_code: str | None
    request_id: str | None
    attempts: int
    elapsed: float
    retry_after: float | None
    is_temporary: bool
    retries_suppressed: bool
    partial: Any

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        operation: str | None = None,
        http_status: int | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
        attempts: int = 0,
        elapsed: float = 0.0,
        retry_after: float | None = None,
        is_temporary: bool = False,
        retries_suppressed: bool = False,
        partial: Any = None,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.operation = operation
        self.http_status = http_status
        self.provider_code = provider_code
        self.request_id = request_id
        self.attempts = attempts
        self.elapsed = elapsed
        self.retry_after = retry_after
        self.is_temporary = is_temporary
        self.retries_suppressed = retries_suppressed
        self.partial = partial

    @property
    def usage(self) -> Any:
        """All that did arrive, a `metertap.Usage`, if it was a fetch that failed; None otherwise."""
        return self.partial

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions with keyword arguments do not survive pickling by themselves, and a pool that cannot unpickle an
        # exception hangs (python/cpython#103061).
        return (_restore, (type(self), self.args, dict(self.__dict__)))


def _restore(cls: type[MetertapError], args: tuple[Any, ...], attributes: dict[str, Any]) -> MetertapError:
    error = cls(*args)
    error.__dict__.update(attributes)
    return error


class InvalidArgument(MetertapError, ValueError):
    """An argument has a value that cannot work; nothing was sent.

    Examples
    --------
    >>> try:
    ...     mt.plan(sora, "2026-03-01", "2026-02-01")
    ... except mt.InvalidArgument as error:
    ...     print(error)
    start (2026-03-01T00:00:00+00:00) must be before end (2026-02-01T00:00:00+00:00).
    """


class InvalidDocument(InvalidArgument):
    """A document cannot be a provider; the message tells every mistake with its line.

    Attributes
    ----------
    mistakes : list of (int, str)
        The line of each, and what is wrong there.

    Examples
    --------
    >>> try:
    ...     mt.register({"name": 7})
    ... except mt.InvalidDocument as error:
    ...     print(error.mistakes[0])
    (1, 'name must be a string, not 7')
    """

    mistakes: list[tuple[int, str]]

    def __init__(self, message: str = "", *, mistakes: Iterable[tuple[int, str]] = (), **about: Any) -> None:
        super().__init__(message, **about)
        self.mistakes = list(mistakes)


class WrongType(InvalidArgument, TypeError):
    """An argument is of a wrong type, unknown or missing; nothing was sent.

    Examples
    --------
    >>> try:
    ...     mt.plan(sora, 2026)
    ... except mt.WrongType as error:
    ...     print(error)
    start must be a text, a date or a datetime, not int: for the year write start="2026".
    """


class MissingExtra(MetertapError, ImportError):
    """An optional package is needed; the message has the command that installs it.

    Examples
    --------
    >>> try:
    ...     frame = usage.to_polars()  # doctest: +SKIP
    ... except mt.MissingExtra as error:
    ...     print(error)  # the command that installs it
    """


class ConnectionFailed(MetertapError, ConnectionError):
    """No connection: name not found, refused, no answer in time, or TLS was cut.

    Examples
    --------
    >>> nobody = mt.Sora(api_key="key", base_url="http://127.0.0.1:1", retries=0)
    >>> try:
    ...     nobody.total_sessions_this_month()
    ... except mt.ConnectionFailed as error:
    ...     print(error.is_temporary)
    True
    """


class CertificateRejected(MetertapError):
    """The server's certificate is not trusted, or it is for another host.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.CertificateRejected as error:
    ...     print(error)  # pass ca_file=, if the service has a certificate of your own
    """


class ConnectionLost(MetertapError, ConnectionError):
    """The connection broke after the request was sent.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.ConnectionLost as error:
    ...     print(error.attempts)
    """


class RequestTimeout(MetertapError, TimeoutError):
    """No answer in time.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.RequestTimeout as error:
    ...     print(error.elapsed)  # pass timeout=, in seconds
    """


class IncompleteResponse(MetertapError):
    """The answer's body stalled, was cut short or could not be decoded.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.IncompleteResponse as error:
    ...     print(error.attempts)
    """


class ResponseTooLarge(MetertapError):
    """The answer's body is larger than any usage report; it was not read.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.ResponseTooLarge as error:
    ...     print(error)  # ask for less at once
    """


class ServerError(MetertapError):
    """The service failed.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.ServerError as error:
    ...     print(error.http_status, error.request_id)
    """


class RateLimited(MetertapError):
    """The service wants fewer requests; `retry_after` says when to come back, if it told.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.RateLimited as error:
    ...     print(error.retry_after)
    """


class AuthenticationFailed(MetertapError):
    """The service does not accept the credentials.

    Examples
    --------
    >>> try:
    ...     mt.Sora(api_key="wrong", base_url=simulator.base_url("sora")).total_sessions_this_month()
    ... except mt.AuthenticationFailed as error:
    ...     print(error.http_status)
    401
    """


class MfaRequired(AuthenticationFailed):
    """The service wants a second factor: pass its code as ``mfa_code=``.

    Examples
    --------
    >>> try:
    ...     history = devicewise.api_usage_history(last="24h")
    ... except mt.MfaRequired as error:
    ...     print(error)  # what to pass
    """


class PermissionDenied(MetertapError, PermissionError):
    """The credentials are good, but not for this.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.PermissionDenied as error:
    ...     print(error.provider_code)
    """


class InvalidRequest(MetertapError):
    """The service refuses the request as malformed or out of its limits.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.InvalidRequest as error:
    ...     print(error.provider_code, error)
    """


class NotFound(MetertapError, LookupError):
    """The service does not know what was asked for.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.NotFound as error:
    ...     print(error)
    """


class UnexpectedRedirect(MetertapError):
    """The service points elsewhere; redirects are never followed.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.UnexpectedRedirect as error:
    ...     print(error)  # where it points to; nothing was sent there
    """


class UnexpectedResponse(MetertapError):
    """A complete answer that is not understood; the message has the JSON path and the first characters.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.UnexpectedResponse as error:
    ...     print(error)  # the place in the answer, and what was expected
    """


class InconsistentResponse(MetertapError):
    """A complete answer whose numbers contradict each other.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.InconsistentResponse as error:
    ...     print(error)  # both figures
    """


class ForkedProcessError(MetertapError):
    """The process was forked, and calls cannot be made in the child.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.ForkedProcessError as error:
    ...     print(error)
    """


class ShuttingDown(MetertapError):
    """The interpreter is shutting down.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.ShuttingDown as error:
    ...     print(error)
    """


class InternalError(MetertapError):
    """A bug in metertap; please report it.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch(sora, "2026-03", now="2026-04-15")
    ... except mt.InternalError as error:
    ...     print(error)  # please report it
    """


class IncompleteUsage(MetertapError):
    """A fetch lacks something that was asked for; `usage` holds all that did arrive, and its holes say what is missing.

    Or its archive could not be written.

    Attributes
    ----------
    archive_problem : str or None
        Why the archive is not whole; None if it is, or if there is none.

    Examples
    --------
    >>> try:
    ...     usage = mt.fetch([sora, ricoh], "2026-03", now="2026-04-15")
    ... except mt.IncompleteUsage as error:
    ...     print(error.usage.missing)
    ...     usage = mt.concat([error.usage, mt.fetch(error.usage.remaining())])
    """

    archive_problem: str | None = None


def of_whole(reason: MetertapError, message: str, usage: Usage) -> IncompleteUsage:
    """Return the error of a fetch whose every call failed for one reason.

    It is of the reason's class and says what the reason says, and it is an `IncompleteUsage`, too: who catches either
    catches it.
    """
    error = _whole(type(reason))(message)
    error.__dict__.update(reason.__dict__)
    error.partial = usage
    return error


def _whole(kind: type[MetertapError]) -> type[IncompleteUsage]:
    if kind not in _WHOLE:
        namespace = {"__module__": kind.__module__, "__doc__": kind.__doc__, "__reduce__": _reduce_whole(kind)}
        _WHOLE[kind] = type(kind.__name__, (kind, IncompleteUsage), namespace)
    return _WHOLE[kind]


_WHOLE: dict[type[MetertapError], type[IncompleteUsage]] = {}


def _reduce_whole(kind: type[MetertapError]) -> Callable[[MetertapError], tuple[Any, ...]]:
    return lambda self: (_restore_whole, (kind, self.args, dict(self.__dict__)))


def _restore_whole(kind: type[MetertapError], args: tuple[Any, ...], attributes: dict[str, Any]) -> MetertapError:
    return _restore(_whole(kind), args, attributes)


class CoverageWarning(UserWarning):
    """What came is less than what was asked for, or its archive is not whole; the message says what is missing.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always", mt.CoverageWarning)
    ...     usage = mt.fetch(ricoh, "2026-03", now="2026-04-15", on_error="keep")
    >>> [str(warning.message) for warning in told]
    []
    """


def __dir__() -> list[str]:
    return sorted(__all__)
