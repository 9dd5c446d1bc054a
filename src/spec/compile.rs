//! A document's text as its tables. All that is wrong with it is found in one reading, and nothing outlives a check.

use std::time::Duration;

use jiff::tz::Offset;

use super::block::{Arena, Block, Problems, WHOLE};
use super::document::{
    AuthOf, CallOf, CarryOf, DocumentOf, EchoOf, FailOf, FigureOf, Format, Fractions, GrainOf, LabelOf, Moments,
    PagesOf, Place, RowsOf, SelectOf, WhenOf,
};
use super::tree::{self, Members, Node, What};
use crate::meters::{
    Buckets, CombineOf, Kind as Measures, MeterOf, Rollup, RollupOf, Rounding, Settles, SourceOf, Span, TakesOf, Writes,
};
use crate::service::{CompositeOf, FactsOf, METERS, Method, OperationOf, Prose, ProseOf, SecretFieldOf};
use crate::values::arguments::{self, AcceptsOf, ArgumentOf, Check, NeededOf};
use crate::values::error::{Kind, Remedy};
use crate::values::shape::{FieldOf, HoldsOf, ShapeOf};
use crate::values::text::{did_you_mean, snake};

const DAY: i64 = 86_400;

/// Checks of texts that a document may name, besides those that everybody has.
pub type Checks = &'static [(&'static str, Check)];

/// What is wrong with a document: a line, and a sentence.
pub type Mistakes = Vec<(usize, String)>;

/// The tables of a document; or all that is wrong with it.
pub fn compile<'a>(text: &str, checks: Checks, arena: &'a Arena) -> Result<DocumentOf<'a>, Mistakes> {
    let problems = Problems::default();
    let mut members = tree::read(text, &problems);
    share(&mut members, &problems);
    let compiled = {
        let head = Block::new(WHOLE, 1, &members, &problems, arena);
        let compiler = Compiler {
            head: &head,
            checks,
            shapes: shapes(&head),
        };
        let document = compiler.document();
        head.close();
        document
    };
    if problems.is_empty() {
        return Ok(compiled);
    }
    Err(problems.into_lines())
}

/// Puts under each call what it is like, and under each argument that a call takes what the document says of all of
/// that name.
fn share(members: &mut Members, problems: &Problems) {
    let table = |key: &str| match members.iter().find(|(known, ..)| known == key) {
        Some((
            ..,
            Node {
                what: What::Table(found),
                ..
            },
        )) => found.clone(),
        _ => Vec::new(),
    };
    let (like, argument, shape) = (table("like"), table("argument"), table("shape"));
    for (key, _, node) in members.iter_mut() {
        match (key.as_str(), &mut node.what) {
            ("call", What::List(calls)) => {
                for call in calls {
                    if let What::Table(call) = &mut call.what {
                        resolve(call, &like, problems, 0);
                        take(call, &argument, problems);
                    }
                }
            }
            ("shape", What::Table(shapes)) => {
                for (.., node) in shapes {
                    if let What::Table(own) = &mut node.what {
                        resolve(own, &shape, problems, 0);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Puts what a block is like under it; what that one is like in turn, too.
fn resolve(own: &mut Members, like: &Members, problems: &Problems, depth: usize) {
    let Some(at) = own.iter().position(|(key, ..)| key == "like") else {
        return;
    };
    let (_, row, node) = own.remove(at);
    let names: Vec<String> = match node.what {
        What::Text(name) => vec![name],
        What::List(items) => items
            .into_iter()
            .filter_map(|item| text_of(&item).map(str::to_owned))
            .collect(),
        other => {
            problems.add(
                row,
                format!("like must be a name or a list of them, not {}", other.describe()),
            );
            return;
        }
    };
    if depth > 8 {
        problems.add(row, "like leads to itself: leave one of the links out");
        return;
    }
    for name in names {
        let Some((.., found)) = like.iter().find(|(key, ..)| *key == name) else {
            let hint = did_you_mean(&name, like.iter().map(|(key, ..)| key.as_str()));
            problems.add(row, format!("there is nothing called {name:?} to be like{hint}"));
            continue;
        };
        if let What::Table(found) = &found.what {
            let mut found = found.clone();
            resolve(&mut found, like, problems, depth + 1);
            tree::inherit(own, &found);
        }
    }
}

/// Puts under each argument that a call takes what the document says of all arguments of that name.
fn take(call: &mut Members, shared: &Members, problems: &Problems) {
    let Some((
        ..,
        Node {
            what: What::List(takes),
            ..
        },
    )) = call.iter_mut().find(|(key, ..)| key == "takes")
    else {
        return;
    };
    for taken in takes {
        let line = taken.line;
        if let What::Text(name) = &taken.what {
            taken.what = What::Table(vec![(
                "name".to_owned(),
                line,
                Node {
                    line,
                    what: What::Text(name.clone()),
                },
            )]);
        }
        let What::Table(own) = &mut taken.what else { continue };
        let name = own
            .iter()
            .find(|(key, ..)| key == "name")
            .and_then(|(.., node)| text_of(node));
        let found = name.and_then(|name| shared.iter().find(|(key, ..)| key == name));
        match (found, own.as_slice()) {
            (
                Some((
                    ..,
                    Node {
                        what: What::Table(found),
                        ..
                    },
                )),
                _,
            ) => tree::inherit(own, found),
            (None, [_]) => {
                let name = name.unwrap_or_default();
                let hint = did_you_mean(name, shared.iter().map(|(key, ..)| key.as_str()));
                problems.add(
                    line,
                    format!("there is no argument {name:?} to take{hint}; define it in [argument.{name}]"),
                );
            }
            _ => {}
        }
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.what {
        What::Text(text) => Some(text),
        _ => None,
    }
}

/// The records of answers, by the names that calls give to them.
type Shapes<'a> = Vec<(&'a str, &'a ShapeOf<'a>)>;

/// The records that a document defines. One may hold those that stand before it.
fn shapes<'a>(head: &Block<'_, 'a>) -> Shapes<'a> {
    let mut known: Shapes<'a> = Vec::new();
    for (name, block) in head.named("shape") {
        let record = block.text("record").unwrap_or(name);
        let mut fields = Vec::new();
        for (key, line, node) in block.entries("fields") {
            let inner = match &node.what {
                What::Table(members) => Some(Block::new(
                    format!("{} {key}", block.name),
                    *line,
                    members,
                    head.problems,
                    head.arena,
                )),
                _ => None,
            };
            let (wire, holds) = match &inner {
                Some(inner) => (inner.text("wire"), inner.needed("holds", "integer")),
                None => (None, head.arena.text(text_of(node).unwrap_or_default())),
            };
            if let Some(inner) = &inner {
                inner.close();
            }
            let name = head.arena.text(key);
            let holds = self::holds(holds, &known, head, *line);
            fields.push(FieldOf {
                wire: wire.unwrap_or(name),
                name,
                holds,
            });
        }
        block.close();
        let shape = head.arena.one(ShapeOf {
            name: record,
            fields: head.arena.list(&fields),
        });
        known.push((name, shape));
    }
    known
}

/// What a text such as `[Row]`, `integer?` or `{decimal}` says that something holds.
fn holds<'a>(text: &str, shapes: &Shapes<'a>, head: &Block<'_, 'a>, line: usize) -> HoldsOf<'a> {
    let inner = |text: &str| head.arena.one(holds(text, shapes, head, line));
    let between = |open, close| text.strip_prefix(open).and_then(|text: &str| text.strip_suffix(close));
    if let Some(text) = text.strip_suffix('?') {
        return match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(text) if text.ends_with('!') => HoldsOf::ListOrNothing(inner(text.trim_end_matches('!'))),
            _ => HoldsOf::Maybe(inner(text)),
        };
    }
    if let Some(text) = between('[', ']') {
        return HoldsOf::List(inner(text));
    }
    if let Some(text) = between('{', '}') {
        return HoldsOf::Map(inner(text));
    }
    match text {
        "flag" => HoldsOf::Flag,
        "integer" => HoldsOf::Integer,
        "decimal" => HoldsOf::Decimal,
        "text" => HoldsOf::Text,
        "label" => HoldsOf::Label,
        "instant" => HoldsOf::Instant,
        "day" => HoldsOf::Day,
        "anything" => HoldsOf::Anything,
        name => {
            if let Some((_, shape)) = shapes.iter().find(|(known, _)| *known == name) {
                return HoldsOf::Record(shape);
            }
            let plain = [
                "flag", "integer", "decimal", "text", "label", "instant", "day", "anything",
            ];
            let hint = did_you_mean(name, plain.into_iter().chain(shapes.iter().map(|(known, _)| *known)));
            let text = format!(
                "{name:?} is neither one of {} nor a shape that is defined above{hint}",
                plain.join(", ")
            );
            head.problems.add(line, text);
            HoldsOf::Anything
        }
    }
}

/// The kinds of errors, as documents write them.
const KINDS: &[(&str, Kind)] = &[
    ("authentication_failed", Kind::AuthenticationFailed),
    ("inconsistent_response", Kind::InconsistentResponse),
    ("invalid_request", Kind::InvalidRequest),
    ("mfa_required", Kind::MfaRequired),
    ("not_found", Kind::NotFound),
    ("permission_denied", Kind::PermissionDenied),
    ("rate_limited", Kind::RateLimited),
    ("server_error", Kind::ServerError),
    ("unexpected_redirect", Kind::UnexpectedRedirect),
    ("unexpected_response", Kind::UnexpectedResponse),
];

const REMEDIES: &[(&str, Remedy)] = &[
    ("none", Remedy::None),
    ("repeat", Remedy::Repeat),
    ("repeat_throttled", Remedy::RepeatThrottled),
    ("repeat_once", Remedy::RepeatOnce),
    ("renew_credentials", Remedy::RenewCredentials),
    ("correct_clock", Remedy::CorrectClock),
];

const COMBINES: &[(&str, CombineOf<'static>)] = &[
    ("add", CombineOf::Add),
    ("max", CombineOf::Max),
    ("last", CombineOf::Last),
    ("refuse", CombineOf::Refuse),
];

/// The checks of texts that every document may name.
const CHECKS: Checks = &[
    ("plain", arguments::plain),
    ("any", arguments::any),
    ("guid", arguments::guid),
    ("word", arguments::word),
    ("span", arguments::span),
];

struct Compiler<'c, 'd, 'a> {
    head: &'c Block<'d, 'a>,
    checks: Checks,
    shapes: Shapes<'a>,
}

impl<'d, 'a> Compiler<'_, 'd, 'a> {
    fn arena(&self) -> &'a Arena {
        self.head.arena
    }

    fn document(&self) -> DocumentOf<'a> {
        let head = self.head;
        if head.whole("metertap_spec", 1, 1).is_none() {
            head.problem("needs metertap_spec = 1, the version of the vocabulary");
        }
        for shared in ["like", "argument", "shape"] {
            head.node(shared);
        }
        let name = head.needed("name", "acme");
        let page = head.needed("page", "https://docs.example.com/usage");
        let account = self.account();
        let (selection, select) = self.selection();
        let calls: Vec<_> = head
            .blocks("call")
            .iter()
            .map(|block| self.call(block, name, page))
            .collect();
        let mut sources: Vec<_> = calls.iter().filter_map(|call| call.source).collect();
        sources.sort_by_key(|(rank, _)| *rank);
        let sources: Vec<_> = sources.into_iter().map(|(_, source)| source).collect();
        self.refuse_twice("call", calls.iter().map(|call| call.operation.name));
        self.refuse_twice(
            "meter",
            sources.iter().flat_map(|source| source.meters).map(|meter| meter.name),
        );
        let operations: Vec<_> = calls.iter().map(|call| call.operation).collect();
        let calls: Vec<_> = calls.iter().map(|call| call.call).collect();
        let arena = self.arena();
        DocumentOf {
            facts: FactsOf {
                name,
                class: head.needed("class", "Acme"),
                title: head.needed("title", "Acme Cloud"),
                doc: head.needed("doc", "Acme Cloud: requests and bytes by day."),
                notes: head.text("notes").unwrap_or_default(),
                base_url: head.text("base_url"),
                page,
                settings: arena.list(&account.settings),
                secrets: arena.list(&account.secrets),
                keywords: arena.list(&account.keywords),
                required: arena.list(&account.required),
                environment: arena.list(&account.environment),
                operations: arena.list(&operations),
                sources: arena.list(&sources),
                selection,
                composites: self.composites(&operations),
                concurrency: head
                    .whole("concurrency", 1, 1000)
                    .and_then(|at_once| at_once.try_into().ok())
                    .unwrap_or(1),
                per_second: head.number("per_second"),
            },
            bearer: arena.list(&account.bearer),
            rotating: arena.list(&account.rotating),
            needed: arena.list(&account.needed),
            auth: self.auth(&account),
            fail: self.fail(),
            select,
            calls: arena.list(&calls),
        }
    }

    fn refuse_twice<'n>(&self, what: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = std::collections::HashSet::new();
        for name in names {
            if !seen.insert(name) {
                self.head
                    .problem(format!("has two of {what} {name:?}: give one of them another name"));
            }
        }
    }

    fn account(&self) -> AccountFields<'a> {
        let mut fields = AccountFields::default();
        for (name, block) in self.head.named("account") {
            let doc = block.needed("doc", "the API key of the organisation");
            fields
                .environment
                .extend(block.texts("env").iter().map(|variable| (name, *variable)));
            fields.keywords.push(name);
            let is_required = block.flag("needed") == Some(true);
            if is_required {
                fields.required.push(name);
            }
            if block.flag("secret") == Some(true) {
                if is_required {
                    fields.needed.push(name);
                }
                if block.flag("bearer") == Some(true) {
                    fields.bearer.push(name);
                }
                fields.secrets.push(SecretFieldOf { name, doc });
            } else {
                let mut setting = self.argument(&block, name, doc, &[]);
                if block.flag("rotates") == Some(true) {
                    fields.rotating.push(name);
                    // An account may have it among its secrets instead.
                    setting.needed = NeededOf::Optional;
                }
                fields.settings.push(setting);
            }
            block.close();
        }
        fields
    }

    fn auth(&self, account: &AccountFields<'a>) -> AuthOf<'a> {
        let Some(block) = self.head.block("auth") else {
            self.head
                .problem("needs a block auth, for example auth = { scheme = \"bearer\", secret = \"api_key\" }");
            return AuthOf::Scheme("");
        };
        let secret = |key| {
            let name = block.needed(key, "api_key");
            if !name.is_empty() && !account.secrets.iter().any(|field| field.name == name) {
                block.wrong(key, format!("must name a secret of the account, not {name:?}"));
            }
            name
        };
        let auth = match block.needed("scheme", "bearer") {
            "bearer" => AuthOf::Bearer(secret("secret")),
            "basic" => AuthOf::Basic(block.needed("user", "client_id"), secret("password")),
            scheme => AuthOf::Scheme(scheme),
        };
        block.close();
        auth
    }

    fn fail(&self) -> FailOf<'a> {
        let arena = self.arena();
        let Some(block) = self.head.block("fail") else {
            return FailOf {
                error: None,
                envelope: None,
                said: &[],
                code: &[],
                request_id: None,
                in_200: Kind::UnexpectedResponse,
                when: &[],
            };
        };
        let path = |key| block.text(key).map(|text| self.path(text));
        let paths = |key| -> &'a [&'a [&'a str]] {
            let all: Vec<_> = block.texts(key).iter().map(|text| self.path(text)).collect();
            arena.list(&all)
        };
        let when = block.blocks("when");
        let when: Vec<_> = when.iter().map(|block| self.when(block)).collect();
        let fail = FailOf {
            error: path("error"),
            envelope: path("envelope"),
            said: paths("said"),
            code: paths("code"),
            request_id: path("request_id"),
            in_200: block.choice("in_200", KINDS).unwrap_or(Kind::UnexpectedResponse),
            when: arena.list(&when),
        };
        block.close();
        fail
    }

    fn when(&self, block: &Block<'d, 'a>) -> WhenOf<'a> {
        let kinds: Vec<Kind> = block
            .texts("kind")
            .iter()
            .filter_map(|word| {
                let found = KINDS.iter().find(|(known, _)| known == word);
                if found.is_none() {
                    let known: Vec<&str> = KINDS.iter().map(|(known, _)| *known).collect();
                    let hint = did_you_mean(word, known.iter().copied());
                    block.wrong("kind", format!("must be of {}, not {word:?}{hint}", known.join(", ")));
                }
                found.map(|(_, kind)| *kind)
            })
            .collect();
        let when = WhenOf {
            codes: block.texts("code"),
            statuses: block.wholes("status"),
            kinds: self.arena().list(&kinds),
            calls: block.texts("call"),
            kind: block.choice("class", KINDS),
            remedy: block.choice("remedy", REMEDIES),
            wait: block
                .whole("wait", 1, 3600)
                .and_then(|seconds| seconds.try_into().ok())
                .map(Duration::from_secs),
            advice: block.needed("advice", "ask again later"),
        };
        block.close();
        when
    }

    fn path(&self, text: &str) -> &'a [&'a str] {
        let parts: Vec<&'a str> = text
            .split('.')
            .filter(|part| !part.is_empty())
            .map(|part| self.arena().text(part))
            .collect();
        self.arena().list(&parts)
    }

    fn selection(&self) -> (&'a [ArgumentOf<'a>], &'a [SelectOf<'a>]) {
        let (mut arguments, mut select) = (
            vec![METERS],
            vec![SelectOf {
                to: "meters",
                each: false,
                grain: false,
                span: None,
                missing: None,
            }],
        );
        for (name, block) in self.head.named("select") {
            let doc = block.needed("doc", "the tenants, with a call for each");
            arguments.push(self.argument(&block, name, doc, &[]));
            select.push(SelectOf {
                to: block.text("to").unwrap_or(name),
                each: block.flag("each").unwrap_or_default(),
                grain: block.flag("grain").unwrap_or_default(),
                span: Self::span(&block),
                missing: block.text("missing"),
            });
            block.close();
        }
        (self.arena().list(&arguments), self.arena().list(&select))
    }

    fn composites(&self, operations: &[OperationOf<'a>]) -> &'a [CompositeOf<'a>] {
        let composite = |block: &Block<'d, 'a>| {
            let parts = block.texts("parts");
            for part in parts {
                if !operations.iter().any(|operation| operation.name == *part) {
                    let hint = did_you_mean(part, operations.iter().map(|operation| operation.name));
                    block.wrong("parts", format!("has {part:?}, which is no call{hint}"));
                }
            }
            let composite = CompositeOf {
                name: block.needed("name", "status_this_month"),
                record: block.needed("record", "StatusThisMonth"),
                doc: block.needed("doc", "All counters of this month so far."),
                parts,
                prose: self.prose(block),
            };
            block.close();
            composite
        };
        let all: Vec<_> = self.head.blocks("together").iter().map(composite).collect();
        self.arena().list(&all)
    }

    /// What the documentation of a call says besides.
    fn prose(&self, block: &Block<'d, 'a>) -> ProseOf<'a> {
        let Some(prose) = block.block("prose") else {
            return Prose::NONE;
        };
        let text = |key| prose.text(key).unwrap_or_default();
        let raises = prose.entries("raises").iter();
        let raises: Vec<_> = raises
            .map(|(class, _, node)| {
                (
                    self.arena().text(class),
                    self.arena().text(text_of(node).unwrap_or_default()),
                )
            })
            .collect();
        let compiled = ProseOf {
            returns: text("returns"),
            raw: text("raw"),
            raises: self.arena().list(&raises),
            notes: text("notes"),
            example: self.arena().text(text("example").trim_end()),
        };
        prose.close();
        compiled
    }

    /// An argument of an account, a call or a selection. Of a call that knows several lengths of a bucket, one may
    /// choose among them.
    fn argument(&self, block: &Block<'d, 'a>, name: &'a str, doc: &'a str, grains: &[GrainOf<'a>]) -> ArgumentOf<'a> {
        let arena = self.arena();
        let of = || (block.has("of"), block.texts("of"));
        let accepts = match block.text("type").unwrap_or("text") {
            "flag" => AcceptsOf::Flag,
            "whole" => match block.wholes("of") {
                [] => match block.wholes("between") {
                    [low, high] if low <= high => AcceptsOf::Whole(*low, *high),
                    _ => {
                        block.problem("needs between = [lowest, highest] or of = [one, another]");
                        AcceptsOf::Whole(0, 0)
                    }
                },
                allowed => AcceptsOf::WholeOf(allowed),
            },
            "grain" => {
                let words: Vec<&str> = grains.iter().filter_map(|grain| grain.word).collect();
                let seconds: Vec<i64> = grains.iter().map(|grain| grain.seconds).collect();
                if words.is_empty() {
                    AcceptsOf::WholeOf(arena.list(&seconds))
                } else {
                    AcceptsOf::OneOf(arena.list(&words))
                }
            }
            "text" => match of() {
                (true, allowed) => AcceptsOf::OneOf(allowed),
                (false, _) => AcceptsOf::Text(self.check(block)),
            },
            "texts" => match of() {
                (true, allowed) => AcceptsOf::SomeOf(allowed),
                (false, _) => AcceptsOf::Texts(self.check(block)),
            },
            "moment" => AcceptsOf::Moment,
            "moment_or_milliseconds" => AcceptsOf::MomentOrMilliseconds,
            "dict" => AcceptsOf::Dict,
            "dicts" => AcceptsOf::Dicts,
            other => {
                let known = "flag, whole, grain, text, texts, moment, moment_or_milliseconds, dict, dicts";
                let hint = did_you_mean(other, known.split(", "));
                block.wrong("type", format!("must be one of {known}, not {other:?}{hint}"));
                AcceptsOf::Dict
            }
        };
        ArgumentOf {
            name,
            accepts,
            needed: self.default(block),
            doc,
        }
    }

    fn check(&self, block: &Block<'d, 'a>) -> Check {
        let name = block.text("check").unwrap_or("plain");
        let mut known = CHECKS.iter().chain(self.checks);
        if let Some((_, check)) = known.find(|(known, _)| *known == name) {
            return *check;
        }
        let names = || CHECKS.iter().chain(self.checks).map(|(known, _)| *known);
        let known: Vec<&str> = names().collect();
        let hint = did_you_mean(name, names());
        block.wrong(
            "check",
            format!("must be one of {}, not {name:?}{hint}", known.join(", ")),
        );
        arguments::plain
    }

    fn default(&self, block: &Block<'d, 'a>) -> NeededOf<'a> {
        let is_needed = block.flag("needed") == Some(true);
        let Some(node) = block.node("default") else {
            return if is_needed {
                NeededOf::Required
            } else {
                NeededOf::Optional
            };
        };
        match &node.what {
            What::Flag(truth) => NeededOf::Flag(*truth),
            What::Whole(number) => NeededOf::Whole(*number),
            What::Text(text) => NeededOf::Text(self.arena().text(text)),
            other => {
                block.wrong(
                    "default",
                    format!("must be a string, an integer or a boolean, not {}", other.describe()),
                );
                NeededOf::Optional
            }
        }
    }

    fn call(&self, block: &Block<'d, 'a>, provider: &str, page: &'a str) -> Compiled<'a> {
        let arena = self.arena();
        let name = block.needed("name", "usage_by_day");
        let wire = block.needed("wire", "v1/usage");
        let method = block
            .choice("method", &[("GET", Method::Get), ("POST", Method::Post)])
            .unwrap_or(Method::Get);
        let path = block.text("path").unwrap_or("{wire}");
        let path = arena.text(&path.replace("{wire}", wire));
        let grains = Self::grains(block);
        let (arguments, carries) = self.takes(block, path, method, &grains);
        let range = match block.texts("range") {
            [start, end] => Some((*start, *end)),
            [] => None,
            _ => {
                block.wrong("range", "must be two arguments: range = [\"start\", \"end\"]");
                None
            }
        };
        let returns = block.text("returns").unwrap_or("anything");
        let returns = holds(returns, &self.shapes, self.head, block.line);
        let (figures, meters) = self.figures(block, provider, &returns);
        let operation = OperationOf {
            name,
            wire,
            doc: block.needed("doc", "Units that were consumed, by day."),
            page: block.text("page").unwrap_or(page),
            arguments: arena.list(&arguments),
            range,
            returns,
            repeatable: block.flag("repeatable").unwrap_or(true),
            prose: self.prose(block),
        };
        let pairs = |key| -> &'a [(&'a str, &'a str)] {
            let pair = |(name, _, node): &(String, usize, Node)| {
                (
                    arena.text(name),
                    arena.text(&text_of(node).unwrap_or_default().replace("{wire}", wire)),
                )
            };
            arena.list(&block.entries(key).iter().map(pair).collect::<Vec<_>>())
        };
        let answer = self.path(block.text("answer").unwrap_or_default());
        let call = CallOf {
            method,
            path,
            query: pairs("query"),
            carries: arena.list(&carries),
            exclusive: block.pairs("exclusive"),
            together: block.texts("together"),
            moments: moments(block),
            answer,
            rows: self.rows(block, answer, &returns),
            figures: arena.list(&figures),
            echo: echo(block),
            grains: arena.list(&grains),
            reach: (
                block.whole("longest_days", 1, 10_000).map(|days| days * DAY),
                block.whole("history_days", 1, 100_000).map(|days| days * DAY),
            ),
            details: block.text("details"),
            split_labels: self.labels(block, "split_labels"),
            is_series: block.flag("series").unwrap_or_default(),
            pages: self.pages(block),
            asked: (block.texts("asked_with"), block.texts("asked_without")),
            zone: block.text("zone").and_then(|text| offset(block, "zone", text)),
            other_zone: block
                .text("other_zone")
                .and_then(|text| offset(block, "other_zone", text)),
        };
        let source = self.source(block, &operation, &meters, &grains);
        let rank = block.whole("rank", -1000, 1000).unwrap_or_default();
        block.close();
        Compiled {
            operation,
            call,
            source: source.map(|source| (rank, source)),
        }
    }

    fn takes(
        &self,
        block: &Block<'d, 'a>,
        path: &str,
        method: Method,
        grains: &[GrainOf<'a>],
    ) -> (Vec<ArgumentOf<'a>>, Vec<CarryOf<'a>>) {
        let usual = if method == Method::Get {
            Place::Query
        } else {
            Place::Body
        };
        let take = |taken: &Block<'d, 'a>| {
            let name = taken.needed("name", "start");
            let doc = taken.needed("doc", "the start of the range");
            let in_path = path.contains(&format!("{{{name}}}"));
            let carry = CarryOf {
                wire: taken.text("wire").unwrap_or(name),
                place: if in_path { Place::Path } else { usual },
                as_text: taken.flag("as_text").unwrap_or_default(),
            };
            let argument = self.argument(taken, name, doc, grains);
            taken.close();
            (argument, carry)
        };
        block.blocks("takes").iter().map(take).unzip()
    }

    fn grains(block: &Block<'d, 'a>) -> Vec<GrainOf<'a>> {
        let zone = block
            .text("zone")
            .and_then(|text| offset(block, "zone", text))
            .unwrap_or_default();
        let grain = |grain: &Block<'d, 'a>| {
            let seconds = grain.whole("every", 1, 40 * DAY).unwrap_or_else(|| {
                grain.problem("needs every, the length of a bucket in seconds, for example every = 3600");
                1
            });
            let span = Self::span(grain).unwrap_or(Span::Whole);
            let longest = match span {
                Span::Days(days) => days * DAY,
                _ => 0,
            };
            let compiled = GrainOf {
                word: grain.text("word"),
                seconds,
                buckets: Buckets::Every(seconds, zone),
                span,
                split: grain.whole("split", 1, 1_000_000_000).unwrap_or(longest),
            };
            grain.close();
            compiled
        };
        block.blocks("grain").iter().map(grain).collect()
    }

    /// The longest window of one call.
    fn span(block: &Block<'d, 'a>) -> Option<Span> {
        let node = block.node("span")?;
        if let What::Whole(_) = node.what {
            return block.whole("span", 1, 100_000).map(Span::Days);
        }
        block.choice(
            "span",
            &[
                ("each_month", Span::EachMonth),
                ("month_or_28_days", Span::MonthOr28Days),
                ("each_day", Span::EachDay),
                ("whole", Span::Whole),
            ],
        )
    }

    fn rows(&self, block: &Block<'d, 'a>, answer: &[&'a str], returns: &HoldsOf<'a>) -> RowsOf<'a> {
        let none = RowsOf {
            at: None,
            may_be_missing: false,
            time: None,
            told: HoldsOf::Instant,
            snaps: false,
            inner: None,
            labels: &[],
        };
        let Some(rows) = block.block("rows") else { return none };
        let time = rows.text("time");
        let field = time.and_then(|time| field(returns, time));
        let compiled = RowsOf {
            at: Some(
                self.arena()
                    .list(&[answer, self.path(rows.text("at").unwrap_or_default())].concat()),
            ),
            may_be_missing: rows.flag("may_be_missing").unwrap_or_default(),
            time,
            told: field.map_or(HoldsOf::Instant, |field| field.holds),
            snaps: rows.flag("snaps").unwrap_or_default(),
            inner: rows.text("inner"),
            labels: self.labels(&rows, "labels"),
        };
        rows.close();
        compiled
    }

    fn labels(&self, block: &Block<'d, 'a>, key: &'static str) -> &'a [LabelOf<'a>] {
        let label = |wire: &&'a str| LabelOf {
            wire,
            name: self.arena().text(&snake(wire)),
        };
        self.arena()
            .list(&block.texts(key).iter().map(label).collect::<Vec<_>>())
    }

    fn pages(&self, block: &Block<'d, 'a>) -> Option<PagesOf<'a>> {
        let page = block.block("pages")?;
        let most = 1_000_000;
        let pages = PagesOf {
            number: page.needed("number", "page_num"),
            size: page.needed("size", "page_size"),
            usual: page.whole("usual", 1, most).unwrap_or(1),
            largest: page.whole("largest", 1, most).unwrap_or(most),
            as_text: page.flag("as_text").unwrap_or_default(),
            total: self.path(page.text("total").unwrap_or_default()),
            told: self.path(page.text("told").unwrap_or_default()),
        };
        page.close();
        Some(pages)
    }

    /// The numbers of an answer, and those of them that are meters.
    fn figures(
        &self,
        block: &Block<'d, 'a>,
        provider: &str,
        returns: &HoldsOf<'a>,
    ) -> (Vec<FigureOf<'a>>, Vec<MeterOf<'a>>) {
        let prefix = block.text("meter_prefix").unwrap_or_default();
        let dimensions = block.texts("dimensions");
        let (mut figures, mut meters) = (Vec::new(), Vec::new());
        for meter in block.blocks("meter") {
            let wire = meter.text("value").unwrap_or_default();
            let name = meter.text("name");
            let unit = meter.needed("unit", "requests");
            let shape = match field(returns, wire) {
                Some(field) => field.holds,
                None if wire.is_empty() => *returns,
                None => HoldsOf::Decimal,
            };
            figures.push(FigureOf {
                wire,
                name: self.arena().text(&snake(wire)),
                unit,
                holds: if let HoldsOf::Maybe(inner) = shape {
                    *inner
                } else {
                    shape
                },
                is_nullable: is_nullable(returns, wire),
                is_optional: meter.flag("optional").unwrap_or_default() || wire.is_empty() && meter.has("total"),
                total: meter.text("total"),
                meter: name.map(|_| meters.len()),
            });
            if let Some(name) = name {
                let name = self.arena().text(&format!("{provider}.{prefix}{name}"));
                meters.push(Self::meter(&meter, name, unit, dimensions));
            }
            meter.close();
        }
        (figures, meters)
    }

    fn meter(block: &Block<'d, 'a>, name: &'a str, unit: &'a str, usual: &'a [&'a str]) -> MeterOf<'a> {
        let kinds = [
            ("sum", Measures::Sum),
            ("cumulative", Measures::Cumulative),
            ("peak", Measures::Peak),
            ("gauge", Measures::Gauge),
        ];
        let kind = block.choice("kind", &kinds).unwrap_or(Measures::Sum);
        let usual_rollup: RollupOf<'a> = match kind {
            Measures::Sum => Rollup::ADD,
            Measures::Peak => Rollup::PEAK,
            Measures::Gauge => Rollup::LEVEL,
            Measures::Cumulative => Rollup {
                over_time: CombineOf::Refuse,
                over_labels: CombineOf::Add,
            },
        };
        let over_labels = match block.text("add_within") {
            Some(dimension) => CombineOf::AddWithin(dimension),
            None => block
                .choice("over_labels", COMBINES)
                .unwrap_or(usual_rollup.over_labels),
        };
        let roundings = [
            ("exact", Rounding::Exact),
            ("floored", Rounding::Floored),
            ("approximate", Rounding::Approximate),
        ];
        MeterOf {
            name,
            unit,
            kind,
            rollup: RollupOf {
                over_time: block.choice("over_time", COMBINES).unwrap_or(usual_rollup.over_time),
                over_labels,
            },
            rounding: block.choice("rounding", &roundings).unwrap_or(Rounding::Exact),
            dimensions: if block.has("dimensions") {
                block.texts("dimensions")
            } else {
                usual
            },
            doc: block.needed("doc", "Requests that were answered."),
        }
    }

    fn source(
        &self,
        block: &Block<'d, 'a>,
        operation: &OperationOf<'a>,
        meters: &[MeterOf<'a>],
        grains: &[GrainOf<'a>],
    ) -> Option<SourceOf<'a>> {
        let usual = block
            .whole("usual_grain", 0, 100)
            .and_then(|place| grains.get(usize::try_from(place).ok()?));
        let usual = usual.or(grains.last());
        let buckets = block.choice(
            "buckets",
            &[
                ("window", Buckets::Window),
                ("month", Buckets::Months),
                ("month_so_far", Buckets::MonthSoFar),
            ],
        );
        let span = Self::span(block);
        let writes = [
            ("yes", Writes::Every),
            ("no", Writes::Used),
            ("unknown", Writes::Unknown),
        ];
        let year_month = operation.arguments.iter().any(|argument| argument.name == "year");
        let source = SourceOf {
            operation: operation.name,
            meters: self.arena().list(meters),
            takes: match operation.range {
                Some((start, end)) => TakesOf::Range(start, end),
                None if year_month => TakesOf::YearMonth,
                None => TakesOf::Nothing,
            },
            buckets: buckets.or(usual.map(|grain| grain.buckets)).unwrap_or(Buckets::Window),
            span: span.or(usual.map(|grain| grain.span)).unwrap_or(Span::Whole),
            history_days: block.whole("history_days", 1, 100_000),
            widened: block.whole("widened", 0, 40 * DAY).unwrap_or_default(),
            tells_end: block.flag("tells_end").unwrap_or(true),
            writes: block.choice("writes", &writes).unwrap_or(Writes::Unknown),
            ready: settles(block, "ready"),
            settles: settles(block, "settles"),
            currency: block.text("currency"),
            by_default: block.flag("by_default").unwrap_or(true),
            page: operation.page,
        };
        (!meters.is_empty()).then_some(source)
    }
}

/// A call, compiled, and the source that it is, with its rank among the sources.
struct Compiled<'a> {
    operation: OperationOf<'a>,
    call: CallOf<'a>,
    source: Option<(i64, SourceOf<'a>)>,
}

#[derive(Default)]
struct AccountFields<'a> {
    settings: Vec<ArgumentOf<'a>>,
    secrets: Vec<SecretFieldOf<'a>>,
    keywords: Vec<&'a str>,
    required: Vec<&'a str>,
    environment: Vec<(&'a str, &'a str)>,
    bearer: Vec<&'a str>,
    needed: Vec<&'a str>,
    rotating: Vec<&'a str>,
}

/// The field of that wire name in the record that an answer, or a row of it, is.
fn field<'a>(returns: &HoldsOf<'a>, wire: &str) -> Option<&'a FieldOf<'a>> {
    match returns {
        HoldsOf::Record(shape) => shape.fields.iter().find(|field| field.wire == wire),
        HoldsOf::List(inner) => field(inner, wire),
        _ => None,
    }
}

/// True if a number may be null: where its field says so, or is not described.
fn is_nullable(returns: &HoldsOf<'_>, wire: &str) -> bool {
    match field(returns, wire) {
        Some(field) => matches!(field.holds, HoldsOf::Maybe(_)),
        None => !matches!(returns, HoldsOf::Integer | HoldsOf::Decimal),
    }
}

fn moments(block: &Block<'_, '_>) -> Moments {
    let formats = [
        ("offset", Format::Offset),
        ("utc", Format::Utc),
        ("seconds", Format::Seconds),
        ("milliseconds", Format::Milliseconds),
    ];
    let fractions = [
        ("refused", Fractions::Refused),
        ("outwards", Fractions::Outwards),
        ("kept", Fractions::Kept),
    ];
    let ends = [("exclusive", 0), ("inclusive_second", 1)];
    Moments {
        format: block.choice("moments", &formats).unwrap_or(Format::Offset),
        end: block.choice("end", &ends).unwrap_or_default(),
        fractions: block.choice("fractions", &fractions).unwrap_or(Fractions::Refused),
    }
}

fn echo<'a>(block: &Block<'_, 'a>) -> EchoOf<'a> {
    let Some(echo) = block.block("echo") else {
        return EchoOf::default();
    };
    let grain = match echo.texts("grain") {
        [key, argument] => Some((*key, *argument)),
        [] => None,
        _ => {
            echo.wrong(
                "grain",
                "must be its key and the argument that it repeats: grain = [\"Aggregation\", \"aggregation\"]",
            );
            None
        }
    };
    let compiled = EchoOf {
        start: echo.text("start"),
        end: echo.text("end"),
        grain,
    };
    echo.close();
    compiled
}

/// The seconds of a UTC offset such as `+08:00`.
fn offset(block: &Block<'_, '_>, key: &str, text: &str) -> Option<i32> {
    let found = arguments::parse_offset(text).map(Offset::seconds);
    if found.is_none() {
        block.wrong(key, format!("must be a UTC offset like \"+08:00\", not {text:?}"));
    }
    found
}

/// When readings are first there, or final.
fn settles(block: &Block<'_, '_>, key: &'static str) -> Settles {
    let Some(rule) = block.block(key) else {
        return Settles::Unknown;
    };
    let after = rule.whole("after", 0, 400 * DAY).map(Settles::After);
    let at = rule.text("at").and_then(|text| {
        let (hours, minutes) = text.split_once(':')?;
        Some((hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * 60)
    });
    let zone = rule
        .text("zone")
        .and_then(|text| offset(&rule, "zone", text))
        .unwrap_or_default();
    let found = after.or(at.map(|second| Settles::AtTimeOfDay(second, zone)));
    if found.is_none() {
        rule.problem("needs after = seconds, or at = \"08:00\" with zone = \"+08:00\"");
    }
    rule.close();
    found.unwrap_or(Settles::Unknown)
}
