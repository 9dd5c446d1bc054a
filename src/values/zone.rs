//! Time zones as what they are: a name of the tz database, or the offsets that a zone of another kind has.

use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::text::head;

/// A time zone that can be written down.
#[derive(Debug, Clone)]
pub struct Zone {
    told: Told,
    zone: TimeZone,
}

/// How a zone is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Told {
    /// By its name in the tz database.
    Name(String),
    /// By its offsets in seconds, each with the second from which on it holds; the first holds before, too.
    Offsets(Vec<(i64, i32)>),
}

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Self {
            told: Told::Name("UTC".to_owned()),
            zone: TimeZone::UTC,
        }
    }

    /// The zone that is told so.
    pub fn new(told: Told) -> Result<Self> {
        let zone = match &told {
            Told::Name(name) => TimeZone::get(name).map_err(|_| {
                let shown = head(name, 60);
                Error::invalid(format!(
                    "there is no time zone {shown:?}; write for example \"Asia/Tokyo\""
                ))
            })?,
            Told::Offsets(offsets) => of_offsets(offsets).ok_or_else(|| {
                Error::invalid("the time zone's offsets are no offsets of less than a day, in time's order")
            })?,
        };
        Ok(Self { told, zone })
    }

    /// The zone, for calculations.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// How it is told.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// True if it is UTC.
    pub fn is_utc(&self) -> bool {
        matches!(&self.told, Told::Name(name) if name == "UTC")
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.told == other.told
    }
}

fn of_offsets(offsets: &[(i64, i32)]) -> Option<TimeZone> {
    let sound = |(_, offset): &(i64, i32)| offset.abs() < 86_400 && Offset::from_seconds(*offset).is_ok();
    if !offsets.iter().all(sound) || !offsets.is_sorted_by(|one, next| one.0 < next.0) {
        return None;
    }
    match offsets {
        [] => None,
        [(_, offset)] => Some(TimeZone::fixed(Offset::from_seconds(*offset).ok()?)),
        _ => TimeZone::tzif("of its own", &tzif(offsets)?).ok(),
    }
}

/// The offsets in the format of the tz database (RFC 9636), which is how calendars of any zone can be calculated.
fn tzif(offsets: &[(i64, i32)]) -> Option<Vec<u8>> {
    let ((_, first), rest) = offsets.split_first()?;
    let mut kinds = vec![*first];
    let mut places = Vec::with_capacity(rest.len());
    for (_, offset) in rest {
        let place = kinds.iter().position(|known| known == offset).unwrap_or_else(|| {
            kinds.push(*offset);
            kinds.len() - 1
        });
        places.push(u8::try_from(place).ok()?);
    }
    let header = |times: usize, types: usize| {
        let mut header = b"TZif2".to_vec();
        header.extend([0; 15]);
        for count in [0, 0, 0, times, types, 4] {
            header.extend(u32::try_from(count).ok()?.to_be_bytes());
        }
        Some(header)
    };
    let kind = |offset: i32| [&offset.to_be_bytes()[..], &[0, 0]].concat();
    // The first block is for readers of 32 bits; ours skips it.
    let mut bytes = [
        header(0, 1)?,
        kind(*first),
        b"ZON\0".to_vec(),
        header(rest.len(), kinds.len())?,
    ]
    .concat();
    bytes.extend(rest.iter().flat_map(|(second, _)| second.to_be_bytes()));
    bytes.extend(places);
    bytes.extend(kinds.into_iter().flat_map(kind));
    bytes.extend(b"ZON\0\n\n");
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn offsets(told: &[(i64, i32)]) -> Result<Zone> {
        Zone::new(Told::Offsets(told.to_vec()))
    }

    #[test]
    fn a_zone_of_offsets_has_each_from_its_second_on() {
        let zone = offsets(&[(0, 3600), (1_000_000, 7200), (2_000_000, -19_800)]).unwrap();
        for (second, offset) in [
            (-5, 3600),
            (999_999, 3600),
            (1_000_000, 7200),
            (1_999_999, 7200),
            (2_000_000, -19_800),
            (4_000_000_000, -19_800),
        ] {
            let at = Timestamp::from_second(second).unwrap();
            assert_eq!(zone.time_zone().to_offset(at).seconds(), offset, "{second}");
        }
        let fixed = offsets(&[(0, 36_000)]).unwrap();
        assert_eq!(fixed.time_zone().to_offset(Timestamp::UNIX_EPOCH).seconds(), 36_000);
    }

    #[test]
    fn a_zone_that_is_none_is_refused() {
        for told in [&[][..], &[(0, 86_400)], &[(5, 0), (5, 3600)], &[(5, 0), (4, 3600)]] {
            assert!(offsets(told).is_err(), "{told:?}");
        }
        let error = Zone::new(Told::Name("Asia/Tokio".to_owned())).unwrap_err();
        assert_eq!(
            error.message,
            "there is no time zone \"Asia/Tokio\"; write for example \"Asia/Tokyo\""
        );
    }

    #[test]
    fn a_zone_is_written_down_and_read_again() {
        for told in ["\"Asia/Tokyo\"", "[[0,36000]]", "[[0,3600],[5,7200]]"] {
            let read: Told = serde_json::from_str(told).unwrap();
            let zone = Zone::new(read).unwrap();
            assert_eq!(serde_json::to_string(zone.told()).unwrap(), told);
        }
        assert!(Zone::utc().is_utc() && !offsets(&[(0, 0)]).unwrap().is_utc());
    }
}
