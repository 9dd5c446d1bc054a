//! Rooms, made up from the seed, and what they add up to.
//!
//! Everything that the service answers is added up from the same rooms, by the rules of the vendor's page:
//! a room counts in the range that holds its start, and its connections follow it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::simulator::synth;
use crate::simulator::world::World;

/// The labels in use and how often, in the order in which they are reported (none is documented).
pub const LABELS: [(&str, u64); 7] = [
    ("tenant-7", 5),
    ("default", 4),
    ("50%off", 2),
    ("c++", 2),
    ("Tenant-9", 1),
    ("team.blue_2024", 1),
    ("`night`{shift}", 1),
];

/// The label of the room that starts at each midnight, to the second: it shows which edge of a range is in it.
const NIGHTLY: &str = "`night`{shift}";

/// The bandwidths that rooms reserve, in Mbps: every bracket of the price list, and both ends of the lowest.
const RESERVATIONS: [u32; 5] = [1, 10, 20, 60, 200];

const HOUR: i64 = 3600;
const BITS_OF_A_GIB: u32 = 30;

/// The environment in which a room was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Env {
    /// `prod`
    Prod,
    /// `dev`
    Dev,
}

/// Both environments: what a question without `env` asks about.
pub const BOTH: [Env; 2] = [Env::Prod, Env::Dev];

impl Env {
    /// The environment of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "prod" => Some(Self::Prod),
            "dev" => Some(Self::Dev),
            _ => None,
        }
    }
}

/// What carries a room's media, which decides what counts as traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomType {
    /// One server forwards: its sent and received bytes count.
    Sfu,
    /// The same for many participants.
    SfuLarge,
    /// Participants reach each other: nothing is relayed.
    P2p,
    /// A relay sends on what the participants cannot deliver themselves: its sent bytes count.
    P2pTurn,
}

/// One participant's stay in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Seconds after the room's start.
    pub joined_after: u64,
    /// How long it lasted.
    pub seconds: u64,
    /// What counts as its traffic, by the room's type.
    pub bytes: u64,
    /// Seconds after its end at which its record comes in.
    pub report_delay: u64,
}

/// One `RoomInstance`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The moment that decides to which range the room belongs.
    pub start: Timestamp,
    /// How long it was open.
    pub seconds: u64,
    /// Its classification label.
    pub label: &'static str,
    /// Its environment.
    pub env: Env,
    /// Its type.
    pub room_type: RoomType,
    /// Reserved bandwidth in Mbps.
    pub reserved_mbps: Option<u32>,
    /// Seconds after its end at which its own record comes in.
    pub report_delay: u64,
    /// Who took part.
    pub connections: Vec<Connection>,
}

/// The rooms that start in `[since, until)`, in the order of their hours.
pub fn rooms(seed: u64, since: Timestamp, until: Timestamp) -> impl Iterator<Item = Room> {
    let first = since.as_second().div_euclid(HOUR);
    let last = until.as_second().div_euclid(HOUR);
    (first..=last)
        .flat_map(move |hour| (0..rooms_in_hour(seed, hour)).map(move |index| (hour, index)))
        .filter_map(move |(hour, index)| room(seed, hour, index))
        .filter(move |room| since <= room.start && room.start < until)
}

fn rooms_in_hour(seed: u64, hour: i64) -> i64 {
    let busy = synth::business(hour) * synth::between(seed, "ricoh.rooms", hour, 0, 6) / 100;
    let stray = u64::from(synth::between(seed, "ricoh.stray", hour, 0, 3) == 0);
    let nightly = u64::from(hour.rem_euclid(24) == 0);
    i64::try_from(busy + stray + nightly).unwrap_or(0)
}

fn room(seed: u64, hour: i64, index: i64) -> Option<Room> {
    let bucket = hour * 16 + index;
    let roll = |what: &str, low, high| synth::between(seed, what, bucket, low, high);
    let nightly = index == 0 && hour.rem_euclid(24) == 0;
    let after = if nightly { 0 } else { roll("ricoh.start", 0, 3599) };
    let start = hour * HOUR + i64::try_from(after).ok()?;
    // Evenings have more long rooms: they run past midnight, and still belong to the day of their start.
    let long = if hour.rem_euclid(24) >= 20 { 10 } else { 1 };
    let seconds = match roll("ricoh.length", 0, 19) {
        length if length < long => roll("ricoh.hours", 3 * 3600, 6 * 3600),
        17.. => roll("ricoh.seconds", 20, 170),
        _ => roll("ricoh.minutes", 5 * 60, 90 * 60),
    };
    let (room_type, most) = match roll("ricoh.type", 0, 9) {
        0..=5 => (RoomType::Sfu, 6),
        6 | 7 => (RoomType::SfuLarge, 12),
        8 => (RoomType::P2p, 2),
        _ => (RoomType::P2pTurn, 2),
    };
    let relayed = matches!(room_type, RoomType::Sfu | RoomType::SfuLarge);
    let choice = usize::try_from(roll("ricoh.mbps", 0, 4)).unwrap_or(0);
    let participants = i64::try_from(roll("ricoh.participants", 1, most)).unwrap_or(1);
    Some(Room {
        start: Timestamp::from_second(start).ok()?,
        seconds,
        label: if nightly {
            NIGHTLY
        } else {
            label(roll("ricoh.label", 0, 15))
        },
        env: if roll("ricoh.env", 0, 3) == 0 {
            Env::Dev
        } else {
            Env::Prod
        },
        room_type,
        reserved_mbps: RESERVATIONS.get(choice).copied().filter(|_| relayed),
        report_delay: roll("ricoh.room_delay", 0, 20 * 3600),
        connections: (0..participants)
            .map(|nth| connection(seed, bucket * 16 + nth, nth == 0, seconds, room_type))
            .collect(),
    })
}

/// Finds the label whose share of the weights holds this roll.
fn label(roll: u64) -> &'static str {
    let mut passed = 0;
    LABELS
        .iter()
        .find(|(_, weight)| {
            passed += weight;
            roll < passed
        })
        .map_or("default", |(label, _)| *label)
}

/// The first participant stays as long as the room is open; the others come later or go earlier.
fn connection(seed: u64, bucket: i64, first: bool, room_seconds: u64, room_type: RoomType) -> Connection {
    let roll = |what: &str, low, high| synth::between(seed, what, bucket, low, high);
    let joined_after = if first {
        0
    } else {
        roll("ricoh.joined", 0, room_seconds * 3 / 4)
    };
    let left = room_seconds - joined_after;
    let seconds = if first { left } else { roll("ricoh.stay", 1, left) };
    let per_second = match room_type {
        RoomType::Sfu | RoomType::SfuLarge => roll("ricoh.sfu_bytes", 40_000, 300_000),
        RoomType::P2p => 0,
        RoomType::P2pTurn => roll("ricoh.turn_bytes", 20_000, 90_000),
    };
    Connection {
        joined_after,
        seconds,
        bytes: seconds * per_second,
        report_delay: roll("ricoh.connection_delay", 0, 20 * 3600),
    }
}

/// What a number of rooms add up to, before prices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Minutes of connections, each connection's seconds below a minute dropped.
    pub connection_minutes: u64,
    /// Bytes of traffic.
    pub bytes: u64,
    /// Minutes of rooms per reserved Mbps, each room's seconds below a minute dropped.
    pub reserved_minutes: BTreeMap<u32, u64>,
}

impl Usage {
    /// Adds what is on record about a room at that moment (`None`: everything).
    fn add(&mut self, room: &Room, on_record: &OnRecord) {
        for connection in &room.connections {
            let end = connection.joined_after + connection.seconds;
            if on_record.has(room.start, end, connection.report_delay) {
                self.connection_minutes += connection.seconds / 60;
                self.bytes += connection.bytes;
            }
        }
        if let Some(mbps) = room.reserved_mbps
            && on_record.has(room.start, room.seconds, room.report_delay)
        {
            *self.reserved_minutes.entry(mbps).or_default() += room.seconds / 60;
        }
    }
}

/// Which records have come in. The vendor guarantees completeness 24 hours after a room's end and says nothing of the
/// time before; here each record comes in on its own, at most 20 hours late.
struct OnRecord {
    now: Timestamp,
    late: bool,
}

impl OnRecord {
    fn of(world: &World) -> Self {
        Self {
            now: world.now(),
            late: !world.switch_is("ricoh.settling", "instant"),
        }
    }

    fn has(&self, start: Timestamp, end: u64, delay: u64) -> bool {
        let after = end + if self.late { delay } else { 0 };
        i64::try_from(after).is_ok_and(|after| start.as_second() + after <= self.now.as_second())
    }
}

/// What is on record now about the rooms that started in `[since, until)`; `None` as label means all labels.
pub fn truth(world: &World, since: Timestamp, until: Timestamp, envs: &[Env], label: Option<&str>) -> Usage {
    let on_record = OnRecord::of(world);
    let mut usage = Usage::default();
    for room in rooms(world.seed(), since, until.min(world.now())) {
        if envs.contains(&room.env) && label.is_none_or(|label| label == room.label) {
            usage.add(&room, &on_record);
        }
    }
    usage
}

/// The same for each label with a room on record, in the order of [`LABELS`].
pub fn truth_by_label(world: &World, since: Timestamp, until: Timestamp, envs: &[Env]) -> Vec<(&'static str, Usage)> {
    let on_record = OnRecord::of(world);
    let mut by_label: BTreeMap<&str, Usage> = BTreeMap::new();
    for room in rooms(world.seed(), since, until.min(world.now())) {
        if envs.contains(&room.env) {
            by_label.entry(room.label).or_default().add(&room, &on_record);
        }
    }
    LABELS
        .iter()
        .filter_map(|(label, _)| by_label.remove(label).map(|usage| (*label, usage)))
        .filter(|(_, usage)| *usage != Usage::default())
        .collect()
}

/// A millionth of a yen or of a GiB: fine enough for every price times every usage that is reported.
pub type Millionths = i128;

/// One line of `sub_items`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// Reserved bandwidth.
    pub mbps: u32,
    /// Minutes of rooms that reserved it.
    pub minutes: u64,
    /// In yen.
    pub cost: Millionths,
}

/// The figures of one result row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// `connection_time`
    pub connection_minutes: u64,
    /// Its cost in yen.
    pub connection_cost: Millionths,
    /// `traffic_volume` in GiB.
    pub traffic: Millionths,
    /// Its cost in yen.
    pub traffic_cost: Millionths,
    /// `bitrate_reservation`, by Mbps.
    pub reservations: Vec<Reservation>,
}

impl Items {
    /// The row about the whole application, in which traffic is floored to whole GiB.
    pub fn of_application(usage: &Usage) -> Self {
        Self::of(usage, Millionths::from(usage.bytes >> BITS_OF_A_GIB) * 1_000_000)
    }

    /// The row about one label. The page states the floor for the whole application only, so GiB have a fraction here;
    /// how many digits the service gives is unverified.
    pub fn of_label(usage: &Usage) -> Self {
        Self::of(usage, (Millionths::from(usage.bytes) * 1_000_000) >> BITS_OF_A_GIB)
    }

    fn of(usage: &Usage, traffic: Millionths) -> Self {
        let reserved = |(&mbps, &minutes)| Reservation {
            mbps,
            minutes,
            cost: Millionths::from(minutes) * per_reserved_minute(mbps),
        };
        Self {
            connection_minutes: usage.connection_minutes,
            connection_cost: Millionths::from(usage.connection_minutes) * 10_000,
            traffic,
            traffic_cost: traffic * 30,
            reservations: usage.reserved_minutes.iter().map(reserved).collect(),
        }
    }

    /// The cost of all reservations in yen.
    pub fn reservation_cost(&self) -> Millionths {
        self.reservations.iter().map(|line| line.cost).sum()
    }

    /// The minutes of all reservations.
    pub fn reservation_minutes(&self) -> u64 {
        self.reservations.iter().map(|line| line.minutes).sum()
    }

    /// The cost of all items in yen.
    pub fn total_cost(&self) -> Millionths {
        self.connection_cost + self.traffic_cost + self.reservation_cost()
    }
}

/// The price list's line for this bandwidth (livestreaming.ricoh/docs/price-overview).
fn per_reserved_minute(mbps: u32) -> Millionths {
    let (factor, constant) = match mbps {
        0..=20 => (67_000, 0),
        21..=150 => (368_900, -6_038_000),
        _ => (190_300, 20_752_000),
    };
    Millionths::from(mbps) * factor + constant
}
