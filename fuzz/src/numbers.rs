//! Numbers, beside integers of any size: exact to 18 digits behind the point, then rounded half to even, or refused.

use metertap::values::quantity::{Quantity, check_integer};
use num_bigint::{BigInt, BigUint};

use crate::timing::timed;

/// The bytes are a number's text.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = timed(data.len(), || Quantity::parse(text));
    let wanted = wanted(text);
    match (&found, &wanted) {
        (Err(problem), None) => assert!(!problem.message.is_empty() && problem.message.len() < 400, "{problem}"),
        (Ok(quantity), Some((scaled, rounded))) => {
            assert_eq!(
                (&BigInt::from(quantity.scaled), quantity.rounded),
                (scaled, *rounded),
                "{text:?}"
            );
            let again = Quantity::parse(&quantity.to_string());
            assert_eq!(
                again,
                Ok(Quantity {
                    rounded: false,
                    ..*quantity
                }),
                "{text:?}"
            );
        }
        _ => panic!("{text:?} is {found:?}, not {wanted:?}"),
    }
    integer(text);
}

/// What a number should become, by way of a fraction of integers: the number times 10^18, and whether it was rounded.
fn wanted(text: &str) -> Option<(BigInt, bool)> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (mantissa, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || !is_digits(power.strip_prefix(['+', '-']).unwrap_or(power)) {
        return None;
    }
    let digits: BigUint = format!("{whole}{fraction}").parse().ok()?;
    if digits == BigUint::ZERO {
        return Some((BigInt::ZERO, false));
    }
    // Powers beyond these make the number too large or nearly nothing, whatever its digits are.
    let bound = i64::try_from(text.len()).ok()? + 100;
    let power: BigInt = power.parse().ok()?;
    let power = i64::try_from(power.clamp(BigInt::from(-bound), BigInt::from(bound))).ok()?;
    let places = power - i64::try_from(fraction.len()).ok()? + 18;
    let ten = |places: i64| BigUint::from(10_u8).pow(u32::try_from(places).unwrap_or(0));
    let (mut scaled, rest, divisor) = if places >= 0 {
        (digits * ten(places), BigUint::ZERO, BigUint::from(1_u8))
    } else {
        let divisor = ten(-places);
        (&digits / &divisor, &digits % &divisor, divisor)
    };
    let twice = &rest * 2_u8;
    if twice > divisor || (twice == divisor && scaled.bit(0)) {
        scaled += 1_u8;
    }
    let fits = scaled < BigUint::from(10_u8).pow(38);
    fits.then(|| (BigInt::from(scaled) * sign, rest != BigUint::ZERO))
}

/// A whole number is one of 64 bits, with sign or without.
fn integer(text: &str) {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| text.parse::<BigInt>().expect("digits"));
    let fits = number.is_some_and(|number| BigInt::from(i64::MIN) <= number && number <= BigInt::from(u64::MAX));
    assert_eq!(check_integer(text).is_ok(), fits, "{text:?}");
}
