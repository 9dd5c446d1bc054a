//! What `UiPath` counts: licence units, of one code per call.
//!
//! Units of different codes are different units: they add up over tenants, pools, services and folders, but never over
//! codes. Whether a call's end belongs to its range is not documented, so a range is never cut, and figures of whole
//! ranges are never put together over time; those of days are.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{DAILY_PAGE, FACTS, FOLDER_PAGE, SUMMARY_PAGE, TENANT_SUMMARY_PAGE, model, read};
use crate::meters::{
    Buckets, Combine, Flag, Kind, Meter, Reading, Rollup, Rounding, Settles, Sink, Source, Span, Takes, Writes,
};
use crate::service::{Asked, METERS, PlannedCall, wanted};
use crate::values::arguments::{Accepts, Argument, Arguments, Needed, Value, guid, plain};
use crate::values::error::{Error, Result};
use crate::values::json::{At, Json};
use crate::values::shape::day;
use crate::values::window::Instant;

const DAY: i64 = 86_400;

/// What `select` takes.
pub static SELECTION: &[Argument] = &[
    METERS,
    Argument {
        name: "consumable_code",
        accepts: Accepts::Texts(plain),
        // Nobody can guess it, and there is a better message than the usual one.
        needed: Needed::Optional,
        doc: "the units that are counted, for example [\"AIU\", \"PLTU\"]: one call each",
    },
    Argument {
        name: "tenant_id",
        accepts: Accepts::Texts(guid),
        needed: Needed::Optional,
        doc: "the tenants (GUIDs) to ask about, one call each, instead of the whole organization",
    },
];

/// The source that is asked where no tenant is named; the others are asked tenant by tenant.
const SUMMARY: &str = "consumption_summary";

/// Where readings come from, with one meter each.
pub static SOURCES: [Source; 4] = [
    Source {
        meters: &[CONSUMPTION],
        ..source(SUMMARY, SUMMARY_PAGE)
    },
    Source {
        meters: &[CONSUMPTION],
        ..source("tenant_consumption_summary", TENANT_SUMMARY_PAGE)
    },
    Source {
        meters: &[Meter {
            rollup: Rollup {
                over_time: Combine::Add,
                ..WITHIN_CODES
            },
            dimensions: &["consumable_code", "tenant_id", "service"],
            ..meter(
                "uipath.service_consumption",
                "Units of one code that a tenant consumed, by UTC day and service; needs tenant_id.",
            )
        }],
        buckets: Buckets::Every(DAY, 0),
        ..source("daily_consumption_by_service", DAILY_PAGE)
    },
    Source {
        meters: &[Meter {
            dimensions: &["consumable_code", "tenant_id", "folder_key", "folder_name"],
            ..meter(
                "uipath.folder_consumption",
                "Units of one code that a tenant consumed, by folder, each without its descendants; needs tenant_id.",
            )
        }],
        currency: None,
        by_default: false,
        ..source("consumption_by_folder", FOLDER_PAGE)
    },
];

const CONSUMPTION: Meter = Meter {
    dimensions: &["consumable_code", "tenant_id", "pool"],
    ..meter(
        "uipath.consumption",
        "Units of one code that each tenant consumed, from its own pool or the organization's, and those without tenant.",
    )
};

const WITHIN_CODES: Rollup = Rollup {
    over_time: Combine::Refuse,
    over_labels: Combine::AddWithin("consumable_code"),
};

const fn meter(name: &'static str, doc: &'static str) -> Meter {
    Meter {
        name,
        unit: "units",
        kind: Kind::Sum,
        rollup: WITHIN_CODES,
        rounding: Rounding::Exact,
        dimensions: &[],
        doc,
    }
}

const fn source(operation: &'static str, page: &'static str) -> Source {
    Source {
        operation,
        meters: &[],
        takes: Takes::Range("start", "end"),
        buckets: Buckets::Window,
        span: Span::Whole,
        history_days: None,
        widened: 0,
        tells_end: false,
        writes: Writes::Unknown,
        ready: Settles::Unknown,
        settles: Settles::Unknown,
        currency: None,
        by_default: true,
        page,
    }
}

/// Which sources a selection takes, and with which arguments: one call per code, and per tenant if tenants are named.
pub fn asked(selection: &Arguments) -> Result<Vec<Asked>> {
    let sources = wanted(&FACTS, selection)?;
    let codes = selection.distinct_texts("consumable_code");
    if codes.is_empty() {
        return Err(Error::invalid(
            "UiPath counts the units of one code at a time, and nobody can guess which; name them: \
             uipath.select(consumable_code=[\"AIU\"])",
        ));
    }
    let tenants = tenants(selection)?;
    let mut all = Vec::new();
    for (source, meters) in sources {
        if tenants.is_empty() != (source.operation == SUMMARY) {
            continue;
        }
        for code in &codes {
            let code = ("consumable_code".to_owned(), Value::Text((*code).to_owned()));
            if tenants.is_empty() {
                all.push(Asked::of(source, meters.clone(), vec![code.clone()]));
            }
            for tenant in &tenants {
                let tenant = ("tenant_id".to_owned(), Value::Text((*tenant).to_owned()));
                all.push(Asked::of(source, meters.clone(), vec![tenant, code.clone()]));
            }
        }
    }
    Ok(all)
}

/// The tenants that are asked about, each once: GUIDs mean the same in any case of letters.
fn tenants(selection: &Arguments) -> Result<Vec<&str>> {
    let mut seen = HashSet::new();
    let mut tenants = selection.texts("tenant_id");
    tenants.retain(|tenant| seen.insert(tenant.to_ascii_lowercase()));
    let names = selection.texts("meters");
    match names.iter().find(|name| **name != CONSUMPTION.name) {
        Some(name) if tenants.is_empty() => Err(Error::invalid(format!(
            "{name} is counted tenant by tenant; name them: uipath.select(meters=[{name:?}], \
             consumable_code=[\"AIU\"], tenant_id=[\"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\"])"
        ))),
        _ => Ok(tenants),
    }
}

/// The readings in a document.
pub fn readings(call: &PlannedCall, document: &Json<'_>, fetched_at: Timestamp, sink: &mut dyn Sink) -> Result<()> {
    let root = At::root(document);
    let arguments = &call.call.arguments;
    let mut page = Page {
        call,
        code: arguments.text("consumable_code"),
        tenant: arguments.text("tenant_id"),
        window: (call.request.start().at, call.request.end().at),
        fetched_at,
        sink,
    };
    match call.asked.source.operation {
        "daily_consumption_by_service" => read::in_rows(&model::SERVICE_CONSUMPTION, &root, |rows| page.services(rows)),
        "consumption_by_folder" => read::in_rows(&model::FOLDER_CONSUMPTION, &root, |rows| page.folders(rows)),
        _ => page.summary(&root),
    }
}

/// Where the readings of one answer go.
struct Page<'a> {
    call: &'a PlannedCall,
    code: Option<&'a str>,
    tenant: Option<&'a str>,
    window: (Timestamp, Timestamp),
    fetched_at: Timestamp,
    sink: &'a mut dyn Sink,
}

impl Page<'_> {
    fn summary(&mut self, root: &At<'_, '_>) -> Result<()> {
        read::refuse_stranger(&model::CONSUMPTION_SUMMARY, root)?;
        let path = root.path();
        if let Some(items) = root.get(&path, "tenantConsumptionItems")? {
            let path = items.path();
            for (index, item) in items.list()?.iter().enumerate() {
                self.tenant(&At::item(&path, index, item))?;
            }
        }
        // It is the organization's figure even in an answer about one tenant, and would count once per tenant.
        if self.tenant.is_none() {
            let labels = [self.code, None, Some("organization_without_tenant")];
            self.put(root, "consumedFromOrgWithoutTenant", &labels, self.window)?;
        }
        Ok(())
    }

    fn tenant(&mut self, item: &At<'_, '_>) -> Result<()> {
        let path = item.path();
        let tenant = item.need(&path, "tenantId")?.text()?;
        if self.tenant.is_some_and(|asked| !asked.eq_ignore_ascii_case(tenant)) {
            // In the answer about itself it would count again.
            self.sink
                .note(format!("{path}: a tenant that was not asked about is left out"));
            return Ok(());
        }
        let tenant = in_one_case(tenant);
        let tenant = self.tenant.or(Some(tenant.as_ref()));
        for (key, pool) in [
            ("consumedFromTenantPool", "tenant"),
            ("consumedFromOrgPool", "organization"),
        ] {
            self.put(item, key, &[self.code, tenant, Some(pool)], self.window)?;
        }
        Ok(())
    }

    fn services(&mut self, rows: &At<'_, '_>) -> Result<()> {
        let path = rows.path();
        for (index, row) in rows.list()?.iter().enumerate() {
            let row = At::item(&path, index, row);
            let path = row.path();
            let date = row.need(&path, "date")?;
            let start = Instant::midnight(day(&date)?)?.at;
            let end = start.checked_add(SignedDuration::from_secs(DAY));
            let end = end.map_err(|_| date.expected("a date before the year 10000"))?;
            let service = text_if_any(&row, "service")?;
            self.put(&row, "consumedAmount", &[self.code, self.tenant, service], (start, end))?;
        }
        Ok(())
    }

    fn folders(&mut self, rows: &At<'_, '_>) -> Result<()> {
        let path = rows.path();
        for (index, row) in rows.list()?.iter().enumerate() {
            let row = At::item(&path, index, row);
            let (key, name) = (text_if_any(&row, "folderKey")?, text_if_any(&row, "folderName")?);
            let key = key.map(in_one_case);
            self.put(
                &row,
                "consumedBySelf",
                &[self.code, self.tenant, key.as_deref(), name],
                self.window,
            )?;
        }
        Ok(())
    }

    /// The reading of a number, or a note that there is none.
    fn put(
        &mut self,
        at: &At<'_, '_>,
        key: &str,
        labels: &[Option<&str>],
        (start, end): (Timestamp, Timestamp),
    ) -> Result<()> {
        let Some(quantity) = at.number_if_any(key)? else {
            self.sink.note(format!("{}.{key}: there is no number", at.path()));
            // Null is missing; a pool or an amount that is not named may have none.
            let is_null = at.value.get(key) == Some(&Json::Null);
            for (place, _) in self.call.asked.wanted().filter(|_| is_null) {
                self.sink.null(place, labels, start, end);
            }
            return Ok(());
        };
        for (place, meter) in self.call.asked.wanted() {
            let flags = meter.flags(quantity);
            let is_partial = end > self.fetched_at;
            self.sink.reading(Reading {
                meter: place,
                labels,
                start: Some(start),
                end: Some(end),
                quantity,
                cost: None,
                flags: if is_partial {
                    flags.with(Flag::PartialBucket)
                } else {
                    flags
                },
            });
        }
        Ok(())
    }
}

/// GUIDs mean the same in any case of letters, so that one in two cases is one label; other texts are what they are.
fn in_one_case(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) && guid(text).is_ok() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

/// A text of an object; nothing where it is null or missing, as for what was used outside folders.
fn text_if_any<'j>(at: &At<'j, '_>, key: &str) -> Result<Option<&'j str>> {
    match at.value.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(other) => Err(At::member(&at.path(), key, other).expected("a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::testing::{Lines, asked, asked_lines, planned, read, text, texts};
    use crate::providers::uipath::UiPath;
    use crate::values::error::Kind as Problem;

    macro_rules! fixture {
        ($case:literal) => {
            include_bytes!(concat!("../../../tests/fixtures/uipath/", $case, "/reply.body"))
        };
    }

    const TENANT: &str = "7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44";
    const OTHER: &str = "00000000-0000-0000-0000-000000000002";
    const JANUARY: (&str, &str) = ("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z");
    const LATER: &str = "2024-05-01T00:00:00Z";

    /// A selection of one code, and of more.
    fn select(more: &[(String, Value)]) -> Vec<(String, Value)> {
        let mut selection = vec![text("consumable_code", "AIU")];
        selection.extend_from_slice(more);
        selection
    }

    fn of_tenant(meter: &str) -> Vec<(String, Value)> {
        select(&[text("tenant_id", TENANT), text("meters", meter)])
    }

    fn lines(operation: &str, selection: Vec<(String, Value)>, body: &[u8]) -> Lines {
        read(&UiPath, &planned(&UiPath, operation, selection, JANUARY), body, LATER).unwrap()
    }

    fn summary(body: &[u8]) -> Lines {
        lines(SUMMARY, select(&[]), body)
    }

    /// The readings of `uipath.consumption` without what all of them share.
    fn short(lines: &Lines) -> Vec<String> {
        let shorten = |line: &String| {
            line.replace(" 2024-01-01/2024-02-01", "")
                .replace("uipath.consumption", "")
        };
        lines.readings.iter().map(shorten).collect()
    }

    #[test]
    fn every_code_is_a_call_and_every_tenant_is_one() {
        for (selection, expected) in [
            (
                vec![texts("consumable_code", &["AIU", "PLTU", "AIU"])],
                vec![
                    r#"consumption_summary consumable_code="AIU" [0]"#,
                    r#"consumption_summary consumable_code="PLTU" [0]"#,
                ],
            ),
            (
                select(&[texts("tenant_id", &[OTHER, TENANT, &TENANT.to_uppercase()])]),
                vec![
                    r#"tenant_consumption_summary tenant_id="00000000-0000-0000-0000-000000000002" consumable_code="AIU" [0]"#,
                    r#"tenant_consumption_summary tenant_id="7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44" consumable_code="AIU" [0]"#,
                    r#"daily_consumption_by_service tenant_id="00000000-0000-0000-0000-000000000002" consumable_code="AIU" [0]"#,
                    r#"daily_consumption_by_service tenant_id="7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44" consumable_code="AIU" [0]"#,
                ],
            ),
            (
                select(&[text("meters", "uipath.consumption")]),
                vec![r#"consumption_summary consumable_code="AIU" [0]"#],
            ),
            (
                of_tenant("uipath.folder_consumption"),
                vec![
                    r#"consumption_by_folder tenant_id="7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44" consumable_code="AIU" [0]"#,
                ],
            ),
        ] {
            assert_eq!(asked_lines(&UiPath, selection), expected);
        }
    }

    #[test]
    fn what_nobody_can_guess_is_an_error_that_shows_what_to_write() {
        for (selection, message) in [
            (
                vec![],
                "UiPath counts the units of one code at a time, and nobody can guess which; name them: \
                 uipath.select(consumable_code=[\"AIU\"])",
            ),
            (
                select(&[text("meters", "uipath.service_consumption")]),
                "uipath.service_consumption is counted tenant by tenant; name them: \
                 uipath.select(meters=[\"uipath.service_consumption\"], consumable_code=[\"AIU\"], \
                 tenant_id=[\"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\"])",
            ),
            (
                select(&[text("meters", "uipath.consumtion")]),
                "UiPath has no meter \"uipath.consumtion\"; did you mean \"uipath.consumption\"?",
            ),
            (
                select(&[text("tenant_id", "acme")]),
                "tenant_id must be a GUID like \"7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44\", not \"acme\"",
            ),
        ] {
            let error = asked(&UiPath, selection).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::InvalidArgument, message)
            );
        }
    }

    #[test]
    fn a_source_is_an_operation_and_only_days_add_up_over_time() {
        for source in &SOURCES {
            let operation = FACTS.operations.iter().find(|known| known.name == source.operation);
            assert_eq!(operation.unwrap().page, source.page);
            let is_by_day = source.buckets == Buckets::Every(DAY, 0);
            assert_eq!(source.meters[0].rollup.over_time == Combine::Add, is_by_day);
            assert_eq!(
                source.meters[0].rollup.over_labels,
                Combine::AddWithin("consumable_code")
            );
        }
    }

    #[test]
    fn a_summary_has_every_pool_and_what_belongs_to_no_tenant() {
        assert_eq!(
            summary(fixture!("consumption_summary_fractions")),
            Lines {
                readings: [
                    "uipath.consumption[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,tenant] 2024-01-01/2024-02-01 800",
                    "uipath.consumption[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] \
                     2024-01-01/2024-02-01 150.25",
                    "uipath.consumption[AIU,-,organization_without_tenant] 2024-01-01/2024-02-01 12.5",
                ]
                .map(str::to_owned)
                .to_vec(),
                notes: vec![],
            }
        );
        for body in [
            &fixture!("consumption_summary_items_absent")[..],
            fixture!("consumption_summary_items_empty"),
            fixture!("consumption_summary_items_null"),
        ] {
            let found = summary(body);
            assert_eq!(short(&found), ["[AIU,-,organization_without_tenant] 3"]);
            assert_eq!(found.notes, [""; 0]);
        }
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!(
            short(&summary(fixture!("exact_numbers"))),
            [
                "[AIU,00000000-0000-0000-0000-000000000001,tenant] 0.25",
                "[AIU,00000000-0000-0000-0000-000000000001,organization] 149514.99999999997",
                "[AIU,00000000-0000-0000-0000-000000000002,tenant] 18446744073709551615",
                "[AIU,00000000-0000-0000-0000-000000000002,organization] 0.1",
                "[AIU,00000000-0000-0000-0000-000000000003,tenant] 4503380.1",
                "[AIU,00000000-0000-0000-0000-000000000003,organization] 0",
                "[AIU,-,organization_without_tenant] 0",
            ]
        );
        let rounded = summary(br#"{"consumedFromOrgWithoutTenant":2.5e-18}"#);
        assert_eq!(
            short(&rounded),
            ["[AIU,-,organization_without_tenant] 0.000000000000000002 rounded"]
        );
    }

    #[test]
    fn a_missing_number_is_noted_and_never_zero() {
        let found = summary(fixture!("consumption_summary_null_quantity"));
        assert_eq!(
            short(&found),
            ["[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] 0"]
        );
        assert_eq!(
            found.notes,
            [
                "$.tenantConsumptionItems[0].consumedFromTenantPool: there is no number",
                "$.consumedFromOrgWithoutTenant: there is no number",
            ]
        );
        let days = lines(
            "daily_consumption_by_service",
            of_tenant("uipath.service_consumption"),
            br#"{"rows":[{"date":"2024-01-15","service":"robots","consumedAmount":null}]}"#,
        );
        assert_eq!(days.readings, [""; 0]);
        assert_eq!(days.notes, ["$.rows[0].consumedAmount: there is no number"]);
    }

    #[test]
    fn one_tenants_summary_leaves_out_what_is_not_the_tenants() {
        let found = lines(
            "tenant_consumption_summary",
            of_tenant("uipath.consumption"),
            fixture!("tenant_consumption_summary"),
        );
        assert_eq!(
            short(&found),
            [
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,tenant] 800",
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] 150.25",
            ]
        );
        assert_eq!(found.notes, [""; 0]);

        let body = format!(
            r#"{{"tenantConsumptionItems":[{{"tenantId":"{}","consumedFromTenantPool":1,"consumedFromOrgPool":2}},
                {{"tenantId":"{OTHER}","consumedFromTenantPool":9,"consumedFromOrgPool":9}}]}}"#,
            TENANT.to_uppercase()
        );
        let found = lines(
            "tenant_consumption_summary",
            of_tenant("uipath.consumption"),
            body.as_bytes(),
        );
        assert_eq!(
            short(&found),
            [
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,tenant] 1",
                "[AIU,7c0e3f0a-52d1-4a7e-9a35-0d6b1f2c8e44,organization] 2",
            ]
        );
        assert_eq!(
            found.notes,
            ["$.tenantConsumptionItems[1]: a tenant that was not asked about is left out"]
        );
    }

    #[test]
    fn days_have_their_own_windows_in_any_notation() {
        let found = lines(
            "daily_consumption_by_service",
            of_tenant("uipath.service_consumption"),
            fixture!("daily_consumption_date_forms"),
        );
        let line = |start: &str, end: &str, quantity: &str| {
            format!("uipath.service_consumption[AIU,{TENANT},orchestrator] {start}/{end} {quantity}")
        };
        assert_eq!(
            found.readings,
            [
                line("2024-01-15", "2024-01-16", "1"),
                line("2024-01-16", "2024-01-17", "2"),
                line("2024-01-17", "2024-01-18", "3"),
            ]
        );
    }

    #[test]
    fn folders_are_read_and_use_outside_of_them_too() {
        let selection = || of_tenant("uipath.folder_consumption");
        let found = lines("consumption_by_folder", selection(), fixture!("consumption_by_folder"));
        assert_eq!(
            found.readings,
            [format!(
                "uipath.folder_consumption[AIU,{TENANT},0d6b1f2c-8e44-4a7e-9a35-7c0e3f0a52d1,Shared] \
                 2024-01-01/2024-02-01 42"
            )]
        );
        let body = br#"[{"folderKey":null,"consumedBySelf":0.5}]"#;
        let found = lines("consumption_by_folder", selection(), body);
        assert_eq!(
            found.readings,
            [format!(
                "uipath.folder_consumption[AIU,{TENANT},-,-] 2024-01-01/2024-02-01 0.5"
            )]
        );
    }

    #[test]
    fn a_window_that_is_not_over_says_so() {
        let call = planned(&UiPath, SUMMARY, select(&[]), JANUARY);
        let body = fixture!("consumption_summary_items_absent");
        let found = read(&UiPath, &call, body, "2024-01-31T23:59:59Z").unwrap();
        assert_eq!(short(&found), ["[AIU,-,organization_without_tenant] 3 partial_bucket"]);
        let over = read(&UiPath, &call, body, "2024-02-01T00:00:00Z").unwrap();
        assert_eq!(short(&over), ["[AIU,-,organization_without_tenant] 3"]);
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_place() {
        let (daily, folders) = ("daily_consumption_by_service", "consumption_by_folder");
        for (operation, meter, body, message) in [
            (SUMMARY, "", "[]", "$: expected an object, found an array"),
            (
                SUMMARY,
                "",
                r#"{"stranger":"x"}"#,
                "$: none of the fields consumedFromOrgWithoutTenant, tenantConsumptionItems is there",
            ),
            (
                SUMMARY,
                "",
                r#"{"tenantConsumptionItems":[{"consumedFromOrgPool":1}]}"#,
                "$.tenantConsumptionItems[0].tenantId: the field is missing",
            ),
            (
                SUMMARY,
                "",
                r#"{"tenantConsumptionItems":[{"tenantId":"a","consumedFromTenantPool":"1"}]}"#,
                "$.tenantConsumptionItems[0].consumedFromTenantPool: expected a number, found a string",
            ),
            (
                daily,
                "uipath.service_consumption",
                r#"{"a":[],"b":[]}"#,
                "$: expected an array, or an object with exactly one",
            ),
            (
                daily,
                "uipath.service_consumption",
                r#"[{"service":"a"}]"#,
                "$[0].date: the field is missing",
            ),
            (
                daily,
                "uipath.service_consumption",
                r#"[{"date":"2024-13-01"}]"#,
                "$[0].date: \"2024-13-01\" is no date",
            ),
            (
                folders,
                "uipath.folder_consumption",
                r#"{"rows":[{"folderKey":7}]}"#,
                "$.rows[0].folderKey: expected a string, found a number",
            ),
        ] {
            let selection = if meter.is_empty() {
                select(&[])
            } else {
                of_tenant(meter)
            };
            let call = planned(&UiPath, operation, selection, JANUARY);
            let error = read(&UiPath, &call, body.as_bytes(), LATER).unwrap_err();
            assert_eq!(
                (error.kind, error.message.as_str()),
                (Problem::UnexpectedResponse, message)
            );
        }
    }
}
