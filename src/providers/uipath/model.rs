//! The records of `UiPath`'s wire. Which numbers may be null is undocumented, so each may be missing, which is not 0.

use crate::values::shape::{Field, Holds, Shape};

/// What an organization consumed of one code.
pub static CONSUMPTION_SUMMARY: Shape = Shape {
    name: "ConsumptionSummary",
    fields: &[
        field(
            "consumedFromOrgWithoutTenant",
            "consumed_from_org_without_tenant",
            NUMBER,
        ),
        field(
            "tenantConsumptionItems",
            "tenants",
            Holds::ListOrNothing(&Holds::Record(&TENANT_CONSUMPTION)),
        ),
    ],
};

/// What one tenant consumed: from the units reserved for it, and from the organization's.
pub static TENANT_CONSUMPTION: Shape = Shape {
    name: "TenantConsumption",
    fields: &[
        // Not checked to be a GUID: the page's own sample says "string".
        field("tenantId", "tenant_id", Holds::Text),
        field("consumedFromTenantPool", "consumed_from_tenant_pool", NUMBER),
        field("consumedFromOrgPool", "consumed_from_org_pool", NUMBER),
    ],
};

/// What one service consumed on one day. The page shows no body; these names are those of the vendor's command line.
pub static SERVICE_CONSUMPTION: Shape = Shape {
    name: "ServiceConsumption",
    fields: &[
        field("date", "date", Holds::Day),
        field("service", "service", TEXT),
        field("consumedAmount", "consumed_amount", NUMBER),
    ],
};

/// What one folder consumed without its descendants. Its names are known as little as those of the daily report.
pub static FOLDER_CONSUMPTION: Shape = Shape {
    name: "FolderConsumption",
    fields: &[
        field("folderKey", "folder_key", TEXT),
        field("folderName", "folder_name", TEXT),
        field("parentFolderKey", "parent_folder_key", TEXT),
        field("consumedBySelf", "consumed_by_self", NUMBER),
        field("processCountSelf", "process_count_self", Holds::Maybe(&Holds::Integer)),
    ],
};

const NUMBER: Holds = Holds::Maybe(&Holds::Decimal);
const TEXT: Holds = Holds::Maybe(&Holds::Text);

const fn field(wire: &'static str, name: &'static str, holds: Holds) -> Field {
    Field { wire, name, holds }
}
