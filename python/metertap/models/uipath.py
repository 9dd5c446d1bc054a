"""Records of UiPath."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metertap.models._flat import Flat

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

__all__ = ["ConsumptionSummary", "FolderConsumption", "ServiceConsumption", "TenantConsumption"]


@dataclass(frozen=True, slots=True)
class TenantConsumption(Flat):
    """What one tenant consumed.

    Attributes
    ----------
    tenant_id : str
        Its GUID; the tenant may exist no more.
    consumed_from_tenant_pool : Decimal or None
        Units, of those reserved for the tenant.
    consumed_from_org_pool : Decimal or None
        Units, of the organisation's.
    extra : dict
        What else the service answered.
    """

    tenant_id: str
    consumed_from_tenant_pool: Decimal | None
    consumed_from_org_pool: Decimal | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsumptionSummary(Flat):
    """What an organisation consumed of one kind of unit.

    Attributes
    ----------
    consumed_from_org_without_tenant : Decimal or None
        Units that belong to no tenant.
    tenants : list of TenantConsumption
        A row per tenant.
    extra : dict
        What else the service answered.
    """

    consumed_from_org_without_tenant: Decimal | None
    tenants: list[TenantConsumption]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceConsumption(Flat):
    """What one service consumed on one day.

    Attributes
    ----------
    date : date
        The UTC day.
    service : str or None
        The service's name.
    consumed_amount : Decimal or None
        Units.
    extra : dict
        What else the service answered.
    """

    date: date
    service: str | None
    consumed_amount: Decimal | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FolderConsumption(Flat):
    """What one folder consumed, without its subfolders.

    Attributes
    ----------
    folder_key, folder_name : str or None
        The folder; None for use outside of folders.
    parent_folder_key : str or None
        The folder above it; None at a root.
    consumed_by_self : Decimal or None
        Units.
    process_count_self : int or None
        Processes.
    extra : dict
        What else the service answered.
    """

    folder_key: str | None
    folder_name: str | None
    parent_folder_key: str | None
    consumed_by_self: Decimal | None
    process_count_self: int | None
    extra: dict[str, Any] = field(default_factory=dict)
