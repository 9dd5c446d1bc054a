//! The prebuilt bodies, and which of them a request gets.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use crate::Outcome;

/// All bodies, by set and key.
pub struct Site {
    sets: HashMap<String, HashMap<String, Vec<Bytes>>>,
    count: Cell<u64>,
}

/// What a request gets.
pub struct Answer {
    pub delay: Duration,
    /// A packet is answered under the id that it came with.
    pub id: Option<Vec<u8>>,
    /// Nothing if there is no such body.
    pub body: Option<Bytes>,
}

impl Answer {
    /// The body as it is sent.
    pub fn whole(&self) -> Option<Bytes> {
        let body = self.body.as_ref()?;
        let Some(id) = &self.id else {
            return Some(body.clone());
        };
        Some([b"{\"", &id[..], b"\":", &body[..], b"}"].concat().into())
    }
}

impl Site {
    /// Reads the folder.
    pub fn load(folder: &Path) -> Outcome<Self> {
        let mut sets = HashMap::new();
        for set in std::fs::read_dir(folder)? {
            let set = set?;
            let mut files: Vec<_> = std::fs::read_dir(set.path())?.collect::<Result<_, _>>()?;
            // By number, since the number decides who gets it.
            files.sort_by_key(|file| (file.file_name().len(), file.file_name()));
            let mut keys: HashMap<String, Vec<Bytes>> = HashMap::new();
            for file in files {
                let name = file.file_name().into_string().map_err(|_| "a name that is no text")?;
                let key = name.strip_suffix(".json").and_then(|name| name.rsplit_once('.'));
                let (key, _) = key.ok_or_else(|| format!("{name} is not KEY.NUMBER.json"))?;
                keys.entry(key.to_owned())
                    .or_default()
                    .push(std::fs::read(file.path())?.into());
            }
            sets.insert(
                set.file_name().into_string().map_err(|_| "a name that is no text")?,
                keys,
            );
        }
        Ok(Self {
            sets,
            count: Cell::new(0),
        })
    }

    /// How many requests were answered.
    pub fn count(&self) -> u64 {
        self.count.get()
    }

    /// What this request gets.
    pub fn answer(&self, target: &str, sent: &[u8]) -> Answer {
        if target == "/count" {
            let body = Some(self.count().to_string().into());
            return Answer {
                delay: Duration::ZERO,
                id: None,
                body,
            };
        }
        self.count.set(self.count() + 1);
        let mut parts = target.splitn(4, '/').skip(1);
        let keys = parts.next().and_then(|set| self.sets.get(set));
        let delay = parts.next().and_then(|text| text.parse().ok()).unwrap_or(0);
        let rest = parts.next().unwrap_or_default();
        let (id, key) = asked(rest, sent);
        let bodies = keys.and_then(|keys| keys.get(key));
        let place = sum(rest.as_bytes()).wrapping_add(sum(sent));
        let body = bodies.map(|bodies| bodies[place % bodies.len()].clone());
        Answer {
            delay: Duration::from_millis(delay),
            id,
            body,
        }
    }
}

/// The key, and the id of a packet's command.
fn asked<'a>(target: &'a str, sent: &'a [u8]) -> (Option<Vec<u8>>, &'a str) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if let Some(action) = query.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        return (None, action);
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    if last != "api" {
        return (None, last);
    }
    let sent = std::str::from_utf8(sent).unwrap_or_default();
    let Some((before, after)) = sent.split_once("\"command\"") else {
        return (None, last);
    };
    // Strings by turns with what is between them: the id is the last one before, the command the first one after.
    let id = before.rsplit('"').nth(1).unwrap_or_default();
    let command = after.split('"').nth(1).unwrap_or_default();
    (Some(id.as_bytes().to_vec()), command)
}

/// The same for clients that differ only in blanks and in the order of keys.
fn sum(text: &[u8]) -> usize {
    text.iter()
        .filter(|byte| **byte > b' ')
        .map(|byte| usize::from(*byte))
        .sum()
}
