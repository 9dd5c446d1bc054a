//! Where everything is in a JSON text: written for these tests, so that they do not ask the parser under test.

use std::ops::Range;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Object,
    Array,
    Number,
    Text,
    Word,
}

/// A value in a JSON text.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its JSON pointer.
    pub pointer: String,
    pub what: What,
    /// Its bytes.
    pub span: Range<usize>,
    /// Its bytes with its key, where it is a member or an item.
    pub slot: Option<Range<usize>>,
    /// True for a member of an object.
    pub has_key: bool,
}

impl Place {
    pub fn is_leaf(&self) -> bool {
        !matches!(self.what, What::Object | What::Array)
    }

    /// True for what lies at or below the pointer.
    pub fn is_below(&self, pointer: &str) -> bool {
        let rest = self.pointer.strip_prefix(pointer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// All values of a JSON text, outer ones before inner ones; the text must be JSON.
pub fn places(text: &[u8]) -> Vec<Place> {
    let mut scanner = Scanner {
        text,
        at: if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 },
        found: Vec::new(),
    };
    scanner.value("", None, false);
    scanner.found
}

/// The numbers at or below a pointer, as they are written.
pub fn numbers(text: &[u8], pointer: &str) -> Vec<String> {
    let all = places(text).into_iter();
    let numbers = all.filter(|place| place.what == What::Number && place.is_below(pointer));
    numbers
        .map(|place| String::from_utf8(text[place.span].to_vec()).unwrap())
        .collect()
}

/// The text with this range of bytes replaced.
pub fn with(text: &[u8], range: &Range<usize>, by: &[u8]) -> Vec<u8> {
    [&text[..range.start], by, &text[range.end..]].concat()
}

/// The text without a member or an item, and without the comma that parted it from its neighbour.
pub fn without(text: &[u8], slot: &Range<usize>) -> Vec<u8> {
    let after = slot.end
        + text[slot.end..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
    if text[after] == b',' {
        return with(text, &(slot.start..after + 1), b"");
    }
    let before = text[..slot.start].iter().rposition(|byte| !byte.is_ascii_whitespace());
    let start = before.filter(|before| text[*before] == b',').unwrap_or(slot.start);
    with(text, &(start..slot.end), b"")
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    found: Vec<Place>,
}

impl Scanner<'_> {
    fn value(&mut self, pointer: &str, slot: Option<usize>, has_key: bool) {
        self.space();
        let (start, index) = (self.at, self.found.len());
        let what = match self.text[self.at] {
            b'{' => What::Object,
            b'[' => What::Array,
            b'"' => What::Text,
            b't' | b'f' | b'n' => What::Word,
            _ => What::Number,
        };
        self.found.push(Place {
            pointer: pointer.to_owned(),
            what,
            span: 0..0,
            slot: None,
            has_key,
        });
        match what {
            What::Object => self.members(pointer),
            What::Array => self.items(pointer),
            What::Text => self.text(),
            What::Word | What::Number => {
                let ends = |byte: &u8| b",]} \t\r\n".contains(byte);
                let length = self.text[start..].iter().position(ends);
                self.at = length.map_or(self.text.len(), |length| start + length);
            }
        }
        let place = &mut self.found[index];
        place.span = start..self.at;
        place.slot = slot.map(|slot| slot..self.at);
        self.space();
    }

    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn text(&mut self) {
        self.at += 1;
        while self.text[self.at] != b'"' {
            self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
    }

    fn members(&mut self, pointer: &str) {
        self.at += 1;
        self.space();
        while self.text[self.at] != b'}' {
            let slot = self.at;
            self.text();
            let key: String = serde_json::from_slice(&self.text[slot..self.at]).unwrap();
            self.space();
            self.at += 1;
            let key = key.replace('~', "~0").replace('/', "~1");
            self.value(&format!("{pointer}/{key}"), Some(slot), true);
            self.comma();
        }
        self.at += 1;
    }

    fn items(&mut self, pointer: &str) {
        self.at += 1;
        self.space();
        let mut index = 0;
        while self.text[self.at] != b']' {
            self.value(&format!("{pointer}/{index}"), Some(self.at), false);
            self.comma();
            index += 1;
        }
        self.at += 1;
    }

    fn comma(&mut self) {
        if self.text[self.at] == b',' {
            self.at += 1;
        }
        self.space();
    }
}

#[test]
fn every_value_has_its_place() {
    let text = br#" {"a~/\"": [1, {"b":-2.50e3 , "c":"x]\\"}, [] ], "d":null}"#;
    let shown: Vec<String> = places(text)
        .into_iter()
        .map(|place| format!("{} {}", place.pointer, String::from_utf8_lossy(&text[place.span])))
        .collect();
    assert_eq!(shown[1], r#"/a~0~1" [1, {"b":-2.50e3 , "c":"x]\\"}, [] ]"#);
    assert_eq!(shown[4], r#"/a~0~1"/1/b -2.50e3"#);
    assert_eq!(shown[5], r#"/a~0~1"/1/c "x]\\""#);
    assert_eq!(shown[7], "/d null");
    assert_eq!(numbers(text, "/a~0~1\"/1"), ["-2.50e3"]);
}

#[test]
fn what_is_taken_out_takes_one_comma_with_it() {
    let text = br#"{"a": 1, "b":[1 ,2],"c":{}}"#;
    let all = places(text);
    let without = |index: usize| String::from_utf8(without(text, all[index].slot.as_ref().unwrap())).unwrap();
    assert_eq!(without(1), r#"{ "b":[1 ,2],"c":{}}"#);
    assert_eq!(without(2), r#"{"a": 1, "c":{}}"#);
    assert_eq!(without(4), r#"{"a": 1, "b":[1 ],"c":{}}"#);
    assert_eq!(without(5), r#"{"a": 1, "b":[1 ,2]}"#);
}
