# Written by tools/stubs.py from the tables of the providers; do not edit.
"""The clients, to be awaited."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta, tzinfo
from os import PathLike
from typing import Any, Literal, overload

from metertap._aledger import Ledger
from metertap._client import AwaitedClient, Client
from metertap.config import Accounts
from metertap.events import Event
from metertap.models import (
    ConsumptionSummary,
    CostAndUsage,
    FolderConsumption,
    LiveUsage,
    ServiceConsumption,
    StatusThisMonth,
    Traffic,
    TrafficPeriod,
    UsageHistory,
    UsageReport,
)
from metertap.planning import Plan
from metertap.typing import Moment, SecretWord, When, Whom
from metertap.usage import Usage

__all__ = [
    "DeviceWise",
    "Ledger",
    "Ricoh",
    "Sora",
    "UiPath",
    "Volcengine",
    "accounts",
    "connect",
    "fetch",
    "provider",
    "replay",
]

class DeviceWise(AwaitedClient):
    """Telit deviceWISE (TR50): API calls, things, connections and storage of an organisation.

    Give `base_url`, which is different for every organisation and region (the portal's developer page shows
    it), and `username` and `password`; or `app_id`, `app_token` and `thing_key`; or a `session_id`.

    Parameters
    ----------
    username : str, optional
        The user's e-mail address.
    password : str or callable, optional
        The user's password; a refused login is never repeated, since the service locks users out.
    mfa_code : str or callable, optional
        The six-digit code of the user's second factor, if the service asks for one.
    app_id : str, optional
        The application's id; keep it stable, since the service remembers it with the thing.
    app_token : str or callable, optional
        The application's token.
    thing_key : str, optional
        The key of the thing that the application speaks for.
    session_id : str or callable, optional
        A session that was opened elsewhere; used as it is, and never opened anew.
    org_key : str, optional
        The organisation to read, if it is not the user's default one.
    name : str, optional
        The account's label in tables and messages; the provider's name by default.
    base_url : str
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
    def __init__(
        self,
        *,
        base_url: str,
        username: str | None = None,
        password: SecretWord | None = None,
        mfa_code: SecretWord | None = None,
        app_id: str | None = None,
        app_token: SecretWord | None = None,
        thing_key: str | None = None,
        session_id: SecretWord | None = None,
        org_key: str | None = None,
        name: str | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        max_concurrency: int | None = None,
        max_per_second: float | None = None,
        ca_file: str | PathLike[str] | None = None,
        proxy: str | None = "environment",
        on_event: Callable[[Event], object] | None = None,
    ) -> None: ...
    @overload
    async def api_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        dimension: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageHistory:
        """API calls per bucket and service; reading them adds to them.

        Parameters
        ----------
        start : datetime, date or str, optional
            The start of the window; give start and end, or last.
        end : datetime, date or str, optional
            The end of the window.
        last : str, optional
            The time before now, as a number and one of s, m (minutes), h, d, for example "24h".
        series : {"hour", "day"}, default "hour"
            The length of a bucket: hour or day.
        dimension : {"org"}, optional
            "org" splits the counters by organisation; the shape of that answer is not published, and three are
            understood.
        include_sub_orgs : bool, default False
            Whether organisations below this one count, too.
        show_all : bool, optional
            All organisations; needs the Super-Ops right.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageHistory
            Calls. Reading this adds to it; the last bucket is partial if the window reaches the present.

        Raises
        ------
        InvalidArgument
            If the window is given in no way or in two.
        InconsistentResponse
            If a series has another length than the timestamps.
        MfaRequired
            If the service asks for a second factor.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `usage.api.history`, https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.api.history.htm

        Examples
        --------
        >>> history = await devicewise.api_usage_history(start="2026-03-01", end="2026-03-02")
        >>> len(history.timestamps)
        24
        """
    @overload
    async def api_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        dimension: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def thing_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageHistory:
        """Things per bucket: connected, billable and all; levels, not increments.

        Parameters
        ----------
        start : datetime, date or str, optional
            The start of the window; give start and end, or last.
        end : datetime, date or str, optional
            The end of the window.
        last : str, optional
            The time before now, as a number and one of s, m (minutes), h, d, for example "24h".
        series : {"hour", "day"}, default "hour"
            The length of a bucket: hour or day.
        include_sub_orgs : bool, default False
            Whether organisations below this one count, too.
        show_all : bool, optional
            All organisations; needs the Super-Ops right.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageHistory
            Things: levels, not increments. At most 5,000 buckets are answered.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `usage.thing.history`, https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.thing.history.htm

        Examples
        --------
        >>> history = await devicewise.thing_usage_history(last="24h")
        >>> ["connected"] in [series.path for series in history.series]
        True
        """
    @overload
    async def thing_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def connection_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        dimension: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageHistory:
        """Connections per bucket: with a rate plan, activated, in session and all; levels, not increments.

        Parameters
        ----------
        start : datetime, date or str, optional
            The start of the window; give start and end, or last.
        end : datetime, date or str, optional
            The end of the window.
        last : str, optional
            The time before now, as a number and one of s, m (minutes), h, d, for example "24h".
        series : {"hour", "day"}, default "hour"
            The length of a bucket: hour or day.
        dimension : {"org"}, optional
            "org" splits the counters by organisation; the shape of that answer is not published, and three are
            understood.
        include_sub_orgs : bool, default False
            Whether organisations below this one count, too.
        show_all : bool, optional
            All organisations; needs the Super-Ops right.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageHistory
            Connections: levels, not increments.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `usage.connection.history`, https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.connection.history.htm

        Examples
        --------
        >>> history = await devicewise.connection_usage_history(last="24h")
        >>> ["activated"] in [series.path for series in history.series]
        True
        """
    @overload
    async def connection_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        dimension: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def storage_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageHistory:
        """Stored data per bucket and kind, presumably bytes; a level, of which total adds up the buckets.

        Parameters
        ----------
        start : datetime, date or str, optional
            The start of the window; give start and end, or last.
        end : datetime, date or str, optional
            The end of the window.
        last : str, optional
            The time before now, as a number and one of s, m (minutes), h, d, for example "24h".
        include_sub_orgs : bool, default False
            Whether organisations below this one count, too.
        show_all : bool, optional
            All organisations; needs the Super-Ops right.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageHistory
            Sizes, presumably bytes: levels. `total` adds them up over the buckets; it is not the storage in use.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `usage.storage.history`, https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.storage.history.htm

        Examples
        --------
        >>> history = await devicewise.storage_usage_history(last="48h")
        >>> len(history.series) > 0
        True
        """
    @overload
    async def storage_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def usage_report(
        self,
        start: Moment,
        end: Moment | None = None,
        org_key: str | None = None,
        include_sub_orgs: bool = False,
        include_counts_by_thing_def: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageReport:
        """The billing report of an organisation; needs the Org Admin right.

        Parameters
        ----------
        start : datetime, date or str
            The start of the billing period.
        end : datetime, date or str, optional
            The end of the billing period.
        org_key : str, optional
            The organisation; the session's own otherwise.
        include_sub_orgs : bool, default False
            Whether organisations below this one count, too.
        include_counts_by_thing_def : bool, optional
            Whether things are counted by definition, too.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageReport
            A row per organisation.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `usage.report`, https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/APIs/Usage/usage.report.htm

        Examples
        --------
        >>> report = await devicewise.usage_report(start="2026-03-01", end="2026-04-01")
        >>> len(report.report)
        1
        """
    @overload
    async def usage_report(
        self,
        start: Moment,
        end: Moment | None = None,
        org_key: str | None = None,
        include_sub_orgs: bool = False,
        include_counts_by_thing_def: bool | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def call(self, command: str, params: Mapping[str, Any] | None = None, *, raw: Literal[False] = False) -> Any:
        """Any other command that only reads.

        Parameters
        ----------
        command : str
            The TR50 command, for example "session.info".
        params : dict, optional
            Its parameters.
        raw : bool, default False
            Return the whole reply packet instead of the command's ``params``.

        Returns
        -------
        object
            The provider's JSON as plain dicts, lists and numbers.

        Raises
        ------
        InvalidArgument
            If the command's name does not say that it only reads.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: https://docs.devicewise.com/Content/Products/IoT_Portal_API_Reference_Guide/IoT-Portal-Authentication.htm

        Examples
        --------
        >>> "ttl" in await devicewise.call("session.info")
        True
        """
    @overload
    async def call(self, command: str, params: Mapping[str, Any] | None = None, *, raw: Literal[True]) -> Any: ...

class Ricoh(AwaitedClient):
    """RICOH Live Streaming: approximate cost (JPY) and usage of a client application.

    Parameters
    ----------
    client_id : str
        The ClientID of the application: the user name, and a part of every path.
    client_secret : str or callable
        The ClientSecret of the application; it also signs the tokens of its users.
    label_template : str, default "classification_labels"
        The path of label calls behind cost_and_usage/; no page shows it, and the default was never verified.
    labels_template : str, optional
        The path of the call for every label, where it is not that of one label.
    utc_offset : str, optional
        The UTC offset at which since and until are sent, such as "+09:00"; UTC if left out, since no page says
        whether others are taken.
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
    def __init__(
        self,
        *,
        client_id: str,
        client_secret: SecretWord,
        label_template: str | None = None,
        labels_template: str | None = None,
        utc_offset: str | None = None,
        name: str | None = None,
        base_url: str | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        max_concurrency: int | None = None,
        max_per_second: float | None = None,
        ca_file: str | PathLike[str] | None = None,
        proxy: str | None = "environment",
        on_event: Callable[[Event], object] | None = None,
    ) -> None: ...
    @overload
    async def cost_and_usage_total(
        self, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: Literal[False] = False
    ) -> CostAndUsage:
        """Approximate cost (JPY) and usage of the whole application; traffic is floored to whole GiB per answer.

        Parameters
        ----------
        since : datetime, date or str
            The start, to the second: rooms that started then or later count; at most a year ago.
        until : datetime, date or str
            The end, to the second: rooms that started then or later do not count, and one that ran past it counts
            with all of its time; at most a month after since.
        env : {"prod", "dev"} or list of them, optional
            "prod", "dev" or both; both if it is left out.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        CostAndUsage
            Minutes, GiB and approximate JPY. Traffic is what the SFU server sent and received for ``sfu`` and
            ``sfu_large`` rooms, and what the TURN servers sent for ``p2p_turn``. It is floored to whole GiB per
            answer, so answers to parts of a range add up to less than the whole. Figures are complete 24 hours
            after a room has ended.

        Raises
        ------
        InvalidArgument
            If the range is empty.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `clients/{client_id}/cost_and_usage/total`, https://livestreaming.ricoh/docs/api-v1-cost-and-usage

        Examples
        --------
        >>> answer = await ricoh.cost_and_usage_total("2026-02-01", "2026-03-01")
        >>> [item.item_name for item in answer.results[0].items]
        ['connection_time', 'traffic_volume', 'bitrate_reservation']
        """
    @overload
    async def cost_and_usage_total(
        self, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: Literal[True]
    ) -> Any: ...
    @overload
    async def cost_and_usage_by_label(
        self,
        since: Moment,
        until: Moment,
        env: str | Sequence[str] | None = None,
        starts_with: str | None = None,
        *,
        raw: Literal[False] = False,
    ) -> CostAndUsage:
        """Approximate cost (JPY) and usage of every classification label, one result each.

        Parameters
        ----------
        since : datetime, date or str
            The start, to the second: rooms that started then or later count; at most a year ago.
        until : datetime, date or str
            The end, to the second: rooms that started then or later do not count, and one that ran past it counts
            with all of its time; at most a month after since.
        env : {"prod", "dev"} or list of them, optional
            "prod", "dev" or both; both if it is left out.
        starts_with : str, optional
            Keeps the labels that begin with this.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        CostAndUsage
            A result per label. Traffic by label does not add up to the total's, which is floored.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        NotFound
            If the path of label calls, which no page shows, is another one; see `label_template`.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `clients/{client_id}/cost_and_usage/{label_template}`, https://livestreaming.ricoh/docs/api-v1-cost-and-usage

        Examples
        --------
        >>> answer = await ricoh.cost_and_usage_by_label("2026-02-01", "2026-03-01")
        >>> "default" in [result.label for result in answer.results]
        True
        """
    @overload
    async def cost_and_usage_by_label(
        self,
        since: Moment,
        until: Moment,
        env: str | Sequence[str] | None = None,
        starts_with: str | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def cost_and_usage_for_label(
        self,
        label: str,
        since: Moment,
        until: Moment,
        env: str | Sequence[str] | None = None,
        *,
        raw: Literal[False] = False,
    ) -> CostAndUsage:
        """Approximate cost (JPY) and usage of one classification label.

        Parameters
        ----------
        label : str
            The classification label; "default" where the application sets none.
        since : datetime, date or str
            The start, to the second: rooms that started then or later count; at most a year ago.
        until : datetime, date or str
            The end, to the second: rooms that started then or later do not count, and one that ran past it counts
            with all of its time; at most a month after since.
        env : {"prod", "dev"} or list of them, optional
            "prod", "dev" or both; both if it is left out.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        CostAndUsage
            One result, or none if the label was not used.

        Raises
        ------
        InvalidArgument
            If the label has characters that no label can have.
        NotFound
            If the label is unknown, or the path of label calls is another one; see `label_template`.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `clients/{client_id}/cost_and_usage/{label_template}/{label}`, https://livestreaming.ricoh/docs/api-v1-cost-and-usage

        Examples
        --------
        >>> answer = await ricoh.cost_and_usage_for_label("default", "2026-02-01", "2026-03-01")
        >>> answer.results[0].label
        'default'
        """
    @overload
    async def cost_and_usage_for_label(
        self, label: str, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: Literal[True]
    ) -> Any: ...

class Sora(AwaitedClient):
    """Shiguredo Sora Cloud: nine counters of "this month so far", and three time series of traffic.

    Parameters
    ----------
    api_key : str or callable
        The API key: the organisation's for all calls but those that begin with ``project_``, which want the
        project's. The word ``Bearer`` in front of it is taken off.
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
    def __init__(
        self,
        *,
        api_key: SecretWord,
        name: str | None = None,
        base_url: str | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        max_concurrency: int | None = None,
        max_per_second: float | None = None,
        ca_file: str | PathLike[str] | None = None,
        proxy: str | None = "environment",
        on_event: Callable[[Event], object] | None = None,
    ) -> None: ...
    @overload
    async def total_connections_this_month(self, *, raw: Literal[False] = False) -> int:
        """Connections of this month so far.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Connections since the month began (UTC assumed; the service does not say).

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-total-connections-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.total_connections_this_month() >= 0
        True
        """
    @overload
    async def total_connections_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def total_sessions_this_month(self, *, raw: Literal[False] = False) -> int:
        """Sessions of this month so far.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Sessions.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-total-sessions-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.total_sessions_this_month() <= await sora.total_connections_this_month()
        True
        """
    @overload
    async def total_sessions_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def total_duration_min_this_month(self, *, raw: Literal[False] = False) -> int:
        """Minutes of connection of this month so far; a connection under one minute counts as 0.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Minutes. A connection under one minute counts as 0, so 0 does not mean unused; longer ones are
            presumably floored to whole minutes, too.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-total-duration-min-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.total_duration_min_this_month() >= 0
        True
        """
    @overload
    async def total_duration_min_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def total_traffic_this_month(self, *, raw: Literal[False] = False) -> Traffic:
        """Bytes of ingress and egress this month so far, presumably as the service received and sent them.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON: ``{"ingress": …, "egress": …}``.

        Returns
        -------
        Traffic
            Bytes; ingress is presumably what the service received, egress what it sent.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-total-traffic-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> traffic = await sora.total_traffic_this_month()
        >>> raw = await sora.total_traffic_this_month(raw=True)
        >>> raw == {"ingress": traffic.ingress, "egress": traffic.egress}
        True
        """
    @overload
    async def total_traffic_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def max_concurrent_connections_this_month(self, *, raw: Literal[False] = False) -> int:
        """The most connections at once this month so far; a peak, never to be summed.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Connections. A peak: do not add it over months or projects.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-max-concurrent-connections-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.max_concurrent_connections_this_month() <= await sora.total_connections_this_month()
        True
        """
    @overload
    async def max_concurrent_connections_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def max_bandwidth_mbps_this_month(self, *, raw: Literal[False] = False) -> int:
        """The highest bandwidth this month so far, in whole Mbit/s, floored; a peak, never to be summed.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Mbit/s, floored: below 1 is 0. A peak: do not add it over months or projects.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-max-bandwidth-mbps-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.max_bandwidth_mbps_this_month() >= 0
        True
        """
    @overload
    async def max_bandwidth_mbps_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def total_api_requests_this_month(self, *, raw: Literal[False] = False) -> int:
        """Requests to the Sora Cloud API this month so far.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Requests; reading this counter is probably one, too.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-total-api-requests-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.total_api_requests_this_month() >= 0
        True
        """
    @overload
    async def total_api_requests_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def total_sora_api_requests_this_month(self, *, raw: Literal[False] = False) -> int:
        """Requests to the Sora API through the cloud this month so far; another counter than the Sora Cloud API's.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Requests; another counter than `total_api_requests_this_month`.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-total-sora-api-requests-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.total_sora_api_requests_this_month() >= 0
        True
        """
    @overload
    async def total_sora_api_requests_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def total_webhook_requests_this_month(self, *, raw: Literal[False] = False) -> int:
        """Webhook requests of this month so far.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Requests that the service sent.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-total-webhook-requests-this-month`, https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> await sora.total_webhook_requests_this_month() >= 0
        True
        """
    @overload
    async def total_webhook_requests_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def traffics_for_month(self, year: int, month: int, *, raw: Literal[False] = False) -> list[TrafficPeriod]:
        """One row per day of a month of the organisation.

        Parameters
        ----------
        year : int
            The calendar year (UTC assumed).
        month : int
            The calendar month, 1 to 12.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        list of TrafficPeriod
            A row per day; days without use are rows of zeros.

        Raises
        ------
        InvalidArgument
            If there is no such month.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `orgs/get-traffics-for-month`, https://doc.sora-cloud.shiguredo.app/org_api_traffic.html

        Examples
        --------
        >>> days = await sora.traffics_for_month(2026, 2)
        >>> len(days), days[0].start.isoformat()
        (28, '2026-02-01T00:00:00+00:00')
        """
    @overload
    async def traffics_for_month(self, year: int, month: int, *, raw: Literal[True]) -> Any: ...
    @overload
    async def project_traffics_last_year(self, *, raw: Literal[False] = False) -> list[TrafficPeriod]:
        """One row per month of the project's last year.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        list of TrafficPeriod
            A row per month, 12 or 13 of them: the first and the last may be the same month of two years.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `projects/list-traffics-last-year`, https://doc.sora-cloud.shiguredo.app/project_api_traffic.html

        Examples
        --------
        >>> len(await sora.project_traffics_last_year()) in (12, 13)
        True
        """
    @overload
    async def project_traffics_last_year(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def project_traffics_last_month(self, *, raw: Literal[False] = False) -> list[TrafficPeriod]:
        """One row per day of the project's last month.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        list of TrafficPeriod
            A row per day.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `projects/list-traffics-last-month`, https://doc.sora-cloud.shiguredo.app/project_api_traffic.html

        The end of that page, with this answer's keys, was not readable; they are taken to be those of the last
        year's answer.

        Examples
        --------
        >>> (await sora.project_traffics_last_month())[0].ingress >= 0
        True
        """
    @overload
    async def project_traffics_last_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    async def status_this_month(self, *, raw: Literal[False] = False) -> StatusThisMonth:
        """All nine counters of this month so far, of one and the same month.

        Parameters
        ----------
        raw : bool, default False
            Return the nine JSON documents, keyed by the names of their methods.

        Returns
        -------
        StatusThisMonth
            The counters, and `retrieved_at`: the service's time of the latest of the nine answers.

        Raises
        ------
        InconsistentResponse
            If the month changes between the answers, twice in a row.
        MetertapError
            Of the class that tells what went wrong; a part of the nine is never returned.

        Notes
        -----
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> status = await sora.status_this_month()
        >>> status.total_traffic_this_month == await sora.total_traffic_this_month()
        True
        """
    @overload
    async def status_this_month(self, *, raw: Literal[True]) -> Any: ...

class UiPath(AwaitedClient):
    """UiPath Test Cloud and Automation Cloud: consumption of licence units.

    Give a ready `token`, or `client_id`, `client_secret` and `organization_name`.

    Parameters
    ----------
    organization_id : str
        The organization's GUID, not its name.
    token : str or callable, optional
        A ready bearer token, for example a personal access token; a callable is asked again when a token is
        refused. The word ``Bearer`` in front of it is taken off.
    client_id : str, optional
        The id of an external application, to fetch tokens with.
    client_secret : str or callable, optional
        The secret of an external application, to fetch tokens with, which are cached and renewed early.
    organization_name : str, optional
        The organization's name as in the browser's address, to fetch tokens with client_id and client_secret.
    scope : str, default "PM.License.Read"
        The scopes to ask for, separated by spaces: exactly ones that the application was granted.
    token_url : str, optional
        Where tokens are fetched, instead of {base_url}/{organization_name}/identity_/connect/token.
    organization_segment : bool, default False
        Put organization_name in front of the path of every call; not documented for these, but their sibling
        calls have it.
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

    Notes
    -----
    Only organisation administrators may ask: a token of anybody else is answered with HTTP 403.

    The pages ask for a token "by the ROPC method", the login with a user's name and password, but the page that
    they link to does not describe it any more, and no page tells customers which client to log in with. An
    administrator whose organisation still has such a client fetches the token outside of metertap: POST to
    ``{base_url}/identity_/connect/token``, form-encoded, with ``grant_type=password``, ``client_id``,
    ``client_secret``, ``username``, ``password``, ``acr_values=tenant:{organization_id}`` and ``scope``. Its
    ``access_token`` is what `token` takes, best from a callable, since it ends after about an hour. A personal
    access token of an administrator is the simpler way.
    """
    def __init__(
        self,
        *,
        organization_id: str,
        token: SecretWord | None = None,
        client_id: str | None = None,
        client_secret: SecretWord | None = None,
        organization_name: str | None = None,
        scope: str | None = None,
        token_url: str | None = None,
        organization_segment: bool | None = None,
        name: str | None = None,
        base_url: str | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        max_concurrency: int | None = None,
        max_per_second: float | None = None,
        ca_file: str | PathLike[str] | None = None,
        proxy: str | None = "environment",
        on_event: Callable[[Event], object] | None = None,
    ) -> None: ...
    @overload
    async def consumption_summary(
        self, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: Literal[False] = False
    ) -> ConsumptionSummary:
        """Units of one code that each tenant consumed, and those of the organization that belong to no tenant.

        Parameters
        ----------
        start : datetime, date, str or int
            The start, to the millisecond; an int is Unix milliseconds, not seconds.
        end : datetime, date, str or int
            The end, to the millisecond; not included, as far as is known.
        consumable_code : str
            The unit that is counted, for example "AIU" or "PLTU"; sent exactly as given.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        ConsumptionSummary
            Units, which may be fractions, by tenant and pool. Do not add up parts of a range.

        Raises
        ------
        InvalidArgument
            If the range is empty, or seconds were given for milliseconds.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `lease_/api/usage/{organization_id}/tenants/consumption-summary`, https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-summary

        Examples
        --------
        >>> summary = await uipath.consumption_summary("2026-02-01", "2026-03-01", "AIU")
        >>> len(summary.tenants)
        3
        """
    @overload
    async def consumption_summary(
        self, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: Literal[True]
    ) -> Any: ...
    @overload
    async def tenant_consumption_summary(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        *,
        raw: Literal[False] = False,
    ) -> ConsumptionSummary:
        """Units of one code that one tenant consumed; the organization's figure in it is not the tenant's.

        Parameters
        ----------
        tenant_id : str
            The tenant's GUID, not its name.
        start : datetime, date, str or int
            The start, to the millisecond; an int is Unix milliseconds, not seconds.
        end : datetime, date, str or int
            The end, to the millisecond; not included, as far as is known.
        consumable_code : str
            The unit that is counted, for example "AIU" or "PLTU"; sent exactly as given.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        ConsumptionSummary
            One tenant. `consumed_from_org_without_tenant` is the organisation's and no tenant's: never add it up.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `lease_/api/usage/{organization_id}/tenants/{tenant_id}/consumption-summary`, https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-summary-by-tenant

        Examples
        --------
        >>> february = ("2026-02-01", "2026-03-01", "AIU")
        >>> tenant = (await uipath.consumption_summary(*february)).tenants[0]
        >>> (await uipath.tenant_consumption_summary(tenant.tenant_id, *february)).tenants == [tenant]
        True
        """
    @overload
    async def tenant_consumption_summary(
        self, tenant_id: str, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: Literal[True]
    ) -> Any: ...
    @overload
    async def daily_consumption_by_service(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        folder_keys: str | Sequence[str] | None = None,
        *,
        raw: Literal[False] = False,
    ) -> list[ServiceConsumption]:
        """Units of one code that one tenant consumed, by UTC day and service.

        Parameters
        ----------
        tenant_id : str
            The tenant's GUID, not its name.
        start : datetime, date, str or int
            The start, to the millisecond; an int is Unix milliseconds, not seconds.
        end : datetime, date, str or int
            The end, to the millisecond; not included, as far as is known.
        consumable_code : str
            The unit that is counted, for example "AIU" or "PLTU"; sent exactly as given.
        aggregate_by_ownership : bool, optional
            Passed on as it is: the pages of the two calls that have it explain it differently.
        folder_keys : str or list of str, optional
            Counts these folders only (GUIDs).
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        list of ServiceConsumption
            A row per UTC day and service. Days without use may be absent.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `lease_/api/usage/{organization_id}/tenants/daily-consumption-by-service`, https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-daily-consumption-by-service

        The body of the answer was not readable on that page; the names are those of the vendor's command line.

        Examples
        --------
        >>> february = ("2026-02-01", "2026-03-01", "AIU")
        >>> tenant = (await uipath.consumption_summary(*february)).tenants[0]
        >>> days = await uipath.daily_consumption_by_service(tenant.tenant_id, *february)
        >>> total = tenant.consumed_from_tenant_pool + tenant.consumed_from_org_pool
        >>> sum(day.consumed_amount for day in days) == total
        True
        """
    @overload
    async def daily_consumption_by_service(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        folder_keys: str | Sequence[str] | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def consumption_by_folder(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> list[FolderConsumption]:
        """Units of one code that one tenant consumed, by folder, each without its descendants.

        Parameters
        ----------
        tenant_id : str
            The tenant's GUID, not its name.
        start : datetime, date, str or int
            The start, to the millisecond; an int is Unix milliseconds, not seconds.
        end : datetime, date, str or int
            The end, to the millisecond; not included, as far as is known.
        consumable_code : str
            The unit that is counted, for example "AIU" or "PLTU"; sent exactly as given.
        aggregate_by_ownership : bool, optional
            Passed on as it is: the pages of the two calls that have it explain it differently.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        list of FolderConsumption
            A row per folder, without what its subfolders consumed.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `lease_/api/usage/{organization_id}/tenants/consumption-by-folder`, https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-by-folder

        The body of the answer was not readable on that page; the names are those of the vendor's command line.

        Examples
        --------
        >>> february = ("2026-02-01", "2026-03-01", "AIU")
        >>> tenant = (await uipath.consumption_summary(*february)).tenants[0]
        >>> folders = await uipath.consumption_by_folder(tenant.tenant_id, *february)
        >>> total = tenant.consumed_from_tenant_pool + tenant.consumed_from_org_pool
        >>> sum(row.consumed_by_self for row in folders) <= total
        True
        """
    @overload
    async def consumption_by_folder(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...

class Volcengine(AwaitedClient):
    """Volcengine Live (version 2023-01-01): storage, traffic, bandwidth and other usage of live streaming.

    Every usage call is a method named after its action: ``DescribeLiveTrafficData`` is `traffic_data`.

    Parameters
    ----------
    access_key : str or callable
        The id of the access key; where it changes together with its secret, both may be callables: they are
        asked together, so that what signs a request is always a pair.
    secret_key : str or callable
        The access key's secret.
    session_token : str or callable, optional
        The token that belongs to a temporary key.
    region : str, default "cn-north-1"
        The region that signatures name, one word.
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

    Notes
    -----
    The page of these calls (its revision of 2023) allows 100 requests a second; the revision of December 2024
    says 30. What `max_per_second` does not set stays below the smaller one.
    """
    def __init__(
        self,
        *,
        access_key: SecretWord,
        secret_key: SecretWord,
        session_token: SecretWord | None = None,
        region: str | None = None,
        name: str | None = None,
        base_url: str | None = None,
        timeout: float = 60.0,
        retries: int = 2,
        max_concurrency: int | None = None,
        max_per_second: float | None = None,
        ca_file: str | PathLike[str] | None = None,
        proxy: str | None = "environment",
        on_event: Callable[[Event], object] | None = None,
    ) -> None: ...
    @overload
    async def time_shift_data(
        self,
        start: Moment,
        end: Moment,
        vhosts: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Storage of time-shift per day, in GiB; without files in VoD or TOS, and several vhosts as one sum.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        vhosts : str or list of str, optional
            The domain spaces; all of the account otherwise.
        aggregation : {86400}, default 86400
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Storage of time-shift per day, in GiB; without files in VoD or TOS, and several vhosts as one sum.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveTimeShiftData`, https://www.volcengine.com/docs/6469/1126905

        Examples
        --------
        >>> answer = await volcengine.time_shift_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def time_shift_data(
        self,
        start: Moment,
        end: Moment,
        vhosts: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Peak bandwidth up and down per bucket, in Mbps.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain", "ISP", "Protocol"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {300, 3600, 86400}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Peak bandwidth up and down per bucket, in Mbps.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveBandwidthData`, https://www.volcengine.com/docs/6469/1126898

        Examples
        --------
        >>> answer = await volcengine.bandwidth_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Traffic up and down per bucket, in GB.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain", "ISP", "Protocol"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {300, 3600, 86400}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Traffic up and down per bucket, in GB.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveTrafficData`, https://www.volcengine.com/docs/6469/1126899

        Examples
        --------
        >>> answer = await volcengine.traffic_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def p95_peak_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The 95th percentile of bandwidth over the range, presumably in Mbps; one figure, no rows.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        aggregation : {300}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The 95th percentile of bandwidth over the range, presumably in Mbps; one figure, no rows.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveP95PeakBandwidthData`, https://www.volcengine.com/docs/6469/1126906

        Examples
        --------
        >>> answer = await volcengine.p95_peak_bandwidth_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def p95_peak_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def transcode_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        transcode_types: str | Sequence[str] | None = None,
        resolutions: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Minutes of transcoding per day, kind and resolution.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        transcode_types : str or list of str, optional
            The kinds of it, for example "Normal_H264".
        resolutions : str or list of str, optional
            The resolutions, for example "720P".
        aggregation : {86400}, default 86400
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Minutes of transcoding per day, kind and resolution.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveTranscodeData`, https://www.volcengine.com/docs/6469/1126901

        Examples
        --------
        >>> answer = await volcengine.transcode_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def transcode_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        transcode_types: str | Sequence[str] | None = None,
        resolutions: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def record_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The most recordings at once per bucket; a peak, never to be summed.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        detail_fields : {"Domain"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {300, 3600, 86400}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The most recordings at once per bucket; a peak, never to be summed.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveRecordData`, https://www.volcengine.com/docs/6469/1126900

        Examples
        --------
        >>> answer = await volcengine.record_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def record_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def snapshot_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Pictures taken per bucket.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        detail_fields : {"Domain"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {300, 3600, 86400}, default 86400
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Pictures taken per bucket.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveSnapshotData`, https://www.volcengine.com/docs/6469/1126902

        Examples
        --------
        >>> answer = await volcengine.snapshot_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def snapshot_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def audit_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Pictures audited per day.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        detail_fields : {"Domain"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {86400}, default 86400
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Pictures audited per day.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveAuditData`, https://www.volcengine.com/docs/6469/1126903

        Examples
        --------
        >>> answer = await volcengine.audit_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def audit_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def pull_to_push_data(
        self,
        start: Moment,
        end: Moment,
        groups: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Minutes of pulling a stream to push it elsewhere, per bucket.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        groups : str or list of str, optional
            The groups of pull-to-push tasks.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        detail_fields : {"Group"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 3600, 86400}, default 86400
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Minutes of pulling a stream to push it elsewhere, per bucket.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLivePullToPushData`, https://www.volcengine.com/docs/6469/1126904

        Examples
        --------
        >>> answer = await volcengine.pull_to_push_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def pull_to_push_data(
        self,
        start: Moment,
        end: Moment,
        groups: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def pull_to_push_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        groups: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Peak bandwidth of pulling a stream to push it elsewhere, per bucket, in Mbps.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        groups : str or list of str, optional
            The groups of pull-to-push tasks.
        detail_fields : {"Group"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {300, 3600, 86400}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Peak bandwidth of pulling a stream to push it elsewhere, per bucket, in Mbps.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLivePullToPushBandwidthData`, https://www.volcengine.com/docs/6469/1126907

        Examples
        --------
        >>> answer = await volcengine.pull_to_push_bandwidth_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def pull_to_push_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        groups: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def edge_stat_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        apps: str | Sequence[str] | None = None,
        streams: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Bandwidth (Mbps), traffic (GB) and requests at the edge per bucket.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        apps : str or list of str, optional
            The apps.
        streams : str or list of str, optional
            The streams.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain", "Protocol", "ISP", "Area", "Country", "Province", "UserArea", "UserCountry", "UserProvince"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Bandwidth (Mbps), traffic (GB) and requests at the edge per bucket.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveEdgeStatData`, https://www.volcengine.com/docs/6469/1399004

        Examples
        --------
        >>> answer = await volcengine.edge_stat_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def edge_stat_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        apps: str | Sequence[str] | None = None,
        streams: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def metric_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Peak bandwidth up and down per bucket, in Mbps; retired in 2025 in favour of edge_stat_data.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain", "ISP", "Protocol"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Peak bandwidth up and down per bucket, in Mbps; retired in 2025 in favour of edge_stat_data.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveMetricBandwidthData`, https://www.volcengine.com/docs/6469/1126922

        Examples
        --------
        >>> answer = await volcengine.metric_bandwidth_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def metric_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def metric_traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Traffic up and down per bucket, in GB; retired in 2025 in favour of edge_stat_data.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain", "ISP", "Protocol"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Traffic up and down per bucket, in GB; retired in 2025 in favour of edge_stat_data.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveMetricTrafficData`, https://www.volcengine.com/docs/6469/1126920

        Examples
        --------
        >>> answer = await volcengine.metric_traffic_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def metric_traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def source_traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        domain: str | None = None,
        app: str | None = None,
        stream: str | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Traffic (GB) and bandwidth (Mbps) back to the source per bucket.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        domain : str, optional
            The domain of one stream; needs app and stream, too.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain", "ISP"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Traffic (GB) and bandwidth (Mbps) back to the source per bucket.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveSourceTrafficData`, https://www.volcengine.com/docs/6469/1126923

        Examples
        --------
        >>> answer = await volcengine.source_traffic_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def source_traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        domain: str | None = None,
        app: str | None = None,
        stream: str | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def source_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        domain: str | None = None,
        app: str | None = None,
        stream: str | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Peak bandwidth back to the source per bucket, in Mbps.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        domain : str, optional
            The domain of one stream; needs app and stream, too.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain", "ISP"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Peak bandwidth back to the source per bucket, in Mbps.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveSourceBandwidthData`, https://www.volcengine.com/docs/6469/1126803

        Examples
        --------
        >>> answer = await volcengine.source_bandwidth_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def source_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        domain: str | None = None,
        app: str | None = None,
        stream: str | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def stream_session_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        domain: str | None = None,
        app: str | None = None,
        stream: str | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        online_user_type: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The most users at once, and requests, per bucket.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        domain : str, optional
            The domain of one stream; needs app and stream, too.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        online_user_type : str, optional
            How users are counted: Online, Viewer or ClientIP.
        detail_fields : {"Domain", "ISP", "Protocol"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The most users at once, and requests, per bucket.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveStreamSessionData`, https://www.volcengine.com/docs/6469/1126919

        Examples
        --------
        >>> answer = await volcengine.stream_session_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def stream_session_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        domain: str | None = None,
        app: str | None = None,
        stream: str | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        online_user_type: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def stream_count_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        stream_types: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The most streams at once per bucket; a peak, never to be summed.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        stream_types : str or list of str, optional
            Push, relay-source or transcode; all otherwise.
        detail_fields : {"Domain", "ISP"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The most streams at once per bucket; a peak, never to be summed.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveStreamCountData`, https://www.volcengine.com/docs/6469/1134317

        Examples
        --------
        >>> answer = await volcengine.stream_count_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def stream_count_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        stream_types: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def push_stream_count_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The most pushed streams at once per bucket; a peak, never to be summed.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        detail_fields : {"Domain"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600, 86400}, default 300
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The most pushed streams at once per bucket; a peak, never to be summed.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLivePushStreamCountData`, https://www.volcengine.com/docs/6469/1126803

        Examples
        --------
        >>> answer = await volcengine.push_stream_count_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def push_stream_count_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def play_status_code_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        request_type: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 60,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """How often each HTTP status was answered per bucket, and its share.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        request_type : str, optional
            Access (the default) or Source.
        detail_fields : {"Domain", "ISP"} or list of them, optional
            What to split by; the service splits only by what is filtered for two or more values.
        aggregation : {60, 300, 3600}, default 60
            The length of a bucket, in seconds.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            How often each HTTP status was answered per bucket, and its share.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLivePlayStatusCodeData`, https://www.volcengine.com/docs/6469/1126803

        Examples
        --------
        >>> answer = await volcengine.play_status_code_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def play_status_code_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        request_type: str | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 60,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def batch_stream_traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Traffic up and down of each stream over at most a day, in GB; in pages.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        user_regions : list of dict, optional
            Where the users are: Area, Country, Province.
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Traffic up and down of each stream over at most a day, in GB; in pages.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveBatchStreamTrafficData`, https://www.volcengine.com/docs/6469/1126921

        Examples
        --------
        >>> answer = await volcengine.batch_stream_traffic_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def batch_stream_traffic_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        user_regions: Sequence[Mapping[str, Any]] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def batch_stream_session_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The most users at once, and requests, of each stream over at most a day; in pages.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        protocols : str or list of str, optional
            HTTP-FLV, HTTP-HLS, RTMP, RTM, SRT or QUIC; QUIC only alone; single protocols add up to more than the
            total.
        isps : str or list of str, optional
            The network operators, for example "telecom".
        regions : list of dict, optional
            Where the servers are: Area, Country, Province.
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The most users at once, and requests, of each stream over at most a day; in pages.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveBatchStreamSessionData`, https://www.volcengine.com/docs/6469/1283731

        Examples
        --------
        >>> answer = await volcengine.batch_stream_session_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def batch_stream_session_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        protocols: str | Sequence[str] | None = None,
        isps: str | Sequence[str] | None = None,
        regions: Sequence[Mapping[str, Any]] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def batch_stream_transcode_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Minutes of transcoding of each stream; in pages.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Minutes of transcoding of each stream; in pages.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveBatchStreamTranscodeData`, https://www.volcengine.com/docs/6469/1126925

        Examples
        --------
        >>> answer = await volcengine.batch_stream_transcode_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def batch_stream_transcode_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def transcode_info_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        transcode_types: str | Sequence[str] | None = None,
        resolutions: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Minutes of each task of transcoding; in pages.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        transcode_types : str or list of str, optional
            The kinds of it, for example "Normal_H264".
        resolutions : str or list of str, optional
            The resolutions, for example "720P".
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Minutes of each task of transcoding; in pages.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveTranscodeInfoData`, https://www.volcengine.com/docs/6469/1257355

        Examples
        --------
        >>> answer = await volcengine.transcode_info_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def transcode_info_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        transcode_types: str | Sequence[str] | None = None,
        resolutions: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def push_stream_info_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Seconds of each push of a stream; in pages, and for 93 days.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Seconds of each push of a stream; in pages, and for 93 days.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLivePushStreamInfoData`, https://www.volcengine.com/docs/6469/1126803

        Examples
        --------
        >>> answer = await volcengine.push_stream_info_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def push_stream_info_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def top_play_data(
        self,
        start: Moment,
        end: Moment,
        vhosts: str | Sequence[str] | None = None,
        domains: str | Sequence[str] | None = None,
        query_type: str | None = None,
        sort_by: str | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The busiest streams or domains, at most 1000, in pages: bandwidth in bps and traffic in bytes.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        vhosts : str or list of str, optional
            The domain spaces; all of the account otherwise.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        query_type : str, optional
            Stream (the default) or Domain.
        sort_by : str, optional
            PeakBandwidth (the default), AvgBandwidth or TotalTraffic.
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The busiest streams or domains, at most 1000, in pages: bandwidth in bps and traffic in bytes.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveTopPlayData`, https://www.volcengine.com/docs/6469/1386117

        Examples
        --------
        >>> answer = await volcengine.top_play_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def top_play_data(
        self,
        start: Moment,
        end: Moment,
        vhosts: str | Sequence[str] | None = None,
        domains: str | Sequence[str] | None = None,
        query_type: str | None = None,
        sort_by: str | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def log_data(
        self,
        start: Moment,
        end: Moment,
        log_type: str,
        domains: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """The log files of the last 31 days and their sizes in bytes; in pages.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        log_type : {"pull", "push", "source", "relay"}
            Which logs: pull, push, source or relay.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            The log files of the last 31 days and their sizes in bytes; in pages.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveLogData`, https://www.volcengine.com/docs/6469/1126803

        Examples
        --------
        >>> answer = await volcengine.log_data("2026-04-10", "2026-04-11", "pull")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def log_data(
        self,
        start: Moment,
        end: Moment,
        log_type: str,
        domains: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def callback_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        event_types: str | Sequence[str] | None = None,
        statuses: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage:
        """Each callback that the service made; in pages.

        Parameters
        ----------
        start : datetime, date or str
            The start of the range, in whole seconds.
        end : datetime, date or str
            The end of the range, not part of it; the second before it is sent.
        domains : str or list of str, optional
            The domains; all of the account otherwise.
        app : str, optional
            The app of one stream; needs stream, too.
        stream : str, optional
            The name of one stream; needs app, too.
        event_types : str or list of str, optional
            The events, for example "push_start".
        statuses : str or list of str, optional
            Success or fail.
        page_num : int, optional
            The page, from 1.
        page_size : int, optional
            Rows per page.
        raw : bool, default False
            Return the provider's JSON: the whole document.

        Returns
        -------
        LiveUsage
            Each callback that the service made; in pages.

        Raises
        ------
        InvalidArgument
            If an argument cannot work; nothing was sent.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: `DescribeLiveCallbackData`, https://www.volcengine.com/docs/6469/1529718

        Examples
        --------
        >>> answer = await volcengine.callback_data("2026-04-10", "2026-04-11")
        >>> type(answer).__name__
        'LiveUsage'
        """
    @overload
    async def callback_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        app: str | None = None,
        stream: str | None = None,
        event_types: str | Sequence[str] | None = None,
        statuses: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    async def call(
        self,
        action: str,
        body: Mapping[str, Any] | None = None,
        version: str = "2023-01-01",
        *,
        raw: Literal[False] = False,
    ) -> Any:
        """Any other action that only reads.

        Parameters
        ----------
        action : str
            The action, for example "ListDomainDetail".
        body : dict, optional
            Its parameters; nothing is sent without.
        version : str, default "2023-01-01"
            The version of the API.
        raw : bool, default False
            Return the whole document instead of its ``Result``.

        Returns
        -------
        object
            The provider's JSON as plain dicts, lists and numbers.

        Raises
        ------
        InvalidArgument
            If the action's name does not say that it only reads.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: https://www.volcengine.com/docs/6469/1126803

        Examples
        --------
        >>> day = {"StartTime": "2026-04-10T00:00:00Z", "EndTime": "2026-04-10T23:59:59Z", "Aggregation": 86400}
        >>> "TimeShiftDataList" in await volcengine.call("DescribeLiveTimeShiftData", day)
        True
        """
    @overload
    async def call(
        self, action: str, body: Mapping[str, Any] | None = None, version: str = "2023-01-01", *, raw: Literal[True]
    ) -> Any: ...

async def fetch(
    what: Plan | Whom,
    start: When | None = None,
    end: When | None = None,
    *,
    since: When | timedelta | None = None,
    tz: str | tzinfo | None = None,
    now: Moment | None = None,
    every: str | None = None,
    meters: str | Iterable[str] | None = None,
    accounts: Iterable[Client] = (),
    on_error: str = "raise",
    progress: bool | Callable[[int, int], object] = False,
    archive: str | PathLike[str] | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> Usage: ...
def accounts(path: str | PathLike[str] | None = None) -> Accounts: ...
def connect(name: str, /, *, path: str | PathLike[str] | None = None, **keywords: Any) -> Any: ...
def provider(name: str) -> type[Any]: ...
async def replay(path: str | PathLike[str], *, on_error: str = "raise") -> Usage: ...
