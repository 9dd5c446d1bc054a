//! Exact numbers: what stood on the wire, never through a float.

use super::error::{Error, Kind, Result};
use super::text::digits;

/// Digits behind the point that a [`Quantity`] keeps: those of Arrow's `decimal128(38, 18)`.
pub const SCALE: usize = 18;
/// The smallest integer of 10^-18 that does not fit 38 digits any more.
const LIMIT: i128 = 10_i128.pow(38);
/// One, in units of 10^-18.
pub const ONE: u64 = 10_u64.pow(18);
/// The powers of ten up to that.
#[allow(clippy::indexing_slicing)] // out of bounds, it would not compile
const POWERS: [u64; SCALE + 1] = {
    let mut powers = [1; SCALE + 1];
    let mut place = 1;
    while place <= SCALE {
        powers[place] = powers[place - 1] * 10;
        place += 1;
    }
    powers
};

/// A number as `decimal128(38, 18)`: exact, unless it says that it was rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    /// The number times 10^18.
    pub scaled: i128,
    /// True if digits behind the 18th were rounded away (half to even).
    pub rounded: bool,
}

impl Quantity {
    /// Reads a JSON number's text.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(quantity) = Self::plain(text.as_bytes()) {
            return Ok(quantity);
        }
        let digits = Digits::of(text).ok_or_else(|| unreadable(text))?;
        digits.to_scale().ok_or_else(|| {
            Error::new(
                Kind::UnexpectedResponse,
                format!(
                    "the number {} has more than 20 digits before the point",
                    super::text::head(text, 60)
                ),
            )
        })
    }

    /// A number as nearly all are written: up to 18 digits before the point, up to 18 behind it, and no exponent.
    /// Below, each digit costs a multiplication of 128 bits.
    fn plain(text: &[u8]) -> Option<Self> {
        let (negative, unsigned) = text
            .strip_prefix(b"-")
            .map_or((false, text), |unsigned| (true, unsigned));
        let point = unsigned.iter().position(|byte| *byte == b'.');
        let (whole, fraction) = match point {
            Some(point) => (
                unsigned.get(..point)?,
                unsigned.get(point + 1..).filter(|part| !part.is_empty())?,
            ),
            None => (unsigned, &b""[..]),
        };
        if whole.is_empty() {
            return None;
        }
        let power = POWERS.get(SCALE.checked_sub(fraction.len())?)?;
        let scaled = i128::from(digits(whole)?) * i128::from(ONE) + i128::from(digits(fraction)? * power);
        Some(Self {
            scaled: if negative { -scaled } else { scaled },
            rounded: false,
        })
    }

    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self {
            scaled: i128::from(number) * i128::from(ONE),
            rounded: false,
        }
    }
}

/// The shortest text of the number: no zeros at its end, no exponent.
impl std::fmt::Display for Quantity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.scaled.unsigned_abs();
        let one = u128::from(ONE);
        let sign = if self.scaled < 0 { "-" } else { "" };
        let fraction = format!("{:018}", digits % one);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(out, "{sign}{}{point}{fraction}", digits / one)
    }
}

/// Checks that a JSON number's text is a whole number of 64 bits, written as one.
pub fn check_integer(text: &str) -> Result<()> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if digits(unsigned.as_bytes()).is_some() && !unsigned.is_empty()
        || text.parse::<i64>().is_ok()
        || text.parse::<u64>().is_ok()
    {
        return Ok(());
    }
    let problem = if text.contains(['.', 'e', 'E']) {
        "is not a whole number"
    } else {
        "does not fit 64 bits"
    };
    Err(Error::new(
        Kind::UnexpectedResponse,
        format!("{} {problem}", super::text::head(text, 60)),
    ))
}

/// Checks that a JSON number's text is a count: a whole number of 64 bits that is not negative. No page of any service
/// tells of counts below zero, so one that comes is not taken for a number.
pub fn check_count(text: &str) -> Result<()> {
    check_integer(text)?;
    if text.starts_with('-') && text.contains(|digit: char| ('1'..='9').contains(&digit)) {
        return Err(Error::new(
            Kind::UnexpectedResponse,
            format!("{} is negative, while it counts something", super::text::head(text, 60)),
        ));
    }
    Ok(())
}

fn unreadable(text: &str) -> Error {
    Error::new(
        Kind::UnexpectedResponse,
        format!("{:?} is not a JSON number", super::text::head(text, 60)),
    )
}

/// A number's text taken apart.
struct Digits<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Digits<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            // An exponent too long for 64 bits is as good as the largest one.
            Some((mantissa, power)) => (mantissa, exponent_of(power)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let sound = !whole.is_empty() && all_digits(whole) && all_digits(fraction) && !mantissa.ends_with('.');
        sound.then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// The number times 10^18, rounded half to even; nothing if it does not fit.
    fn to_scale(&self) -> Option<Quantity> {
        let digits = || {
            self.whole
                .bytes()
                .chain(self.fraction.bytes())
                .map(|byte| i128::from(byte - b'0'))
        };
        // The place of the first digit, counted in powers of ten above 10^-18.
        let top = i64::try_from(self.whole.len() + SCALE)
            .ok()?
            .saturating_add(self.exponent);
        let mut scaled: i128 = 0;
        let mut rest = Rest::Nothing;
        for (index, digit) in digits().enumerate() {
            let place = top.saturating_sub(i64::try_from(index).ok()?).saturating_sub(1);
            if place >= 0 {
                if digit != 0 && place >= 38 {
                    return None;
                }
                if digit != 0 {
                    scaled += digit * 10_i128.checked_pow(u32::try_from(place).ok()?)?;
                }
            } else {
                rest = rest.then(place == -1, digit);
            }
        }
        if rest.rounds_up(scaled) {
            scaled += 1;
        }
        (scaled < LIMIT).then(|| Quantity {
            scaled: if self.negative { -scaled } else { scaled },
            rounded: rest != Rest::Nothing,
        })
    }
}

fn exponent_of(power: &str) -> Option<i64> {
    let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX);
    Some(if power.starts_with('-') { -size } else { size })
}

/// What is left behind the last kept digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    LessThanHalf,
    Half,
    MoreThanHalf,
}

impl Rest {
    fn then(self, first: bool, digit: i128) -> Self {
        match (self, first, digit) {
            (Self::Nothing, _, 0) => Self::Nothing,
            (Self::Nothing, true, 5) => Self::Half,
            (Self::Nothing, true, 6..) | (Self::Half, _, 1..) => Self::MoreThanHalf,
            (Self::Nothing, ..) => Self::LessThanHalf,
            (other, ..) => other,
        }
    }

    fn rounds_up(self, scaled: i128) -> bool {
        self == Self::MoreThanHalf || (self == Self::Half && scaled % 2 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_arrive_exactly() {
        for (text, scaled) in [
            ("0", 0),
            ("-0", 0),
            ("0.25", 250_000_000_000_000_000),
            ("0.1", 100_000_000_000_000_000),
            ("4503380.1", 4_503_380_100_000_000_000_000_000),
            ("149514.99999999997", 149_514_999_999_999_970_000_000),
            (
                "18446744073709551615",
                18_446_744_073_709_551_615_000_000_000_000_000_000,
            ),
            ("-1.5e3", -1_500_000_000_000_000_000_000),
            ("25E-2", 250_000_000_000_000_000),
            ("0e999999999999999999999", 0),
            ("1e-18", 1),
        ] {
            assert_eq!(
                Quantity::parse(text).unwrap(),
                Quantity { scaled, rounded: false },
                "{text}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_rounded_half_to_even_and_says_so() {
        for (text, scaled) in [
            ("1.5e-18", 2),
            ("2.5e-18", 2),
            ("2.500001e-18", 3),
            ("1e-19", 0),
            ("5e-19", 0),
            ("6e-19", 1),
            ("1e-999999999999999999999", 0),
        ] {
            assert_eq!(
                Quantity::parse(text).unwrap(),
                Quantity { scaled, rounded: true },
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_too_large_is_an_error() {
        for text in ["1e400", "100000000000000000000", "1e20", "-1e999999999999999999999"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
        // An exponent of more than 64 bits outweighs any number of zeros.
        let tiny = format!("0.{}1e99999999999999999999", "0".repeat(1_000_100));
        assert!(Quantity::parse(&tiny).is_err());
        assert!(Quantity::parse("99999999999999999999.999999999999999999").is_ok());
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        for text in ["", "-", "1.", ".5", "1e", "0x10", "NaN", "1,5", "१"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_is_written_as_short_as_it_can_be() {
        for text in [
            "0",
            "0.25",
            "-1500",
            "149514.99999999997",
            "18446744073709551615",
            "0.000000000000000001",
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn integers_have_64_bits_and_no_point() {
        assert!(check_integer("18446744073709551615").is_ok() && check_integer("-9223372036854775808").is_ok());
        assert!(check_integer("18446744073709551616").is_err() && check_integer("1.0").is_err());
    }
}
