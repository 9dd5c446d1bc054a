//! Several accounts of one service: the words of an account's credentials are those of the first, with its number
//! behind them.

/// How many accounts each service knows.
pub const MOST: u32 = 99;

/// The word of the account of this number, counted from 1, given that of the first.
pub fn word(of_first: &str, account: u32) -> String {
    if account <= 1 {
        of_first.to_owned()
    } else {
        format!("{of_first}-{account}")
    }
}

/// The number of the account whose word this is; none if it is no account's.
pub fn number(of_first: &str, word: &str) -> Option<u32> {
    let rest = word.strip_prefix(of_first)?;
    if rest.is_empty() {
        return Some(1);
    }
    let digits = rest.strip_prefix('-')?;
    let account = digits.parse().ok()?;
    ((2..=MOST).contains(&account) && digits == account.to_string()).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_tells_its_account() {
        for account in [1, 2, 10, MOST] {
            assert_eq!(number("key", &word("key", account)), Some(account));
        }
        for word in [
            "", "ke", "keys", "key-", "key-0", "key-1", "key-02", "key-100", "key-+2", "key-2-2", "other-2",
        ] {
            assert_eq!(number("key", word), None, "{word:?}");
        }
    }
}
