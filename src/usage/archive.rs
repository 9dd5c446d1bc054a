//! The archive: a folder that keeps each answer, so that the same usage can be rebuilt offline.
//!
//! `manifest.json` says what it is and holds the plan. `<call id>.gz` holds one call: a line of JSON (its evidence, and
//! of the answer's headers those that reading needs, or the error), then the body. Nothing of a request is kept, and
//! so no secret. Every file is written beside its place and then moved there: a killed run leaves whole files only.
//! `lock` is empty, and locked by the run that writes.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::evidence::{self, Evidence};
use crate::service::{REQUEST_IDS, Reply};
use crate::values::error::{Error, Kind, Result};

/// The version of the format; another one is refused.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const LOCK: &str = "lock";
/// The longest first line of a file that is still believed to be one of ours.
const HEAD_LIMIT: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    metertap: String,
    plan: serde_json::Value,
    /// The ids of the calls that are kept; nothing if the run was killed before its end.
    calls: Option<Vec<String>>,
}

/// What stands before the body.
#[derive(Serialize, Deserialize)]
struct Head {
    call_id: String,
    asked_at: Timestamp,
    answered_at: Option<Timestamp>,
    http_status: Option<u16>,
    request_id: Option<String>,
    attempts: u32,
    elapsed: Duration,
    bytes: Option<usize>,
    sha256: Option<String>,
    headers: Vec<(String, String)>,
    error: Option<Failure>,
}

/// An error, as far as it is worth keeping.
#[derive(Serialize, Deserialize)]
pub(super) struct Failure {
    class: String,
    message: String,
    provider: String,
    operation: String,
    provider_code: Option<String>,
}

/// The right to write into a folder. It ends with this value, or with the process, however that ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// The right to write into this folder, which is made if need be; nothing while somebody else has it.
    pub fn take(folder: &Path) -> Result<Option<Self>> {
        fs::create_dir_all(folder).map_err(|problem| unwritable(folder, &problem))?;
        let path = folder.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|problem| unwritable(&path, &problem))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            // Some file systems know no locks; an archive there is as good as its user is careful.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Self { _file: file })),
        }
    }
}

/// An archive that is being written.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    plan: serde_json::Value,
    calls: BTreeSet<String>,
}

impl Writer {
    /// A new archive in this folder, which must not hold one yet; `plan` is the plan as JSON.
    pub fn create(folder: &Path, plan: &str) -> Result<Self> {
        if Reader::is_there(folder) {
            let folder = folder.display();
            return Err(Error::invalid(format!(
                "{folder} holds an archive already; name another folder"
            )));
        }
        fs::create_dir_all(folder).map_err(|problem| unwritable(folder, &problem))?;
        Self::begin(folder, plan, BTreeSet::new())
    }

    /// Goes on with an archive that holds these calls.
    pub fn resume(reader: &Reader, calls: impl IntoIterator<Item = String>) -> Result<Self> {
        Self::begin(&reader.folder, &reader.plan, calls.into_iter().collect())
    }

    fn begin(folder: &Path, plan: &str, calls: BTreeSet<String>) -> Result<Self> {
        let plan = serde_json::from_str(plan)
            .map_err(|problem| Error::new(Kind::Internal, format!("the plan is not JSON: {problem}")))?;
        let writer = Self {
            folder: folder.to_owned(),
            plan,
            calls,
        };
        writer.write_manifest(None)?;
        Ok(writer)
    }

    /// Keeps an answer, or the error of a call without one.
    pub fn keep(
        &mut self,
        call_id: &str,
        evidence: &Evidence,
        result: std::result::Result<&Reply, &Error>,
    ) -> Result<()> {
        let file = self.folder.join(file_name(call_id)?);
        let head = Head {
            call_id: call_id.to_owned(),
            asked_at: evidence.asked_at,
            answered_at: evidence.answered_at,
            http_status: result.map_or(evidence.http_status, |reply| Some(reply.status)),
            request_id: evidence.request_id.clone(),
            attempts: evidence.attempts,
            elapsed: evidence.elapsed,
            bytes: result.ok().map(|reply| reply.body.len()),
            sha256: result.ok().map(|reply| evidence::digest(&reply.body)),
            headers: result.map(kept_headers).unwrap_or_default(),
            error: result.err().map(Failure::of),
        };
        let head = serde_json::to_vec(&head).map_err(|problem| Error::new(Kind::Internal, problem.to_string()))?;
        let body = result.map(|reply| &*reply.body).unwrap_or_default();
        let pack = || {
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            packed.write_all(&head)?;
            packed.write_all(b"\n")?;
            packed.write_all(body)?;
            packed.finish()
        };
        let packed = pack().map_err(|problem| unwritable(&file, &problem))?;
        write_whole(&file, &packed)?;
        self.calls.insert(call_id.to_owned());
        Ok(())
    }

    /// Notes in the manifest what must be there, so that a lost file is noticed.
    pub fn finish(self) -> Result<()> {
        self.write_manifest(Some(self.calls.iter().cloned().collect()))
    }

    fn write_manifest(&self, calls: Option<Vec<String>>) -> Result<()> {
        let manifest = Manifest {
            format: FORMAT,
            metertap: env!("CARGO_PKG_VERSION").to_owned(),
            plan: self.plan.clone(),
            calls,
        };
        let text = serde_json::to_vec_pretty(&manifest);
        let text = text.map_err(|problem| Error::new(Kind::Internal, problem.to_string()))?;
        write_whole(&self.folder.join(MANIFEST), &text)
    }
}

/// One call of an archive.
#[derive(Debug)]
pub struct Kept {
    /// The call's id.
    pub call_id: String,
    /// Its course, as it was then.
    pub evidence: Evidence,
    /// The answer, or the error of a call without one.
    pub result: Result<Reply>,
}

/// An archive that is being read.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    /// The plan as JSON.
    pub plan: String,
    /// The version of metertap that wrote it.
    pub version: String,
    /// The ids of the calls that it keeps.
    pub calls: Vec<String>,
    /// True if the run that wrote it came to its end.
    pub is_finished: bool,
}

impl Reader {
    /// True if this folder holds an archive, whether or not it can be read.
    pub fn is_there(folder: &Path) -> bool {
        folder.join(MANIFEST).exists()
    }

    /// Opens the archive in this folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let file = folder.join(MANIFEST);
        let text = fs::read(&file).map_err(|problem| {
            let folder = folder.display();
            Error::invalid(format!(
                "{folder} is no archive: its {MANIFEST} cannot be read ({problem})"
            ))
        })?;
        let manifest: serde_json::Value = serde_json::from_slice(&text).map_err(|problem| damaged(&file, problem))?;
        // The format comes first: another one may have other fields.
        if manifest.get("format") != Some(&FORMAT.into()) {
            let text = "was written in another format; replay it with the version of metertap that wrote it";
            return Err(Error::invalid(format!("{} {text}", file.display())));
        }
        let manifest: Manifest = serde_json::from_value(manifest).map_err(|problem| damaged(&file, problem))?;
        let is_finished = manifest.calls.is_some();
        let calls = match manifest.calls {
            Some(calls) => calls,
            None => found(folder)?,
        };
        Ok(Self {
            folder: folder.to_owned(),
            plan: manifest.plan.to_string(),
            version: manifest.metertap,
            calls,
            is_finished,
        })
    }

    /// True if the file of this call is there.
    pub fn holds(&self, call_id: &str) -> Result<bool> {
        Ok(self.folder.join(file_name(call_id)?).exists())
    }

    /// Reads one call, and checks it against its digest.
    pub fn read(&self, call_id: &str) -> Result<Kept> {
        let file = self.folder.join(file_name(call_id)?);
        let packed = fs::read(&file).map_err(|problem| {
            Error::invalid(format!(
                "{} cannot be read ({problem}); the archive is damaged",
                file.display()
            ))
        })?;
        let (head, body) = unpack(&packed).map_err(|problem| damaged(&file, problem))?;
        check(&head, &body, call_id).map_err(|problem| damaged(&file, problem))?;
        Ok(head.into_kept(body))
    }

    /// Reads one call after the other.
    pub fn replay(&self) -> impl Iterator<Item = Result<Kept>> {
        self.calls.iter().map(|call_id| self.read(call_id))
    }
}

impl Head {
    fn into_kept(self, body: Vec<u8>) -> Kept {
        let result = match self.error {
            Some(failure) => {
                Err(failure.into_error(self.http_status, self.request_id.clone(), self.attempts, self.elapsed))
            }
            None => Ok(Reply {
                status: self.http_status.unwrap_or_default(),
                headers: self.headers,
                body,
            }),
        };
        Kept {
            call_id: self.call_id,
            evidence: Evidence {
                asked_at: self.asked_at,
                answered_at: self.answered_at,
                http_status: self.http_status,
                request_id: self.request_id,
                sha256: self.sha256,
                bytes: self.bytes,
                attempts: self.attempts,
                elapsed: self.elapsed,
            },
            result,
        }
    }
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        Self {
            class: format!("{:?}", error.kind),
            message: error.message.clone(),
            provider: error.provider.to_owned(),
            operation: error.operation.clone(),
            provider_code: error.provider_code.clone(),
        }
    }

    pub(super) fn into_error(
        self,
        status: Option<u16>,
        request_id: Option<String>,
        attempts: u32,
        elapsed: Duration,
    ) -> Error {
        let kind = Kind::ALL.into_iter().find(|kind| format!("{kind:?}") == self.class);
        let mut error = Error::new(kind.unwrap_or(Kind::Internal), self.message);
        error.provider = crate::providers::provider(&self.provider).map_or("", |provider| provider.facts().name);
        error.operation = self.operation;
        error.provider_code = self.provider_code;
        error.http_status = status;
        error.request_id = request_id;
        error.attempts = attempts;
        error.elapsed = elapsed;
        error
    }
}

/// The headers that reading an answer needs. What is not listed is not kept: cookies above all.
fn kept_headers(reply: &Reply) -> Vec<(String, String)> {
    let is_kept = |name: &str| matches!(name, "date" | "age" | "content-type") || REQUEST_IDS.contains(&name);
    reply
        .headers
        .iter()
        .filter(|(name, _)| is_kept(name))
        .cloned()
        .collect()
}

/// The file of a call. Ids are short and plain; a manifest that was tampered with must not reach other folders.
fn file_name(call_id: &str) -> Result<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if call_id.is_empty() || call_id.len() > 200 || call_id.starts_with('.') || !call_id.bytes().all(is_plain) {
        let shown = crate::values::text::head(call_id, 60);
        return Err(Error::invalid(format!(
            "{shown:?} cannot be the id of an archived call"
        )));
    }
    Ok(format!("{call_id}.gz"))
}

/// The ids of the calls whose files lie in this folder, in order.
fn found(folder: &Path) -> Result<Vec<String>> {
    let unreadable = |problem| Error::invalid(format!("{} cannot be read ({problem})", folder.display()));
    let mut calls = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        calls.extend(
            name.to_str()
                .and_then(|name| name.strip_suffix(".gz"))
                .map(str::to_owned),
        );
    }
    calls.sort_unstable();
    Ok(calls)
}

fn unpack(packed: &[u8]) -> std::result::Result<(Head, Vec<u8>), String> {
    let mut stream = std::io::BufReader::new(GzDecoder::new(packed));
    let mut line = Vec::new();
    std::io::BufRead::read_until(&mut (&mut stream).take(HEAD_LIMIT), b'\n', &mut line)
        .map_err(|problem| problem.to_string())?;
    let head: Head = serde_json::from_slice(&line).map_err(|problem| problem.to_string())?;
    let length = head.bytes.filter(|_| head.error.is_none()).unwrap_or(0);
    let mut body = Vec::new();
    // One byte more than there should be shows a body that is too long, and no bomb unpacks further.
    let most = u64::try_from(length).unwrap_or(u64::MAX).saturating_add(1);
    stream
        .take(most)
        .read_to_end(&mut body)
        .map_err(|problem| problem.to_string())?;
    if body.len() == length {
        return Ok((head, body));
    }
    Err(format!("its body should have {length} bytes"))
}

fn check(head: &Head, body: &[u8], call_id: &str) -> std::result::Result<(), String> {
    if head.call_id != call_id {
        return Err(format!("it holds the call {:?}", head.call_id));
    }
    let digest = evidence::digest(body);
    if head.error.is_none() && head.sha256.as_ref() != Some(&digest) {
        return Err("its body does not match its SHA-256".to_owned());
    }
    Ok(())
}

fn write_whole(file: &Path, bytes: &[u8]) -> Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, file));
    written.map_err(|problem| {
        // What is half written on a full disk takes room and helps nobody.
        let _ = fs::remove_file(&beside);
        unwritable(file, &problem)
    })
}

fn unwritable(path: &Path, problem: &std::io::Error) -> Error {
    Error::invalid(format!("the archive's {} cannot be written: {problem}", path.display()))
}

fn damaged(file: &Path, problem: impl std::fmt::Display) -> Error {
    Error::invalid(format!("{} is damaged: {problem}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::fixture::{at, evidence};

    /// A folder of this test alone, gone when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("metertap-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const PLAN: &str = r#"{"calls":[{"id":"c1"}],"now":"2026-03-01T00:00:00Z"}"#;

    fn reply() -> Reply {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Reply {
            status: 200,
            headers: vec![
                header("date", "Sun, 01 Mar 2026 00:00:00 GMT"),
                header("set-cookie", "session=hush"),
                header("x-tt-logid", "2026X"),
                header("x-session-token", "hush"),
            ],
            body: b"{}".to_vec(),
        }
    }

    fn failure() -> Error {
        let mut error = Error::new(Kind::RateLimited, "too many requests").with_code("FlowLimit");
        error.provider = "volcengine";
        error.operation = "DescribeLiveTimeShiftData".to_owned();
        (error.http_status, error.attempts, error.elapsed) = (Some(429), 3, Duration::from_millis(1500));
        error
    }

    fn written(folder: &Path) -> Writer {
        let mut writer = Writer::create(folder, PLAN).unwrap();
        writer.keep("c1", &evidence(), Ok(&reply())).unwrap();
        let error = failure();
        writer
            .keep("c0", &Evidence::failed(at("2026-02-28"), &error), Err(&error))
            .unwrap();
        writer
    }

    #[test]
    fn what_was_kept_comes_back() {
        let folder = Folder::new("round-trip");
        written(&folder.0).finish().unwrap();
        let reader = Reader::open(&folder.0).unwrap();
        assert_eq!((&*reader.plan, &*reader.version), (PLAN, env!("CARGO_PKG_VERSION")));
        let kept: Vec<Kept> = reader.replay().collect::<Result<_>>().unwrap();
        assert_eq!((&*kept[0].call_id, &*kept[1].call_id), ("c0", "c1"));
        assert_eq!(kept[0].result.as_ref().unwrap_err(), &failure());
        assert_eq!(kept[0].evidence, Evidence::failed(at("2026-02-28"), &failure()));
        let answer = kept[1].result.as_ref().unwrap();
        assert_eq!(
            (answer.status, &*answer.body, answer.date()),
            (200, &b"{}"[..], Some(at("2026-03-01")))
        );
        assert_eq!(kept[1].evidence, evidence());
    }

    #[test]
    fn only_listed_headers_are_kept() {
        let folder = Folder::new("headers");
        written(&folder.0).finish().unwrap();
        let kept = Reader::open(&folder.0).unwrap().read("c1").unwrap();
        let names: Vec<String> = kept.result.unwrap().headers.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["date", "x-tt-logid"]);
        let mut text = String::new();
        let packed = fs::read(folder.0.join("c1.gz")).unwrap();
        GzDecoder::new(&*packed).read_to_string(&mut text).unwrap();
        assert!(!text.contains("hush") && text.ends_with("\n{}"));
    }

    #[test]
    fn the_archive_of_a_killed_run_holds_what_it_got() {
        let folder = Folder::new("killed");
        drop(written(&folder.0));
        fs::write(folder.0.join("c2.gz.part"), "half").unwrap();
        assert_eq!(Reader::open(&folder.0).unwrap().calls, ["c0", "c1"]);
    }

    #[test]
    fn an_archive_is_never_written_over() {
        let folder = Folder::new("twice");
        drop(written(&folder.0));
        let error = Writer::create(&folder.0, PLAN).unwrap_err();
        assert!(
            error.message.ends_with("holds an archive already; name another folder"),
            "{error}"
        );
    }

    #[test]
    fn a_call_id_never_leads_to_another_folder() {
        let folder = Folder::new("names");
        let mut writer = written(&folder.0);
        for id in ["../c1", "", ".hidden", "a/b", "a\\b", "ü"] {
            let error = writer.keep(id, &evidence(), Ok(&reply())).unwrap_err();
            assert!(
                error.message.ends_with("cannot be the id of an archived call"),
                "{error}"
            );
        }
    }

    #[test]
    fn damage_is_told_in_a_sentence_that_names_the_file() {
        type Damage = fn(&Path);
        fn spoil(folder: &Path, file: &str, change: fn(&mut Vec<u8>)) {
            let mut bytes = fs::read(folder.join(file)).unwrap();
            change(&mut bytes);
            fs::write(folder.join(file), bytes).unwrap();
        }
        /// Packs a call anew, with another body than its head says.
        fn repack(folder: &Path, body: &[u8]) {
            let packed = fs::read(folder.join("c1.gz")).unwrap();
            let mut text = Vec::new();
            GzDecoder::new(&*packed).read_to_end(&mut text).unwrap();
            text.truncate(text.len() - 2);
            let mut anew = GzEncoder::new(Vec::new(), Compression::default());
            anew.write_all(&[&text, body].concat()).unwrap();
            fs::write(folder.join("c1.gz"), anew.finish().unwrap()).unwrap();
        }
        let damages: [(&str, Damage, &str, &str); 11] = [
            (
                "no manifest",
                |folder| fs::remove_file(folder.join(MANIFEST)).unwrap(),
                "",
                "is no archive",
            ),
            (
                "a cut manifest",
                |folder| spoil(folder, MANIFEST, |bytes| bytes.truncate(20)),
                MANIFEST,
                "is damaged",
            ),
            (
                "a later format",
                |folder| fs::write(folder.join(MANIFEST), r#"{"format": 2}"#).unwrap(),
                MANIFEST,
                "another format",
            ),
            (
                "a manifest without a plan",
                |folder| fs::write(folder.join(MANIFEST), r#"{"format": 1}"#).unwrap(),
                MANIFEST,
                "is damaged",
            ),
            (
                "a lost file",
                |folder| fs::remove_file(folder.join("c1.gz")).unwrap(),
                "c1.gz",
                "cannot be read",
            ),
            (
                "a cut file",
                |folder| spoil(folder, "c1.gz", |bytes| bytes.truncate(bytes.len() - 9)),
                "c1.gz",
                "is damaged",
            ),
            (
                "an empty file",
                |folder| spoil(folder, "c1.gz", Vec::clear),
                "c1.gz",
                "is damaged",
            ),
            (
                "a flipped bit",
                |folder| spoil(folder, "c1.gz", |bytes| bytes[40] ^= 1),
                "c1.gz",
                "is damaged",
            ),
            (
                "another body",
                |folder| repack(folder, b"[]"),
                "c1.gz",
                "does not match its SHA-256",
            ),
            (
                "a longer body",
                |folder| repack(folder, &vec![b'0'; 1 << 20]),
                "c1.gz",
                "should have 2 bytes",
            ),
            (
                "another call's file",
                |folder| {
                    fs::copy(folder.join("c0.gz"), folder.join("c1.gz")).unwrap();
                },
                "c1.gz",
                "holds the call \"c0\"",
            ),
        ];
        for (name, damage, file, problem) in damages {
            let folder = Folder::new("damage");
            written(&folder.0).finish().unwrap();
            damage(&folder.0);
            let result = Reader::open(&folder.0).and_then(|reader| reader.replay().collect::<Result<Vec<_>>>());
            let error = result.expect_err(name);
            let path = folder.0.join(file);
            let path = path.to_str().unwrap().trim_end_matches('/');
            assert!(
                error.message.starts_with(path) && error.message.contains(problem),
                "{name}: {error}"
            );
            assert!(!error.message.contains('\n'), "{name}: {error}");
        }
    }
}
