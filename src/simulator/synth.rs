//! Made-up usage as a pure function of the seed: the same question always has the same answer.
//!
//! A service asks for a draw by naming it (its own name, the meter, the labels) and the bucket (an hour or a day number).
//! Nothing is stored, so any range can be answered, in any order, and the parts always add up to the whole.

/// A draw for this name and bucket: the same for the same arguments, and evenly spread over all 64-bit numbers.
pub fn draw(seed: u64, name: &str, bucket: i64) -> u64 {
    // FNV-1a over the name, then splitmix64 to spread it.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.rotate_left(17);
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    spread(hash ^ spread(bucket.cast_unsigned()))
}

/// A draw from `low..=high`.
pub fn between(seed: u64, name: &str, bucket: i64, low: u64, high: u64) -> u64 {
    let span = high.saturating_sub(low).saturating_add(1).max(1);
    low + draw(seed, name, bucket) % span
}

/// How busy an hour (of the Unix epoch, UTC) is, in 0..=100: quiet nights and weekends, busy working days.
pub fn business(hour: i64) -> u64 {
    const BY_HOUR: [u64; 24] = [
        8, 5, 3, 2, 2, 4, 10, 25, 55, 80, 95, 100, 85, 90, 100, 95, 85, 70, 50, 38, 30, 24, 18, 12,
    ];
    let of_day = usize::try_from(hour.rem_euclid(24)).unwrap_or(0);
    let weekday = (hour.div_euclid(24) + 4).rem_euclid(7); // 1970-01-01 was a Thursday; Sunday is 0
    let busy = BY_HOUR.get(of_day).copied().unwrap_or(0);
    if weekday == 0 || weekday == 6 { busy / 4 } else { busy }
}

fn spread(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_has_the_same_answer() {
        assert_eq!(draw(7, "sora.ingress", 42), draw(7, "sora.ingress", 42));
        assert_ne!(draw(7, "sora.ingress", 42), draw(8, "sora.ingress", 42));
        assert_ne!(draw(7, "sora.ingress", 42), draw(7, "sora.egress", 42));
        assert_ne!(draw(7, "sora.ingress", 42), draw(7, "sora.ingress", 43));
    }

    #[test]
    fn a_weekend_is_quieter_than_a_working_day() {
        let saturday_noon = 2 * 24 + 12;
        let monday_noon = 4 * 24 + 12;
        assert!(business(saturday_noon) < business(monday_noon));
    }
}
