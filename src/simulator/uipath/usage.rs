//! Consumption events, made up from the seed, and what they add up to.
//!
//! All four reports add up the same events, so that their totals agree.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::simulator::synth;
use crate::simulator::world::World;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The first moment of any usage: 2023-01-01T00:00Z, in Unix milliseconds.
pub const FIRST: i64 = 1_672_531_200_000;

/// One tenant of the organization.
#[derive(Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its GUID.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether units are reserved for it; if not, it draws all from the organization's pool.
    pub has_pool: bool,
}

/// All tenants.
pub static TENANTS: [Tenant; 3] = [
    Tenant {
        id: "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44",
        name: "Production",
        has_pool: true,
    },
    Tenant {
        id: "1f5a9c3e-6b20-4d0f-8c77-b2e40a9d5163",
        name: "Staging",
        has_pool: true,
    },
    Tenant {
        id: "e83b7d12-09c4-4f6a-a1d8-5c9f30b7e2a6",
        name: "R&D 研究",
        has_pool: false,
    },
];

/// One folder of a tenant's tree.
#[derive(Debug, PartialEq, Eq)]
pub struct Folder {
    /// The tenant's GUID.
    pub tenant: &'static str,
    /// Its GUID.
    pub key: &'static str,
    /// Its name, which is not unique.
    pub name: &'static str,
    /// The GUID of the folder above.
    pub parent: Option<&'static str>,
}

const fn folder(tenant: &Tenant, key: &'static str, name: &'static str, parent: Option<&'static str>) -> Folder {
    Folder {
        tenant: tenant.id,
        key,
        name,
        parent,
    }
}

const FINANCE: &str = "0d6b1f2c-8e44-4a7e-9a35-7c0e3f0a52d2";
const INVOICES: &str = "0d6b1f2c-8e44-4a7e-9a35-7c0e3f0a52d3";
const STAGING_SHARED: &str = "5e27a0b9-13fd-4c58-92e6-d1a83f6b7c01";

/// All folders.
pub static FOLDERS: [Folder; 9] = {
    let [production, staging, research] = &TENANTS;
    [
        folder(production, "0d6b1f2c-8e44-4a7e-9a35-7c0e3f0a52d1", "Shared", None),
        folder(production, FINANCE, "Finance", None),
        folder(production, INVOICES, "Invoices", Some(FINANCE)),
        folder(
            production,
            "0d6b1f2c-8e44-4a7e-9a35-7c0e3f0a52d4",
            "Archive",
            Some(INVOICES),
        ),
        folder(production, "0d6b1f2c-8e44-4a7e-9a35-7c0e3f0a52d5", "人事", None),
        folder(staging, STAGING_SHARED, "Shared", None),
        folder(
            staging,
            "5e27a0b9-13fd-4c58-92e6-d1a83f6b7c02",
            "Invoices",
            Some(STAGING_SHARED),
        ),
        folder(research, "b94c6e80-7d3a-4152-8f0b-26e5d9a1c371", "Shared", None),
        folder(research, "b94c6e80-7d3a-4152-8f0b-26e5d9a1c372", "Trials", None),
    ]
};

/// One kind of unit that is consumed.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The consumable code.
    pub name: &'static str,
    /// The services that consume it.
    pub services: &'static [&'static str],
    /// The most events of a busy hour.
    an_hour: u64,
    /// The least and the largest quantity of one event, in steps.
    steps: (u32, u32),
    /// One step in ten-thousandths of a unit.
    step: u32,
    /// Whether some of it cannot be attributed to a tenant.
    outside_tenants: bool,
}

/// The codes with usage; the vendor knows more.
pub static CODES: [Code; 6] = [
    Code {
        name: "AIU",
        services: &[
            "communications_mining",
            "document_understanding",
            "generative_extraction",
        ],
        an_hour: 5,
        steps: (1_000, 400_000),
        step: 1,
        outside_tenants: true,
    },
    Code {
        name: "AGU",
        services: &["agents", "maestro"],
        an_hour: 5,
        steps: (1, 40),
        step: 5_000,
        outside_tenants: true,
    },
    Code {
        name: "PLTU",
        services: &["agents", "maestro", "orchestrator"],
        an_hour: 5,
        steps: (1, 60),
        step: 2_000,
        outside_tenants: true,
    },
    Code {
        name: "RU",
        services: &["orchestrator", "serverless"],
        an_hour: 5,
        steps: (1, 12),
        step: 10_000,
        outside_tenants: false,
    },
    Code {
        name: "TEU",
        services: &["test_manager"],
        an_hour: 2,
        steps: (1, 5),
        step: 10_000,
        outside_tenants: false,
    },
    Code {
        name: "HEAL",
        services: &["healing_agent"],
        an_hour: 1,
        steps: (1, 4),
        step: 2_500,
        outside_tenants: false,
    },
];

/// The code of that name.
pub fn code(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.name == name)
}

/// Whose units an event used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Those reserved for the tenant.
    Tenant,
    /// Those of the organization that are reserved for nobody.
    Organization,
}

/// One consumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, in Unix milliseconds.
    pub at: i64,
    /// Who, if that is known.
    pub tenant: Option<&'static Tenant>,
    /// From which pool.
    pub pool: Pool,
    /// By which service.
    pub service: &'static str,
    /// The folder that triggered it, if any.
    pub folder: Option<&'static Folder>,
    /// The folder that owns the process, if any.
    pub owner: Option<&'static Folder>,
    /// A process of that folder.
    pub process: u64,
    /// What.
    pub code: &'static Code,
    /// How much, in ten-thousandths of a unit.
    pub quantity: u32,
}

/// The events of one code with `from <= at < to`, in the order of their hours.
pub fn events(seed: u64, code: &'static Code, from: i64, to: i64) -> impl Iterator<Item = Event> {
    (from.div_euclid(HOUR)..=to.div_euclid(HOUR))
        .flat_map(move |hour| (0..events_in_hour(seed, code, hour)).map(move |index| (hour, index)))
        .map(move |(hour, index)| event(seed, code, hour, index))
        .filter(move |event| from <= event.at && event.at < to)
}

fn events_in_hour(seed: u64, code: &Code, hour: i64) -> i64 {
    let busy = synth::business(hour) * synth::between(seed, code.name, hour * 256 + 255, 0, code.an_hour) / 100;
    let stray = u64::from(synth::between(seed, code.name, hour * 256 + 254, 0, 9) == 0);
    i64::try_from(busy + stray).unwrap_or(0) + i64::from(hour.rem_euclid(24) == 0)
}

fn event(seed: u64, code: &'static Code, hour: i64, index: i64) -> Event {
    // At most 7 events an hour and 16 draws an event: the numbers from 254 on are left to the hour's own draws.
    let roll = |nth: i64, low, high| synth::between(seed, code.name, hour * 256 + index * 16 + nth, low, high);
    let tenant = match roll(0, 0, 11) {
        0 if code.outside_tenants => None,
        other => pick(TENANTS.iter(), other),
    };
    let folders = || {
        FOLDERS
            .iter()
            .filter(|folder| tenant.is_some_and(|tenant| tenant.id == folder.tenant))
    };
    let folder = if roll(1, 0, 5) == 0 {
        None
    } else {
        pick(folders(), roll(2, 0, 59))
    };
    let is_own = roll(3, 0, 3) > 0;
    let reserved = tenant.is_some_and(|tenant| tenant.has_pool) && roll(5, 0, 3) > 0;
    let steps = roll(6, code.steps.0.into(), code.steps.1.into());
    // The first event of each day falls on midnight: it shows which edge of a window is in it.
    let midnight = index == 0 && hour.rem_euclid(24) == 0;
    let after = if midnight { 0 } else { roll(7, 0, 3_599_999) };
    Event {
        at: hour * HOUR + i64::try_from(after).unwrap_or(0),
        tenant,
        pool: if reserved { Pool::Tenant } else { Pool::Organization },
        service: pick(code.services.iter(), roll(8, 0, 59)).copied().unwrap_or_default(),
        folder,
        owner: if is_own {
            folder
        } else {
            folder.and(pick(folders(), roll(4, 0, 59)))
        },
        process: roll(9, 1, 5),
        code,
        quantity: u32::try_from(steps).unwrap_or(0) * code.step,
    }
}

fn pick<T>(from: impl Iterator<Item = T> + Clone, roll: u64) -> Option<T> {
    let count = from.clone().count().max(1);
    from.into_iter().nth(usize::try_from(roll).unwrap_or(0) % count)
}

/// A sum of quantities.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// Exact, in ten-thousandths of a unit.
    pub exact: i128,
    /// The same, added up in binary floating point as the service seems to do it.
    pub binary: f64,
    /// How many events are in it.
    pub events: u64,
}

impl Sum {
    fn add(&mut self, event: &Event) {
        self.exact += i128::from(event.quantity);
        self.binary += f64::from(event.quantity) / 10_000.0;
        self.events += 1;
    }
}

/// What `startDate` and `endDate` stand for, as a half-open window in which usage can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first millisecond in it.
    pub from: i64,
    /// The first millisecond after it.
    pub to: i64,
}

impl Window {
    /// Applies the switches on the window's end, on history and on lag.
    pub fn known(world: &World, start: i64, end: i64) -> Self {
        let midnight = |at: i64| at.saturating_sub(at.rem_euclid(DAY));
        let (from, to) = match world.switch("uipath.end").as_deref() {
            Some("inclusive") => (start, end.saturating_add(1)),
            Some("day_truncated") => (midnight(start), midnight(end).saturating_add(DAY)),
            _ => (start, end),
        };
        let now = world.now().as_millisecond();
        let oldest = if world.switch_is("uipath.retention", "days90") {
            now - 90 * DAY
        } else {
            FIRST
        };
        Self {
            from: from.max(oldest),
            to: to.min(now - lag(world)),
        }
    }

    /// The UTC days that it touches.
    pub fn days(self) -> impl Iterator<Item = Date> {
        let last = self.to.saturating_sub(1).div_euclid(DAY);
        let first = self.from.div_euclid(DAY);
        (first..=last).filter_map(|day| date(day * DAY))
    }
}

/// The vendor's command line notes a lag of minutes, without a figure.
fn lag(world: &World) -> i64 {
    let minutes = world
        .switch("uipath.lag_minutes")
        .and_then(|text| text.parse::<u32>().ok());
    i64::from(minutes.unwrap_or(5)) * 60_000
}

fn date(at: i64) -> Option<Date> {
    let instant = Timestamp::from_millisecond(at).ok()?;
    Some(instant.to_zoned(TimeZone::UTC).date())
}

/// One tenant's line of a summary.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantSum {
    /// Which tenant.
    pub tenant: &'static Tenant,
    /// From its own units.
    pub from_tenant_pool: Sum,
    /// From the organization's.
    pub from_org_pool: Sum,
}

/// The summary of the organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// What no tenant accounts for.
    pub without_tenant: Sum,
    /// One line per tenant.
    pub tenants: Vec<TenantSum>,
}

/// What a summary of that code and window says.
pub fn truth_summary(world: &World, start: i64, end: i64, code_name: &str) -> Summary {
    let mut without_tenant = Sum::default();
    let mut tenants: Vec<TenantSum> = TENANTS
        .iter()
        .map(|tenant| TenantSum {
            tenant,
            from_tenant_pool: Sum::default(),
            from_org_pool: Sum::default(),
        })
        .collect();
    for event in known_events(world, start, end, code_name) {
        let line = tenants.iter_mut().find(|line| event.tenant == Some(line.tenant));
        let sum = match (line, event.pool) {
            (None, _) => &mut without_tenant,
            (Some(line), Pool::Tenant) => &mut line.from_tenant_pool,
            (Some(line), Pool::Organization) => &mut line.from_org_pool,
        };
        sum.add(&event);
    }
    Summary {
        without_tenant,
        tenants,
    }
}

fn known_events(world: &World, start: i64, end: i64, code_name: &str) -> impl Iterator<Item = Event> {
    let window = Window::known(world, start, end);
    let seed = world.seed();
    code(code_name)
        .into_iter()
        .flat_map(move |code| events(seed, code, window.from, window.to))
}

/// What the two reports about one tenant are asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The tenant's GUID.
    pub tenant_id: String,
    /// By the folder that owns the process, not the one that triggered it.
    pub by_owner: bool,
    /// Only these folders.
    pub folder_keys: Option<Vec<String>>,
}

impl Selection {
    fn folder(&self, event: &Event) -> Option<&'static Folder> {
        if self.by_owner { event.owner } else { event.folder }
    }

    fn has(&self, event: &Event) -> bool {
        let of_tenant = event
            .tenant
            .is_some_and(|tenant| tenant.id.eq_ignore_ascii_case(&self.tenant_id));
        let in_folder = match (&self.folder_keys, self.folder(event)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(keys), Some(folder)) => keys.iter().any(|key| key.eq_ignore_ascii_case(folder.key)),
        };
        of_tenant && in_folder
    }
}

/// What the daily report says: a sum per UTC day and service, days and services without usage left out.
pub fn truth_daily(
    world: &World,
    start: i64,
    end: i64,
    code_name: &str,
    selection: &Selection,
) -> BTreeMap<(Date, &'static str), Sum> {
    let mut days: BTreeMap<(Date, &'static str), Sum> = BTreeMap::new();
    for event in known_events(world, start, end, code_name) {
        if let Some(day) = date(event.at)
            && selection.has(&event)
        {
            days.entry((day, event.service)).or_default().add(&event);
        }
    }
    days
}

/// One line of the folder report.
#[derive(Debug, Clone, PartialEq)]
pub struct FolderSum {
    /// Which folder; none for use outside folders.
    pub folder: Option<&'static Folder>,
    /// Without the folders below.
    pub consumed: Sum,
    /// The processes that consumed it.
    pub processes: BTreeSet<u64>,
}

/// What the folder report says, in the order of [`FOLDERS`], use outside folders last.
pub fn truth_folders(world: &World, start: i64, end: i64, code_name: &str, selection: &Selection) -> Vec<FolderSum> {
    let line = |folder| FolderSum {
        folder,
        consumed: Sum::default(),
        processes: BTreeSet::new(),
    };
    let mut lines: Vec<FolderSum> = FOLDERS.iter().map(Some).chain([None]).map(line).collect();
    for event in known_events(world, start, end, code_name).filter(|event| selection.has(event)) {
        let folder = selection.folder(&event);
        if let Some(line) = lines.iter_mut().find(|line| line.folder == folder) {
            line.consumed.add(&event);
            line.processes.insert(event.process);
        }
    }
    lines.retain(|line| line.consumed.events > 0);
    lines
}
