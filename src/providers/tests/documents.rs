//! What is wrong with documents, in the words that their authors read.

use crate::spec::compile::check;

pub(super) const SOUND: &str = r#"metertap_spec = 1
name = "acme"
class = "Acme"
title = "Acme Cloud"
doc = "Acme Cloud: requests by day."
page = "https://docs.example.com/usage"
auth = { bearer = "api_key" }

[account.api_key]
secret = true
doc = "the API key"

[select.tenants]
accepts = { texts = "plain" }
doc = "the tenants"

[shape.Row]
fields = { date = "instant", requests = "integer" }

[argument]
start = { accepts = "moment", needed = true, doc = "the start" }
end = { accepts = "moment", needed = true, doc = "the end" }

[like.rows]
returns = "[Row]"
takes = ["start", "end"]
range = ["start", "end"]
rows = { time = "date" }

[[call]]
name = "requests"
wire = "v1/requests"
doc = "Requests, by day."
like = "rows"
meter = [{ value = "requests", name = "requests", unit = "requests", doc = "Requests." }]
"#;

type Changes<'a> = &'a [(&'a str, &'a str)];

/// What is told of the sound document with these texts in place of others.
fn mistakes(changes: Changes<'_>) -> Vec<(usize, String)> {
    let mut text = SOUND.to_owned();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    check(&text, &[]).err().unwrap_or_default()
}

#[test]
fn a_sound_document_has_no_mistakes() {
    assert_eq!(mistakes(&[]), []);
}

#[test]
fn each_mistake_is_told_with_its_line_and_what_to_write() {
    for (from, to, expected) in MISTAKES {
        let told = mistakes(&[(from, to)]);
        let told: Vec<String> = told.iter().map(|(line, said)| format!("{line}: {said}")).collect();
        assert_eq!(told.join("\n"), *expected, "{to}");
    }
}

/// A part of the sound document, what stands in its place, and what is told then.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "name = \"acme\"",
        "name = \"Acme Cloud\"",
        "2: name: \"Acme Cloud\" must begin with a small letter, and have small letters, digits and _ only",
    ),
    (
        "class = \"Acme\"",
        "class = \"acme\"",
        "3: class: \"acme\" must be the name of a class, such as \"Acme\"",
    ),
    (
        "[account.api_key]",
        "[account.timeout]\ndoc = \"d\"\n\n[account.api_key]",
        "9: account timeout: \"timeout\" is a name that metertap has itself: give it another one",
    ),
    (
        "[select.tenants]",
        "[select.meters]\ndoc = \"d\"\n\n[select.tenants]",
        "13: select meters: \"meters\" is a name that metertap has itself: give it another one",
    ),
    (
        "date = \"instant\", requests",
        "date = \"instant\", extra = \"text\", requests",
        "18: shape Row fields extra: \"extra\" is a name that metertap has itself: give it another one",
    ),
    (
        "[[call]]\nname = \"requests\"",
        "[[call]]\nname = \"select\"",
        "30: call \"select\": \"select\" is a name that metertap has itself: give it another one",
    ),
    (
        "[[call]]\nname = \"requests\"",
        "[[call]]\nname = \"from\"",
        "30: call \"from\": \"from\" is a word of Python's own: add an _ to it",
    ),
    (
        "takes = [\"start\", \"end\"]",
        "takes = [\"start\", \"end\", { name = \"raw\", doc = \"d\" }]",
        "26: call \"requests\" takes \"raw\": \"raw\" is a name that metertap has itself: give it another one",
    ),
    (
        "wire = \"v1/requests\"",
        "wire = \"v1/{account.api_key}/requests\"",
        "32: call \"requests\" wire: the secret \"api_key\" stands in an address: send it by auth",
    ),
    (
        "page = \"https",
        "base_url = \"ftp://example.com\"\npage = \"https",
        "6: base_url: base_url \"ftp://example.com\" must start with https:// (or http:// for a server on this machine)",
    ),
    (
        "page = \"https",
        "base_url = \"https://user:word@example.com\"\npage = \"https",
        "6: base_url: base_url must not contain a user name or password; pass them as credentials",
    ),
    (
        "name = \"requests\", unit",
        "name = \"Requests per day\", unit",
        "35: call \"requests\" meter \"Requests per day\": \"Requests per day\" must begin with a small letter, and have small letters, digits and _ only",
    ),
    (
        "meter = [",
        "pages = { next = \"next\" }\nmeter = [",
        r#"35: call "requests" pages: say how a further page is asked for: by number and size, or by next and fills"#,
    ),
    (
        "meter = [",
        "pages = { next = \"next\", fills = [\"pag\"] }\nmeter = [",
        r#"35: call "requests" pages fills: there is no argument "pag"; known here: start, end"#,
    ),
    (
        "unit = \"requests\"",
        "unit = \"requests\", when = { date = \"2026\" }",
        r#"35: call "requests" meter "requests" when date: there is no label of the rows "date"; none is known here"#,
    ),
    (
        "{ bearer = \"api_key\" }",
        "{ headers = { X-Api-Key = \"key\" } }",
        "7: auth headers X-Api-Key: the name of a header has small letters, digits and hyphens\n7: auth headers X-Api-Key: there is no secret of the account \"key\"; known here: api_key",
    ),
    (
        "doc = \"Acme Cloud:",
        "headers = { \"x version\" = \"1\" }\ndoc = \"Acme Cloud:",
        "5: headers x version: the name of a header has small letters, digits and hyphens",
    ),
    (
        "unit = \"requests\"",
        "unit = \"requests\", dimensions = [\"kind\"]",
        r#"35: call "requests" meter "requests": the dimension "kind" is another column's name: give it another one"#,
    ),
    (
        "[[call]]",
        "[[tests]]\ncall = \"request\"\nanswer = \"[]\"\n\n[[call]]",
        "31: tests 1 call: there is no call \"request\"; did you mean \"requests\"?",
    ),
    (
        "[[call]]",
        "[[tests]]\ncall = \"requests\"\ngiven = { stat = \"2026-01-01\" }\nanswer = \"[]\"\nerror = \"rate_limited\"\n\
         readings = [{ meter = \"requests\" }]\n\n[[call]]",
        "30: tests 1: it is an error, or has readings: leave one of them out\n\
         32: tests 1 given stat: there is no argument of the call \"stat\"; did you mean \"start\"?\n\
         35: tests 1 readings 1: needs quantity\n35: tests 1 readings 1: needs start",
    ),
    (
        "auth = {",
        "ways = [[\"api_kye\"]]\nauth = {",
        r#"7: ways: there is no field of the account "api_kye"; did you mean "api_key"?"#,
    ),
    (
        "{ bearer = \"api_key\" }",
        "{ client_credentials = { ready = \"key\", id = \"api_key\", secret = \"api_key\", path = \"{account.nmae}/token\" } }",
        "7: auth: there is no field of the account \"nmae\"; known here: api_key\n7: auth: there is no secret of the account \"key\"; known here: api_key",
    ),
    (
        "title = ",
        "titel = ",
        "1: the document needs title, for example title = \"Acme Cloud\"\n4: titel is no key that is known here; did you mean \"title\"?",
    ),
    (
        "secret = true",
        "secert = true",
        "7: auth: there is no secret of the account \"api_key\"; none is known here\n10: account api_key secert is no key that is known here; did you mean \"secret\"?",
    ),
    (
        "secret = true",
        r#"secret = "yes""#,
        "7: auth: there is no secret of the account \"api_key\"; none is known here\n10: account api_key secret must be a boolean, not \"yes\"",
    ),
    (r#"class = "Acme""#, "class = 7", "3: class must be a string, not 7"),
    (
        r#"doc = "the API key""#,
        r#"doc = ["the", "API key"]"#,
        "11: account api_key doc must be a string, not a list",
    ),
    (
        "page = ",
        "concurrency = \"two\"\npage = ",
        r#"6: concurrency must be a whole number that is not negative, not "two""#,
    ),
    (
        "page = ",
        "concurrency = -1\npage = ",
        "6: concurrency must be a whole number that is not negative, not -1",
    ),
    (
        "name = \"acme\"\n",
        "",
        r#"1: the document needs name, for example name = "acme""#,
    ),
    (
        "metertap_spec = 1\n",
        "",
        "1: the document needs metertap_spec, for example metertap_spec = 1",
    ),
    (
        "auth = { bearer = \"api_key\" }\n",
        "",
        r#"1: the document needs auth, for example auth = { bearer = "api_key" }"#,
    ),
    (
        "wire = \"v1/requests\"\n",
        "",
        r#"30: call "requests" needs wire, for example wire = "v1/requests""#,
    ),
    (
        r#"unit = "requests", "#,
        "",
        r#"35: call "requests" meter "requests" needs unit, for example unit = "requests""#,
    ),
    (
        "doc = \"the API key\"\n",
        "",
        r#"9: account api_key needs doc, for example doc = "the API key""#,
    ),
    (
        "doc = \"the tenants\"\n",
        "",
        r#"13: select tenants needs doc, for example doc = "the tenants, with a call for each""#,
    ),
    (
        "metertap_spec = 1",
        "metertap_spec = 2",
        "1: metertap_spec: there is no such version of the vocabulary: write 1",
    ),
    (
        r#"like = "rows""#,
        r#"like = "row""#,
        r#"34: there is no block "row" to be like; did you mean "rows"?"#,
    ),
    (
        r#"like = "rows""#,
        r#"like = ["rows"]"#,
        r#"34: like must be the name of a block, for example like = "rows""#,
    ),
    (
        "returns = \"[Row]\"\n",
        "like = \"rows\"\n",
        "25: like leads to itself, or through more than 8 blocks: leave one of the links out",
    ),
    (
        r#"returns = "[Row]""#,
        r#"returns = "[Rwo]""#,
        r#"25: call "requests" returns: there is no shape above, or plain kind of value, "Rwo"; known here: flag, integer, decimal, text, label, instant, day, seconds, written, anything, Row"#,
    ),
    (
        r#"returns = "[Row]""#,
        r#"returns = "[Row""#,
        r#"25: call "requests" returns: there is no shape above, or plain kind of value, "[Row"; did you mean "Row"?"#,
    ),
    (
        r#"requests = "integer""#,
        r#"requests = "int""#,
        r#"18: shape Row fields requests: there is no shape above, or plain kind of value, "int"; did you mean "integer"?"#,
    ),
    (
        r#"requests = "integer""#,
        "requests = 7",
        "18: shape Row fields requests must be what it holds, for example \"integer\", or a table of wire and holds\n35: call \"requests\" meter \"requests\" value: there is no field of Row \"requests\"; known here: date",
    ),
    (
        r#"requests = "integer""#,
        r#"requests = { wire = "n" }"#,
        "18: shape Row fields requests must be what it holds, for example \"integer\", or a table of wire and holds\n35: call \"requests\" meter \"requests\" value: there is no field of Row \"requests\"; known here: date",
    ),
    (
        r#"bearer = "api_key""#,
        r#"bearer = "api_kye""#,
        r#"7: auth: there is no secret of the account "api_kye"; did you mean "api_key"?"#,
    ),
    (
        r#"bearer = "api_key""#,
        r#"barer = "api_key""#,
        r#"7: auth must be one of bearer, basic, client_credentials, headers, scheme, not "barer"; did you mean "bearer"?"#,
    ),
    (
        r#"bearer = "api_key""#,
        "",
        "7: auth is empty: write one key with its value",
    ),
    (
        r#"bearer = "api_key""#,
        r#"bearer = "api_key", scheme = "x""#,
        "7: auth has room for one of bearer, scheme: leave out the others",
    ),
    (
        r#"{ bearer = "api_key" }"#,
        r#""bearer""#,
        "7: auth needs a value behind that word: { bearer = … }",
    ),
    (
        r#"{ bearer = "api_key" }"#,
        r#"{ basic = { user = "api_key" } }"#,
        "7: auth basic needs password",
    ),
    (
        r#"{ bearer = "api_key" }"#,
        r#"{ basic = { user = "u", password = "p" } }"#,
        "7: auth: there is no field of the account \"u\"; known here: api_key\n7: auth: there is no secret of the account \"p\"; known here: api_key",
    ),
    (
        r#"{ bearer = "api_key" }"#,
        r#"{ basic = { user = "api_key", pasword = "api_key" } }"#,
        "7: auth basic needs password\n7: auth basic pasword is no key that is known here; did you mean \"password\"?",
    ),
    (
        r#"takes = ["start", "end"]"#,
        r#"takes = ["start", "ende"]"#,
        "26: there is no argument \"ende\" to take: describe it in [argument.ende]; did you mean \"end\"?\n27: call \"requests\" range: there is no argument \"end\"; known here: start",
    ),
    (
        r#"takes = ["start", "end"]"#,
        r#"takes = ["start"]"#,
        r#"27: call "requests" range: there is no argument "end"; known here: start"#,
    ),
    (
        r#"takes = ["start", "end"]"#,
        r#"takes = ["start", 5]"#,
        "26: call \"requests\" takes 2 must be a table, not 5\n27: call \"requests\" range: there is no argument \"end\"; known here: start",
    ),
    (
        r#"range = ["start", "end"]"#,
        r#"range = ["start"]"#,
        r#"27: call "requests" range must be a list of 2, not of 1"#,
    ),
    (
        r#"range = ["start", "end"]"#,
        r#"range = "start""#,
        r#"27: call "requests" range must be a list of 2, not "start""#,
    ),
    (
        r#"range = ["start", "end"]"#,
        r#"range = ["start", "stop"]"#,
        r#"27: call "requests" range: there is no argument "stop"; known here: start, end"#,
    ),
    (
        r#"wire = "v1/requests""#,
        r#"wire = "v1/{account.tenant}/requests""#,
        r#"32: call "requests" wire: there is no field of the account "tenant"; known here: api_key"#,
    ),
    (
        r#"wire = "v1/requests""#,
        r#"wire = "v1/{tenant}/requests""#,
        r#"32: call "requests" wire: there is no argument "tenant"; known here: start, end, api_key"#,
    ),
    (
        r#"wire = "v1/requests""#,
        r#"wire = "v1/{start/requests""#,
        r#"32: call "requests" wire: "{start/requests" does not end: write } behind the name"#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nmethod = \"PUT\"",
        r#"33: call "requests" method must be one of GET, POST, not "PUT""#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nwrites = \"evry\"",
        r#"33: call "requests" writes must be one of every, used, unknown, not "evry"; did you mean "every"?"#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nbuckets = { every = [86400] }",
        r#"33: call "requests" buckets every must be a list of 2, not of 1"#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nspan = { day = 31 }",
        r#"33: call "requests" span must be one of days, each_month, month_or28_days, each_day, whole, not "day"; did you mean "days"?"#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nspan = { days = \"31\" }",
        r#"33: call "requests" span days must be a whole number, not "31""#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nspan = \"days\"",
        r#"33: call "requests" span needs a value behind that word: { days = … }"#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nspan = { days = 31, whole = 1 }",
        r#"33: call "requests" span has room for one of days, whole: leave out the others"#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nzone = \"JST\"",
        r#"33: call "requests" zone must be a UTC offset like "+08:00", not "JST""#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nasked_with = \"tenant\"",
        r#"33: call "requests" asked_with: there is no selection "tenant"; did you mean "tenants"?"#,
    ),
    (
        r#"wire = "v1/requests""#,
        "wire = \"v1/requests\"\nmoments = { offset_of = \"utc\" }",
        r#"33: call "requests" moments offset_of: there is no field of the account "utc"; known here: api_key"#,
    ),
    (
        r#"unit = "requests""#,
        r#"unit = "requests", kind = "total""#,
        r#"35: call "requests" meter "requests" kind must be one of sum, cumulative, peak, gauge, not "total""#,
    ),
    (
        r#"accepts = { texts = "plain" }"#,
        r#"accepts = { texts = "pathy" }"#,
        r#"14: select tenants accepts: there is no check of texts "pathy"; did you mean "path"?"#,
    ),
    (
        r#"accepts = { texts = "plain" }"#,
        r#"accepts = "string""#,
        r#"14: select tenants accepts must be one of flag, whole, whole_of, grain, text, one_of, texts, some_of, moment, moment_or_milliseconds, dict, dicts, not "string""#,
    ),
    (
        r#"accepts = { texts = "plain" }"#,
        "accepts = { whole = [1] }",
        "14: select tenants accepts whole must be a list of 2, not of 1",
    ),
    (
        r#"accepts = { texts = "plain" }"#,
        r#"accepts = { whole = "1" }"#,
        r#"14: select tenants accepts whole must be a list, not "1""#,
    ),
    (
        r#"accepts = { texts = "plain" }"#,
        "default = 1.5",
        "14: select tenants default must be a string, an integer or a boolean",
    ),
    (
        r#"accepts = { texts = "plain" }"#,
        r#"without = { tenant = "no" }"#,
        r#"14: select tenants without tenant: there is no selection "tenant"; did you mean "tenants"?"#,
    ),
    (
        "like = \"rows\"\nmeter",
        "like = \"rows\"\nmeter = 5\nmeters",
        r#"35: call "requests" meter must be a table, not 5"#,
    ),
    (
        r#"like = "rows""#,
        "like = \"rows\"\ncolour = \"red\"",
        r#"35: call "requests" colour is no key that is known here"#,
    ),
    (
        r#"unit = "requests""#,
        r#"unit = "requests", over_time = { add_within = 5 }"#,
        r#"35: call "requests" meter "requests" over_time add_within must be a string, not 5"#,
    ),
    (
        r#"meter = [{ value = "requests", name = "requests", unit = "requests", doc = "Requests." }]"#,
        "meter = [\"requests\", { name = \"requests\", value = \"requests\" }]\n[meter.requests]\nvalue = \"requests\"\nunit = \"requests\"\ndoc = \"Requests.\"",
        r#"35: call "requests" meter "requests": there are two of that name, which one selection asks: give one of them another name"#,
    ),
    (
        r#"like = "rows""#,
        "like = \"rows\"\nmeter = [{ value = \"requests\", name = \"requests\", unit = \"requests\", doc = \"Requests.\" }]\n[[call]]\nname = \"requests\"\nwire = \"v2/requests\"\ndoc = \"Requests.\"\nmeter = [{ value = \"requests\", name = \"requests\", unit = \"requests\", doc = \"R.\" }]\n[like.other]\n",
        "36: call \"requests\": there are two calls \"requests\": give one of them another name\n40: call \"requests\" meter \"requests\": there are two of that name, which one selection asks: give one of them another name",
    ),
    (
        "meter = [",
        r#"meter = ["requests", "#,
        r#"35: there is no meter "requests" to take: describe it in [meter.requests]"#,
    ),
    (
        r#"title = "Acme Cloud""#,
        "title = Acme Cloud",
        r#"4: this is no TOML: string values must be quoted, expected literal string, at "Acme Cloud""#,
    ),
    (
        "[[call]]",
        "[call]",
        "30: call must be a list, not a table: write [[call]]",
    ),
    (
        r#"name = "acme""#,
        "name = \"acme\"\nname = \"acme\"",
        r#"3: this is no TOML: duplicate key, at "name""#,
    ),
    (
        "metertap_spec = 1",
        "metertap_spec = 99999999999999999999",
        "1: 99999999999999999999 does not fit 64 bits\n1: metertap_spec: there is no such version of the vocabulary: write 1",
    ),
    (
        "[[call]]",
        "[[together]]\nname = \"all\"\nrecord = \"All\"\ndoc = \"All.\"\nparts = [\"request\"]\n[[call]]",
        r#"34: together "all" parts: there is no call "request"; did you mean "requests"?"#,
    ),
    (
        "[[call]]",
        "[fail]\nwhen = [{ kind = \"not_foud\" }]\n[[call]]",
        "31: fail when 1 kind must be one of invalid_argument, wrong_type, connection_failed, certificate_rejected, connection_lost, request_timeout, incomplete_response, response_too_large, server_error, rate_limited, authentication_failed, mfa_required, permission_denied, invalid_request, not_found, unexpected_redirect, unexpected_response, inconsistent_response, forked_process, shutting_down, internal, not \"not_foud\"; did you mean \"not_found\"?\n31: fail when 1 needs advice, for example advice = \"ask again later\"",
    ),
    (
        "[[call]]",
        "[fail]\nwhen = [{ status = 70000, advice = \"a\" }]\n[[call]]",
        "31: fail when 1 status must be a whole number from 0 to 65535, not 70000",
    ),
    (
        "[[call]]",
        "[fail]\nwhen = [{ call = \"reqests\", advice = \"a\" }]\n[[call]]",
        r#"31: fail when 1 call: there is no call "reqests"; did you mean "requests"?"#,
    ),
    (
        "[[call]]",
        "[fail]\nwhen = { status = 404, advice = \"a\" }\n[[call]]",
        "31: fail when must be a list, not a table: write [[fail.when]]",
    ),
    (
        r#"value = "requests""#,
        r#"value = "request""#,
        r#"35: call "requests" meter "requests" value: there is no field of Row "request"; did you mean "requests"?"#,
    ),
    (
        r#"{ time = "date" }"#,
        r#"{ time = "day" }"#,
        r#"28: call "requests" rows: there is no field of Row "day"; did you mean "date"?"#,
    ),
    (
        r#"{ time = "date" }"#,
        r#"{ tiem = "date" }"#,
        r#"28: call "requests" rows tiem is no key that is known here; did you mean "time"?"#,
    ),
    (
        "[like.rows]\n",
        "[like.more]\nlike = \"rows\"\n\n[like.rows]\nlike = \"more\"\n",
        "28: like leads to itself, or through more than 8 blocks: leave one of the links out",
    ),
];

#[test]
fn two_calls_may_have_one_meter_if_no_selection_asks_both() {
    let with = |first: &str, second: &str, unit: &str| {
        let more = format!(
            "like = \"rows\"\n{first}\nmeter = [{{ value = \"requests\", name = \"requests\", unit = \"{unit}\" }}]\n\
             [[call]]\nname = \"others\"\nwire = \"v2/requests\"\ndoc = \"Requests.\"\n{second}"
        );
        mistakes(&[("like = \"rows\"", &more)])
    };
    let (ask, leave) = ("asked_with = \"tenants\"", "asked_without = \"tenants\"");
    assert_eq!(with(leave, ask, "requests"), []);
    assert_eq!(with(ask, leave, "requests"), []);
    let place = "call \"others\" meter \"requests\"";
    let text = format!("{place}: it has another unit or kind than in call \"requests\": make them the same");
    assert_eq!(with(leave, ask, "calls"), [(42, text)]);
    let text = format!("{place}: there are two of that name, which one selection asks: give one of them another name");
    assert_eq!(with(ask, ask, "requests"), [(42, text.clone())]);
    assert_eq!(with(leave, "", "requests"), [(42, text)]);
}

#[test]
fn figures_of_one_meter_are_told_apart_by_their_labels() {
    let one = r#"meter = [{ value = "requests", name = "requests", unit = "requests", doc = "Requests." }]"#;
    let two = |first: &str, second: &str| {
        let figure = |pool| {
            format!(r#"{{ value = "requests", name = "requests", unit = "requests", labels = {{ pool = "{pool}" }} }}"#)
        };
        let both = format!("meter = [{}, {}]", figure(first), figure(second));
        mistakes(&[(one, &both)])
    };
    assert_eq!(two("own", "shared"), []);
    let told = two("own", "own");
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains("there are two of that name"), "{told:?}");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_their_lines() {
    let changes = &[
        ("title = ", "titel = "),
        ("secret = true", "secret = 1"),
        (r#"unit = "requests""#, r#"kind = "x""#),
        ("v1/requests", "v1/{x}"),
        (r#"accepts = { texts = "plain" }"#, r#"accepts = { texts = "plane" }"#),
    ];
    let expected = [
        (1, r#"the document needs title, for example title = "Acme Cloud""#),
        (4, r#"titel is no key that is known here; did you mean "title"?"#),
        (
            7,
            r#"auth: there is no secret of the account "api_key"; none is known here"#,
        ),
        (10, "account api_key secret must be a boolean, not 1"),
        (
            14,
            r#"select tenants accepts: there is no check of texts "plane"; did you mean "plain"?"#,
        ),
        (
            32,
            r#"call "requests" wire: there is no argument "x"; known here: start, end, api_key"#,
        ),
        (
            35,
            r#"call "requests" meter "requests" kind must be one of sum, cumulative, peak, gauge, not "x""#,
        ),
        (
            35,
            r#"call "requests" meter "requests" needs unit, for example unit = "requests""#,
        ),
    ];
    assert_eq!(mistakes(changes), expected.map(|(line, said)| (line, said.to_owned())));
}

#[test]
fn a_document_of_two_mebibytes_is_not_read() {
    let title = format!("title = {:?}", "x".repeat(2 << 20));
    let told = mistakes(&[("title = \"Acme Cloud\"", &title)]);
    let text = "the document has 2097926 bytes, of which at most 1048576 are read: make it shorter";
    assert_eq!(told, [(1, text.to_owned())]);
}

#[test]
fn what_is_no_text_of_toml_at_all_is_one_mistake_or_some_and_never_a_panic() {
    for text in [
        "\0",
        "=",
        "[",
        "[[[",
        "{}",
        "\u{feff}",
        "a = '",
        "\"\"\"",
        "a.b.c = 1\na.b = 2",
    ] {
        assert!(!check(text, &[]).unwrap_err().is_empty(), "{text:?}");
    }
}

/// How deep a document may nest is the parser's affair; it must not be the stack's.
#[test]
fn a_deep_document_does_not_end_the_process() {
    let deep = format!("{}a = {}{}", SOUND, "[".repeat(20_000), "]".repeat(20_000));
    assert!(!check(&deep, &[]).unwrap_err().is_empty());
    let link = |place: usize| format!("[like.l{place}]\nlike = \"l{}\"\n", place + 1);
    let chain: String = (0..2_000).map(link).collect();
    let told = mistakes(&[("[like.rows]", &format!("{chain}[like.rows]\nlike = \"l0\""))]);
    assert!(
        told.iter().any(|(_, said)| said.starts_with("like leads to itself")),
        "{told:?}"
    );
}
