# Written by tools/stubs.py from the classes in clients.py; do not edit.
"""The clients."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, overload

from metertap._client import Client
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
from metertap.typing import Moment, SecretWord

__all__ = ["DeviceWise", "Ricoh", "Sora", "UiPath", "Volcengine"]

class DeviceWise(Client):
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
        raw: Literal[False] = False,
    ) -> UsageHistory: ...
    @overload
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
        raw: Literal[True],
    ) -> Any: ...
    @overload
    def thing_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        series: str = "hour",
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageHistory: ...
    @overload
    def thing_usage_history(
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
        raw: Literal[False] = False,
    ) -> UsageHistory: ...
    @overload
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
        raw: Literal[True],
    ) -> Any: ...
    @overload
    def storage_usage_history(
        self,
        start: Moment | None = None,
        end: Moment | None = None,
        last: str | None = None,
        include_sub_orgs: bool = False,
        show_all: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageHistory: ...
    @overload
    def storage_usage_history(
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
    def usage_report(
        self,
        start: Moment,
        end: Moment | None = None,
        org_key: str | None = None,
        include_sub_orgs: bool = False,
        include_counts_by_thing_def: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> UsageReport: ...
    @overload
    def usage_report(
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
    def call(self, command: str, params: Mapping[str, Any] | None = None, *, raw: Literal[False] = False) -> Any: ...
    @overload
    def call(self, command: str, params: Mapping[str, Any] | None = None, *, raw: Literal[True]) -> Any: ...

class Ricoh(Client):
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
    def cost_and_usage_total(
        self, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: Literal[False] = False
    ) -> CostAndUsage: ...
    @overload
    def cost_and_usage_total(
        self, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: Literal[True]
    ) -> Any: ...
    @overload
    def cost_and_usage_by_label(
        self,
        since: Moment,
        until: Moment,
        env: str | Sequence[str] | None = None,
        starts_with: str | None = None,
        *,
        raw: Literal[False] = False,
    ) -> CostAndUsage: ...
    @overload
    def cost_and_usage_by_label(
        self,
        since: Moment,
        until: Moment,
        env: str | Sequence[str] | None = None,
        starts_with: str | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    def cost_and_usage_for_label(
        self,
        label: str,
        since: Moment,
        until: Moment,
        env: str | Sequence[str] | None = None,
        *,
        raw: Literal[False] = False,
    ) -> CostAndUsage: ...
    @overload
    def cost_and_usage_for_label(
        self, label: str, since: Moment, until: Moment, env: str | Sequence[str] | None = None, *, raw: Literal[True]
    ) -> Any: ...

class Sora(Client):
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
    def total_connections_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def total_connections_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def total_sessions_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def total_sessions_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def total_duration_min_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def total_duration_min_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def total_traffic_this_month(self, *, raw: Literal[False] = False) -> Traffic: ...
    @overload
    def total_traffic_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def max_concurrent_connections_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def max_concurrent_connections_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def max_bandwidth_mbps_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def max_bandwidth_mbps_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def total_api_requests_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def total_api_requests_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def total_sora_api_requests_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def total_sora_api_requests_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def total_webhook_requests_this_month(self, *, raw: Literal[False] = False) -> int: ...
    @overload
    def total_webhook_requests_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def status_this_month(self, *, raw: Literal[False] = False) -> StatusThisMonth: ...
    @overload
    def status_this_month(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def traffics_for_month(self, year: int, month: int, *, raw: Literal[False] = False) -> list[TrafficPeriod]: ...
    @overload
    def traffics_for_month(self, year: int, month: int, *, raw: Literal[True]) -> Any: ...
    @overload
    def project_traffics_last_year(self, *, raw: Literal[False] = False) -> list[TrafficPeriod]: ...
    @overload
    def project_traffics_last_year(self, *, raw: Literal[True]) -> Any: ...
    @overload
    def project_traffics_last_month(self, *, raw: Literal[False] = False) -> list[TrafficPeriod]: ...
    @overload
    def project_traffics_last_month(self, *, raw: Literal[True]) -> Any: ...

class UiPath(Client):
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
    def consumption_summary(
        self, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: Literal[False] = False
    ) -> ConsumptionSummary: ...
    @overload
    def consumption_summary(
        self, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: Literal[True]
    ) -> Any: ...
    @overload
    def tenant_consumption_summary(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        *,
        raw: Literal[False] = False,
    ) -> ConsumptionSummary: ...
    @overload
    def tenant_consumption_summary(
        self, tenant_id: str, start: Moment | int, end: Moment | int, consumable_code: str, *, raw: Literal[True]
    ) -> Any: ...
    @overload
    def daily_consumption_by_service(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        folder_keys: str | Sequence[str] | None = None,
        *,
        raw: Literal[False] = False,
    ) -> list[ServiceConsumption]: ...
    @overload
    def daily_consumption_by_service(
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
    def consumption_by_folder(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        *,
        raw: Literal[False] = False,
    ) -> list[FolderConsumption]: ...
    @overload
    def consumption_by_folder(
        self,
        tenant_id: str,
        start: Moment | int,
        end: Moment | int,
        consumable_code: str,
        aggregate_by_ownership: bool | None = None,
        *,
        raw: Literal[True],
    ) -> Any: ...

class Volcengine(Client):
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
    def call(
        self,
        action: str,
        body: Mapping[str, Any] | None = None,
        version: str | None = None,
        *,
        raw: Literal[False] = False,
    ) -> Any: ...
    @overload
    def call(
        self, action: str, body: Mapping[str, Any] | None = None, version: str | None = None, *, raw: Literal[True]
    ) -> Any: ...
    @overload
    def time_shift_data(
        self,
        start: Moment,
        end: Moment,
        vhosts: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage: ...
    @overload
    def time_shift_data(
        self,
        start: Moment,
        end: Moment,
        vhosts: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[True],
    ) -> Any: ...
    @overload
    def bandwidth_data(
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
    ) -> LiveUsage: ...
    @overload
    def bandwidth_data(
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
    def traffic_data(
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
    ) -> LiveUsage: ...
    @overload
    def traffic_data(
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
    def p95_peak_bandwidth_data(
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
    ) -> LiveUsage: ...
    @overload
    def p95_peak_bandwidth_data(
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
    def transcode_data(
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
    ) -> LiveUsage: ...
    @overload
    def transcode_data(
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
    def record_data(
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
    ) -> LiveUsage: ...
    @overload
    def record_data(
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
    def snapshot_data(
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
    ) -> LiveUsage: ...
    @overload
    def snapshot_data(
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
    def audit_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 86400,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage: ...
    @overload
    def audit_data(
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
    def pull_to_push_data(
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
    ) -> LiveUsage: ...
    @overload
    def pull_to_push_data(
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
    def pull_to_push_bandwidth_data(
        self,
        start: Moment,
        end: Moment,
        groups: str | Sequence[str] | None = None,
        detail_fields: str | Sequence[str] | None = None,
        aggregation: int = 300,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage: ...
    @overload
    def pull_to_push_bandwidth_data(
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
    def edge_stat_data(
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
    ) -> LiveUsage: ...
    @overload
    def edge_stat_data(
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
    def metric_bandwidth_data(
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
    ) -> LiveUsage: ...
    @overload
    def metric_bandwidth_data(
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
    def metric_traffic_data(
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
    ) -> LiveUsage: ...
    @overload
    def metric_traffic_data(
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
    def source_traffic_data(
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
    ) -> LiveUsage: ...
    @overload
    def source_traffic_data(
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
    def source_bandwidth_data(
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
    ) -> LiveUsage: ...
    @overload
    def source_bandwidth_data(
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
    def stream_session_data(
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
    ) -> LiveUsage: ...
    @overload
    def stream_session_data(
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
    def stream_count_data(
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
    ) -> LiveUsage: ...
    @overload
    def stream_count_data(
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
    def push_stream_count_data(
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
    ) -> LiveUsage: ...
    @overload
    def push_stream_count_data(
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
    def play_status_code_data(
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
    ) -> LiveUsage: ...
    @overload
    def play_status_code_data(
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
    def batch_stream_traffic_data(
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
    ) -> LiveUsage: ...
    @overload
    def batch_stream_traffic_data(
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
    def batch_stream_session_data(
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
    ) -> LiveUsage: ...
    @overload
    def batch_stream_session_data(
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
    def batch_stream_transcode_data(
        self,
        start: Moment,
        end: Moment,
        domains: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage: ...
    @overload
    def batch_stream_transcode_data(
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
    def transcode_info_data(
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
    ) -> LiveUsage: ...
    @overload
    def transcode_info_data(
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
    def push_stream_info_data(
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
    ) -> LiveUsage: ...
    @overload
    def push_stream_info_data(
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
    def top_play_data(
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
    ) -> LiveUsage: ...
    @overload
    def top_play_data(
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
    def log_data(
        self,
        start: Moment,
        end: Moment,
        log_type: str,
        domains: str | Sequence[str] | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
        *,
        raw: Literal[False] = False,
    ) -> LiveUsage: ...
    @overload
    def log_data(
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
    def callback_data(
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
    ) -> LiveUsage: ...
    @overload
    def callback_data(
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
