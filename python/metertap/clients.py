"""The five clients: an account each, and a method for every documented operation.

Every method takes ``raw=True`` to return the provider's JSON as plain dicts, lists and numbers instead of a dataclass.
Fractions are `decimal.Decimal` in dataclasses, exactly as the provider wrote them; in raw answers they are floats, as
`json.loads` would read them.
"""

from __future__ import annotations

from metertap import _core
from metertap._client import OPTIONS_DOC, Client, hide

TYPE_CHECKING = False  # without importing typing, see metertap/__init__.py

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from typing_extensions import Unpack

    from metertap.models import (
        ConsumptionSummary,
        CostAndUsage,
        FolderConsumption,
        ServiceConsumption,
        StatusThisMonth,
        Traffic,
        TrafficPeriod,
        UsageHistory,
        UsageReport,
    )
    from metertap.typing import ClientOptions, Moment, SecretWord

    C = TypeVar("C", bound=type[Client])

__all__ = ["DeviceWise", "Ricoh", "Sora", "UiPath", "Volcengine"]


def _documented(client: C) -> C:
    """Append the keywords that all clients share to a client's docstring."""
    before, mark, after = (client.__doc__ or "").partition("**options\n")  # no docstring under python -OO
    if mark:
        options = OPTIONS_DOC.strip()
        if "base_url : str" in before:  # the client says itself what it needs
            start, end = options.index("    base_url : "), options.index("    timeout : ")
            options = options[:start] + options[end:]
        if not before.endswith("    "):  # Python 3.13 and newer take the indentation out of docstrings
            options = options.replace("\n    ", "\n")
        client.__doc__ = f"{before}{options}\n{after}"
    return client


@_documented
class Sora(Client):
    """Shiguredo Sora Cloud: nine counters of "this month so far", and three time series of traffic.

    Parameters
    ----------
    api_key : str or callable
        The API key: the organisation's for all calls but those that begin with ``project_``, which want the project's.
        The word ``Bearer`` in front of it is taken off.
    **options
    """

    _provider = "sora"

    def __init__(self, *, api_key: SecretWord, **options: Unpack[ClientOptions]) -> None:
        api_key, options = hide(api_key), hide(options)
        self._open({}, {"api_key": api_key}, options)

    def total_connections_this_month(self, *, raw: bool = False) -> int:
        """Return the connections of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.total_connections_this_month() >= 0
        True
        """
        return self._ask("total_connections_this_month", {}, raw)

    def total_sessions_this_month(self, *, raw: bool = False) -> int:
        """Return the sessions of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.total_sessions_this_month() <= sora.total_connections_this_month()
        True
        """
        return self._ask("total_sessions_this_month", {}, raw)

    def total_duration_min_this_month(self, *, raw: bool = False) -> int:
        """Return the minutes of connection of this month so far.

        Parameters
        ----------
        raw : bool, default False
            Return the provider's JSON, here the same number.

        Returns
        -------
        int
            Minutes. A connection under one minute counts as 0, so 0 does not mean unused; longer ones are presumably
            floored to whole minutes, too.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.total_duration_min_this_month() >= 0
        True
        """
        return self._ask("total_duration_min_this_month", {}, raw)

    def total_traffic_this_month(self, *, raw: bool = False) -> Traffic:
        """Return the traffic of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> traffic = sora.total_traffic_this_month()
        >>> sora.total_traffic_this_month(raw=True) == {"ingress": traffic.ingress, "egress": traffic.egress}
        True
        """
        return self._ask("total_traffic_this_month", {}, raw)

    def max_concurrent_connections_this_month(self, *, raw: bool = False) -> int:
        """Return the most connections at once of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.max_concurrent_connections_this_month() <= sora.total_connections_this_month()
        True
        """
        return self._ask("max_concurrent_connections_this_month", {}, raw)

    def max_bandwidth_mbps_this_month(self, *, raw: bool = False) -> int:
        """Return the highest bandwidth of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.max_bandwidth_mbps_this_month() >= 0
        True
        """
        return self._ask("max_bandwidth_mbps_this_month", {}, raw)

    def total_api_requests_this_month(self, *, raw: bool = False) -> int:
        """Return the requests to the Sora Cloud API of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.total_api_requests_this_month() >= 0
        True
        """
        return self._ask("total_api_requests_this_month", {}, raw)

    def total_sora_api_requests_this_month(self, *, raw: bool = False) -> int:
        """Return the requests to the Sora API through the cloud of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.total_sora_api_requests_this_month() >= 0
        True
        """
        return self._ask("total_sora_api_requests_this_month", {}, raw)

    def total_webhook_requests_this_month(self, *, raw: bool = False) -> int:
        """Return the webhook requests of this month so far.

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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_status.html

        Examples
        --------
        >>> sora.total_webhook_requests_this_month() >= 0
        True
        """
        return self._ask("total_webhook_requests_this_month", {}, raw)

    def status_this_month(self, *, raw: bool = False) -> StatusThisMonth:
        """Return all nine counters of this month so far, asked at once and all of one month.

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
        >>> status = sora.status_this_month()
        >>> status.total_traffic_this_month == sora.total_traffic_this_month()
        True
        """
        return self._ask("status_this_month", {}, raw)

    def traffics_for_month(self, year: int, month: int, *, raw: bool = False) -> list[TrafficPeriod]:
        """Return the organisation's traffic of a month, a row per day.

        Parameters
        ----------
        year : int
            The calendar year.
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
        Source: https://doc.sora-cloud.shiguredo.app/org_api_traffic.html

        Examples
        --------
        >>> days = sora.traffics_for_month(2026, 2)
        >>> len(days), days[0].start.isoformat()
        (28, '2026-02-01T00:00:00+00:00')
        """
        return self._ask("traffics_for_month", {"year": year, "month": month}, raw)

    def project_traffics_last_year(self, *, raw: bool = False) -> list[TrafficPeriod]:
        """Return the project's traffic of the last year, a row per month.

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
        Source: https://doc.sora-cloud.shiguredo.app/project_api_traffic.html

        Examples
        --------
        >>> len(sora.project_traffics_last_year()) in (12, 13)
        True
        """
        return self._ask("project_traffics_last_year", {}, raw)

    def project_traffics_last_month(self, *, raw: bool = False) -> list[TrafficPeriod]:
        """Return the project's traffic of the last month, a row per day.

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
        Source: https://doc.sora-cloud.shiguredo.app/project_api_traffic.html (its end, with this answer's keys, was
        not readable; they are taken to be those of the last year's answer).

        Examples
        --------
        >>> sora.project_traffics_last_month()[0].ingress >= 0
        True
        """
        return self._ask("project_traffics_last_month", {}, raw)


@_documented
class Ricoh(Client):
    """RICOH Live Streaming: approximate cost (JPY) and usage of a client application.

    Parameters
    ----------
    client_id : str
        The ClientID of the application.
    client_secret : str or callable
        Its ClientSecret.
    label_template : str, default "classification_labels"
        The path of label calls behind ``cost_and_usage/``. No page shows it; the default was never verified.
    labels_template : str, optional
        The path of the call for every label, where it is not that of the call for one.
    utc_offset : str, optional
        The UTC offset at which ``since`` and ``until`` are sent, such as ``"+09:00"``; UTC if left out, since no page
        says whether others are taken.
    **options
    """

    _provider = "ricoh"

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: SecretWord,
        label_template: str | None = None,
        labels_template: str | None = None,
        utc_offset: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        client_id, client_secret, options = hide(client_id), hide(client_secret), hide(options)
        label_template, labels_template, utc_offset = hide(label_template), hide(labels_template), hide(utc_offset)
        settings = {
            "client_id": client_id,
            "label_template": label_template,
            "labels_template": labels_template,
            "utc_offset": utc_offset,
        }
        self._open(settings, {"client_secret": client_secret}, options)

    def cost_and_usage_total(
        self, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: bool = False
    ) -> CostAndUsage:
        """Return approximate cost and usage of the whole application.

        Parameters
        ----------
        since, until : datetime, date or str
            Rooms that started in ``[since, until)`` count, wholly: a room that ran past `until` counts with all of its
            time. `since` at most a year ago, `until` at most a month later.
        env : {"prod", "dev"} or list of them, optional
            The environments; both if left out.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        CostAndUsage
            Minutes, GiB and approximate JPY. Traffic is what the SFU server sent and received for ``sfu`` and
            ``sfu_large`` rooms, and what the TURN servers sent for ``p2p_turn``. It is floored to whole GiB per answer,
            so answers to parts of a range add up to less than the whole. Figures are complete 24 hours after a room has
            ended.

        Raises
        ------
        InvalidArgument
            If the range is empty.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: https://livestreaming.ricoh/docs/api-v1-cost-and-usage

        Examples
        --------
        >>> answer = ricoh.cost_and_usage_total("2026-02-01", "2026-03-01")
        >>> [item.item_name for item in answer.results[0].items]
        ['connection_time', 'traffic_volume', 'bitrate_reservation']
        """
        return self._ask("cost_and_usage_total", {"since": since, "until": until, "env": env}, raw)

    def cost_and_usage_by_label(
        self,
        since: Moment,
        until: Moment,
        env: str | Sequence[str] | None = None,
        starts_with: str | None = None,
        *,
        raw: bool = False,
    ) -> CostAndUsage:
        """Return approximate cost and usage of every classification label.

        Parameters
        ----------
        since, until : datetime, date or str
            Rooms that started in ``[since, until)`` count, wholly.
        env : {"prod", "dev"} or list of them, optional
            The environments; both if left out.
        starts_with : str, optional
            Keep the labels that begin with this.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        CostAndUsage
            A result per label. Traffic by label does not add up to the total's, which is floored.

        Raises
        ------
        NotFound
            If the path of label calls, which no page shows, is another one; see `label_template`.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: https://livestreaming.ricoh/docs/api-v1-cost-and-usage

        Examples
        --------
        >>> answer = ricoh.cost_and_usage_by_label("2026-02-01", "2026-03-01")
        >>> "default" in [result.label for result in answer.results]
        True
        """
        arguments = {"since": since, "until": until, "env": env, "starts_with": starts_with}
        return self._ask("cost_and_usage_by_label", arguments, raw)

    def cost_and_usage_for_label(
        self, label: str, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: bool = False
    ) -> CostAndUsage:
        """Return approximate cost and usage of one classification label.

        Parameters
        ----------
        label : str
            The label; ``"default"`` where the application sets none.
        since, until : datetime, date or str
            Rooms that started in ``[since, until)`` count, wholly.
        env : {"prod", "dev"} or list of them, optional
            The environments; both if left out.
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
        Source: https://livestreaming.ricoh/docs/api-v1-cost-and-usage

        Examples
        --------
        >>> answer = ricoh.cost_and_usage_for_label("default", "2026-02-01", "2026-03-01")
        >>> answer.results[0].label
        'default'
        """
        arguments = {"label": label, "since": since, "until": until, "env": env}
        return self._ask("cost_and_usage_for_label", arguments, raw)


@_documented
class UiPath(Client):
    """UiPath Test Cloud and Automation Cloud: consumption of licence units.

    Give a ready `token`, or `client_id`, `client_secret` and `organization_name`.

    Parameters
    ----------
    organization_id : str
        The organisation's GUID (not its name).
    token : str or callable, optional
        A bearer token, such as a personal access token. A callable is asked again when a token is refused. The word
        ``Bearer`` in front of it is taken off.
    client_id, client_secret : str, optional
        An external application, for the client credentials flow; its token is cached and renewed early.
    organization_name : str, optional
        The organisation's name, as it stands in the browser's address; the token is fetched there.
    scope : str, optional
        The scopes of the token, exactly as granted.
    token_url : str, optional
        Where tokens are fetched, if it is not the documented place.
    organization_segment : bool, default False
        Put `organization_name` into the path of usage calls. Not documented for them; their sibling calls have it.
    **options

    Notes
    -----
    Only organisation administrators may ask: a token of anybody else is answered with HTTP 403.

    The pages ask for a token "by the ROPC method", the login with a user's name and password, but the page that they
    link to does not describe it any more, and no page tells customers which client to log in with. An administrator
    whose organisation still has such a client fetches the token outside of metertap: POST to
    ``{base_url}/identity_/connect/token``, form-encoded, with ``grant_type=password``, ``client_id``,
    ``client_secret``, ``username``, ``password``, ``acr_values=tenant:{organization_id}`` and ``scope``. Its
    ``access_token`` is what `token` takes, best from a callable, since it ends after about an hour. A personal access
    token of an administrator is the simpler way.
    """

    _provider = "uipath"

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
        **options: Unpack[ClientOptions],
    ) -> None:
        token, client_id, client_secret = hide(token), hide(client_id), hide(client_secret)
        organization_id, organization_name = hide(organization_id), hide(organization_name)
        scope, token_url, options = hide(scope), hide(token_url), hide(options)
        organization_segment = hide(organization_segment)
        settings = {
            "organization_id": organization_id,
            "organization_name": organization_name,
            "client_id": client_id,
            "scope": scope,
            "token_url": token_url,
            "organization_segment": organization_segment,
        }
        self._open(settings, {"token": token, "client_secret": client_secret}, options)

    def consumption_summary(
        self, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: bool = False
    ) -> ConsumptionSummary:
        """Return what all tenants consumed of one kind of unit.

        Parameters
        ----------
        start, end : datetime, date, str or int
            The range; ints are Unix milliseconds. Read as ``[start, end)`` in UTC; the page does not say whether
            `end` is included. Do not add up parts of a range.
        consumable_code : str
            The kind of unit, such as ``"AIU"``; sent exactly as given.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        ConsumptionSummary
            Units, which may be fractions, by tenant and pool.

        Raises
        ------
        InvalidArgument
            If the range is empty, or seconds were given for milliseconds.
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-summary

        Examples
        --------
        >>> summary = uipath.consumption_summary("2026-02-01", "2026-03-01", "AIU")
        >>> len(summary.tenants)
        3
        """
        arguments = {"start": start, "end": end, "consumable_code": consumable_code}
        return self._ask("consumption_summary", arguments, raw)

    def tenant_consumption_summary(
        self, tenant_id: str, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: bool = False
    ) -> ConsumptionSummary:
        """Return what one tenant consumed of one kind of unit.

        Parameters
        ----------
        tenant_id : str
            The tenant's GUID.
        start, end : datetime, date, str or int
            The range, as in `consumption_summary`.
        consumable_code : str
            The kind of unit.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        ConsumptionSummary
            One tenant. `consumed_from_org_without_tenant` is the organisation's and no tenant's: never add it up.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source:
        https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-summary-by-tenant

        Examples
        --------
        >>> tenant = uipath.consumption_summary("2026-02-01", "2026-03-01", "AIU").tenants[0]
        >>> one = uipath.tenant_consumption_summary(tenant.tenant_id, "2026-02-01", "2026-03-01", "AIU")
        >>> one.tenants == [tenant]
        True
        """
        arguments = {"tenant_id": tenant_id, "start": start, "end": end, "consumable_code": consumable_code}
        return self._ask("tenant_consumption_summary", arguments, raw)

    def daily_consumption_by_service(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        folder_keys: str | Sequence[str] | None = None,
        *,
        raw: bool = False,
    ) -> list[ServiceConsumption]:
        """Return what each service of a tenant consumed, day by day.

        Parameters
        ----------
        tenant_id : str
            The tenant's GUID.
        start, end : datetime, date, str or int
            The range, as in `consumption_summary`.
        consumable_code : str
            The kind of unit.
        aggregate_by_ownership : bool, optional
            Passed on as it is; the pages explain it in two ways.
        folder_keys : list of str, optional
            GUIDs of folders to keep.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        list of ServiceConsumption
            A row per UTC day and service. Days without use may be absent.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source:
        https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-daily-consumption-by-service
        (the body of the answer was not readable there; the names are those of the vendor's command line).

        Examples
        --------
        >>> tenant = uipath.consumption_summary("2026-02-01", "2026-03-01", "AIU").tenants[0]
        >>> days = uipath.daily_consumption_by_service(tenant.tenant_id, "2026-02-01", "2026-03-01", "AIU")
        >>> sum(day.consumed_amount for day in days) == tenant.consumed_from_tenant_pool + tenant.consumed_from_org_pool
        True
        """
        arguments = {
            "tenant_id": tenant_id,
            "start": start,
            "end": end,
            "consumable_code": consumable_code,
            "aggregate_by_ownership": aggregate_by_ownership,
            "folder_keys": folder_keys,
        }
        return self._ask("daily_consumption_by_service", arguments, raw)

    def consumption_by_folder(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        *,
        raw: bool = False,
    ) -> list[FolderConsumption]:
        """Return what each folder of a tenant consumed.

        Parameters
        ----------
        tenant_id : str
            The tenant's GUID.
        start, end : datetime, date, str or int
            The range, as in `consumption_summary`.
        consumable_code : str
            The kind of unit.
        aggregate_by_ownership : bool, optional
            Passed on as it is; the pages explain it in two ways.
        raw : bool, default False
            Return the provider's JSON.

        Returns
        -------
        list of FolderConsumption
            A row per folder, without what its subfolders consumed.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: https://docs.uipath.com/test-cloud/automation-cloud/latest/api-guide/get-tenant-consumption-by-folder
        (the body of the answer was not readable there; the names are those of the vendor's command line).

        Examples
        --------
        >>> tenant = uipath.consumption_summary("2026-02-01", "2026-03-01", "AIU").tenants[0]
        >>> folders = uipath.consumption_by_folder(tenant.tenant_id, "2026-02-01", "2026-03-01", "AIU")
        >>> total = tenant.consumed_from_tenant_pool + tenant.consumed_from_org_pool
        >>> sum(row.consumed_by_self for row in folders) <= total
        True
        """
        arguments = {
            "tenant_id": tenant_id,
            "start": start,
            "end": end,
            "consumable_code": consumable_code,
            "aggregate_by_ownership": aggregate_by_ownership,
        }
        return self._ask("consumption_by_folder", arguments, raw)


@_documented
class DeviceWise(Client):
    """Telit deviceWISE (TR50): API calls, things, connections and storage of an organisation.

    Give `username` and `password`; or `app_id`, `app_token` and `thing_key`; or a `session_id`.

    Parameters
    ----------
    base_url : str
        The service's address, different for every organisation and region; the portal's developer page shows it.
    username, password : str, optional
        A user's login. A refused login is never repeated: the service locks users out.
    mfa_code : str or callable, optional
        The six-digit code of the second factor, if the service asks for one.
    app_id, app_token, thing_key : str, optional
        An application's login; `app_id` must stay the same from run to run.
    session_id : str or callable, optional
        A session that was opened elsewhere.
    org_key : str, optional
        The organisation to read, if it is not the user's default one.
    **options
    """

    _provider = "devicewise"

    def __init__(
        self,
        *,
        username: str | None = None,
        password: SecretWord | None = None,
        mfa_code: SecretWord | None = None,
        app_id: str | None = None,
        app_token: SecretWord | None = None,
        thing_key: str | None = None,
        session_id: SecretWord | None = None,
        org_key: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        username, password, mfa_code = hide(username), hide(password), hide(mfa_code)
        app_id, app_token, thing_key = hide(app_id), hide(app_token), hide(thing_key)
        session_id, org_key, options = hide(session_id), hide(org_key), hide(options)
        settings = {"username": username, "app_id": app_id, "thing_key": thing_key, "org_key": org_key}
        secrets = {"password": password, "mfa_code": mfa_code, "app_token": app_token, "session_id": session_id}
        self._open(settings, secrets, options)

    def api_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        dimension: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: bool = False,
    ) -> UsageHistory:
        """Return API calls per bucket of time and service.

        Parameters
        ----------
        start, end : datetime, date or str
            The window; give both, or `last`.
        last : str
            The time before now: a number and one of s, m (minutes), h, d, such as ``"24h"``.
        series : {"hour", "day"}
            The length of a bucket.
        dimension : {"org"}, optional
            Split by organisation. The shape of that answer is not published; three are understood.
        include_sub_orgs : bool, default False
            Count the organisations below this one, too.
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
        Source: the page usage.api.history of the TR50 reference.

        Examples
        --------
        >>> history = devicewise.api_usage_history(start="2026-03-01", end="2026-03-02")
        >>> len(history.timestamps)
        24
        """
        arguments = {
            "start": start,
            "end": end,
            "last": last,
            "series": series,
            "dimension": dimension,
            "include_sub_orgs": include_sub_orgs,
            "show_all": show_all,
        }
        return self._ask("api_usage_history", arguments, raw)

    def thing_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: bool = False,
    ) -> UsageHistory:
        """Return things per bucket of time: connected, billable and all.

        Parameters
        ----------
        start, end, last, series, include_sub_orgs, show_all
            As in `api_usage_history`.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageHistory
            Things: levels, not increments. At most 5,000 buckets are answered.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: the page usage.thing.history of the TR50 reference.

        Examples
        --------
        >>> history = devicewise.thing_usage_history(last="24h")
        >>> ["connected"] in [series.path for series in history.series]
        True
        """
        arguments = {
            "start": start,
            "end": end,
            "last": last,
            "series": series,
            "include_sub_orgs": include_sub_orgs,
            "show_all": show_all,
        }
        return self._ask("thing_usage_history", arguments, raw)

    def connection_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        dimension: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: bool = False,
    ) -> UsageHistory:
        """Return connections per bucket of time: with a rate plan, activated, in session and all.

        Parameters
        ----------
        start, end, last, series, dimension, include_sub_orgs, show_all
            As in `api_usage_history`.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageHistory
            Connections: levels, not increments.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: the page usage.connection.history of the TR50 reference.

        Examples
        --------
        >>> history = devicewise.connection_usage_history(last="24h")
        >>> ["activated"] in [series.path for series in history.series]
        True
        """
        arguments = {
            "start": start,
            "end": end,
            "last": last,
            "series": series,
            "dimension": dimension,
            "include_sub_orgs": include_sub_orgs,
            "show_all": show_all,
        }
        return self._ask("connection_usage_history", arguments, raw)

    def storage_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: bool = False,
    ) -> UsageHistory:
        """Return stored data per bucket of time and kind.

        Parameters
        ----------
        start, end, last, include_sub_orgs, show_all
            As in `api_usage_history`.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageHistory
            Sizes, presumably bytes: levels. `total` adds them up over the buckets; it is not the storage in use.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: the page usage.storage.history of the TR50 reference.

        Examples
        --------
        >>> history = devicewise.storage_usage_history(last="48h")
        >>> len(history.series) > 0
        True
        """
        arguments = {
            "start": start,
            "end": end,
            "last": last,
            "include_sub_orgs": include_sub_orgs,
            "show_all": show_all,
        }
        return self._ask("storage_usage_history", arguments, raw)

    def usage_report(
        self,
        start: Moment,
        end: Moment | None = None,
        org_key: str | None = None,
        include_sub_orgs: bool = False,
        include_counts_by_thing_def: bool | None = None,
        *,
        raw: bool = False,
    ) -> UsageReport:
        """Return the billing report of an organisation.

        Parameters
        ----------
        start, end : datetime, date or str
            The period; `end` may be left out.
        org_key : str, optional
            The organisation; the session's own otherwise.
        include_sub_orgs : bool, default False
            Report the organisations below it, too.
        include_counts_by_thing_def : bool, optional
            Count things by definition, too.
        raw : bool, default False
            Return the provider's JSON: the whole reply packet.

        Returns
        -------
        UsageReport
            A row per organisation.

        Raises
        ------
        MetertapError
            Of the class that tells what went wrong.

        Notes
        -----
        Source: the page usage.report of the TR50 reference. Needs the Org Admin right.

        Examples
        --------
        >>> report = devicewise.usage_report(start="2026-03-01", end="2026-04-01")
        >>> len(report.report)
        1
        """
        arguments = {
            "start": start,
            "end": end,
            "org_key": org_key,
            "include_sub_orgs": include_sub_orgs,
            "include_counts_by_thing_def": include_counts_by_thing_def,
        }
        return self._ask("usage_report", arguments, raw)

    def call(self, command: str, params: Mapping[str, Any] | None = None, *, raw: bool = False) -> Any:
        """Make any other TR50 command that only reads.

        Parameters
        ----------
        command : str
            The command, such as ``"session.info"``.
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

        Examples
        --------
        >>> "ttl" in devicewise.call("session.info")
        True
        """
        return self._ask("call", {"command": command, "params": params}, raw)


@_documented
class Volcengine(Client):
    """Volcengine Live (version 2023-01-01): storage, traffic, bandwidth and other usage of live streaming.

    Every usage call is a method named after its action: ``DescribeLiveTrafficData`` is `traffic_data`.

    Parameters
    ----------
    access_key : str or callable
        The access key. Where it changes together with its secret, both may be callables: they are asked together, so
        that what signs a request is always a pair.
    secret_key : str or callable
        The secret key that belongs to it.
    session_token : str or callable, optional
        The session token of temporary keys.
    region : str, default "cn-north-1"
        The region of the signature, one word.
    **options

    Notes
    -----
    The page of these calls (its revision of 2023) allows 100 requests a second; the revision of December 2024 says 30.
    What `max_per_second` does not set stays below the smaller one.
    """

    _provider = "volcengine"

    def __init__(
        self,
        *,
        access_key: SecretWord,
        secret_key: SecretWord,
        session_token: SecretWord | None = None,
        region: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        access_key, secret_key, session_token = hide(access_key), hide(secret_key), hide(session_token)
        region, options = hide(region), hide(options)
        settings = {"access_key": access_key, "region": region}
        secrets = {"secret_key": secret_key, "session_token": session_token}
        self._open(settings, secrets, options)

    def call(
        self, action: str, body: Mapping[str, Any] | None = None, version: str | None = None, *, raw: bool = False
    ) -> Any:
        """Make any other call that only reads.

        Parameters
        ----------
        action : str
            The action, such as ``"DescribeLiveRegionData"``.
        body : dict, optional
            The JSON body.
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
        """
        return self._ask("call", {"action": action, "body": body, "version": version}, raw)


def _usage_call(name: str, parameters: list[str], doc: str) -> Callable[..., Any]:
    """Make the method of one Volcengine usage call from its row in the table of facts."""

    def usage_call(self: Volcengine, *values: Any, raw: bool = False, **named: Any) -> Any:
        if len(values) > len(parameters):
            raise TypeError(f"{name}() takes at most {len(parameters)} positional arguments, not {len(values)}.")
        arguments = dict(zip(parameters, values, strict=False))
        if twice := arguments.keys() & named.keys():
            raise TypeError(f"{name}() got {', '.join(sorted(twice))} twice.")
        return self._ask(name, {**arguments, **named}, raw)

    usage_call.__name__ = name
    usage_call.__qualname__ = f"Volcengine.{name}"
    usage_call.__doc__ = doc
    return usage_call


for _name, _parameters, _doc in _core.operations("volcengine"):
    if _name not in vars(Volcengine):
        setattr(Volcengine, _name, _usage_call(_name, _parameters, _doc))
