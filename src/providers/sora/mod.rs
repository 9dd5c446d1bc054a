//! Shiguredo Sora Cloud: nine counters of "this month up to now", and three time series of traffic.

mod meters;
mod model;
mod query;
mod read;

use jiff::Timestamp;

use crate::meters::Sink;
use crate::service::{
    Account, Asked, Call, Composite, Facts, Operation, PlannedCall, Proof, Provider, Reply, Request, SecretField,
};
use crate::signing;
use crate::values::arguments::{Accepts, Argument, Arguments, Needed};
use crate::values::error::{Error, Result};
use crate::values::json::Json;
use crate::values::shape::Holds;

/// The provider.
#[derive(Debug)]
pub struct Sora;

const STATUS_PAGE: &str = "https://doc.sora-cloud.shiguredo.app/org_api_status.html";
const TRAFFIC_PAGE: &str = "https://doc.sora-cloud.shiguredo.app/org_api_traffic.html";
const PROJECT_PAGE: &str = "https://doc.sora-cloud.shiguredo.app/project_api_traffic.html";

static FACTS: Facts = Facts {
    name: "sora",
    title: "Sora Cloud",
    base_url: Some("https://api.sora-cloud.shiguredo.app"),
    page: STATUS_PAGE,
    settings: &[],
    secrets: &[SecretField {
        name: "api_key",
        doc: "the API key of the organisation (or of the project, for project calls)",
    }],
    environment: &[],
    operations: OPERATIONS,
    sources: &meters::SOURCES,
    selection: meters::SELECTION,
    composites: &[Composite {
        name: "status_this_month",
        record: "StatusThisMonth",
        doc: "All nine counters of this month so far, of one and the same month.",
        parts: &[
            "total_connections_this_month",
            "total_sessions_this_month",
            "total_duration_min_this_month",
            "total_traffic_this_month",
            "max_concurrent_connections_this_month",
            "max_bandwidth_mbps_this_month",
            "total_api_requests_this_month",
            "total_sora_api_requests_this_month",
            "total_webhook_requests_this_month",
        ],
    }],
    // No limit is documented; nine calls make one snapshot, so a few at once are enough.
    concurrency: 4,
    per_second: None,
};

impl Provider for Sora {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn bearer(&self) -> &'static [&'static str] {
        &["api_key"]
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        if account.has("api_key") {
            return Ok(());
        }
        Err(Error::invalid("Sora needs an api_key"))
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        Ok(query::request(account, call))
    }

    fn sign(&self, _account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        signing::bearer(request, proof.secrets.get("api_key")?);
        Ok(())
    }

    fn answer<'b>(&self, _call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        read::answer(reply)
    }

    fn asked(&self, selection: &Arguments) -> Result<Vec<Asked>> {
        meters::asked(selection)
    }

    fn readings(
        &self,
        call: &PlannedCall,
        document: &Json<'_>,
        fetched_at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        meters::readings(call, document, fetched_at, sink)
    }
}

static OPERATIONS: &[Operation] = &[
    counter(
        "total_connections_this_month",
        "orgs/get-total-connections-this-month",
        "Connections of this month so far.",
    ),
    counter(
        "total_sessions_this_month",
        "orgs/get-total-sessions-this-month",
        "Sessions of this month so far.",
    ),
    counter(
        "total_duration_min_this_month",
        "orgs/get-total-duration-min-this-month",
        "Minutes of connection of this month so far; a connection under one minute counts as 0.",
    ),
    Operation {
        returns: Holds::Record(&model::TRAFFIC),
        ..counter(
            "total_traffic_this_month",
            "orgs/get-total-traffic-this-month",
            "Bytes of ingress and egress this month so far, presumably as the service received and sent them.",
        )
    },
    counter(
        "max_concurrent_connections_this_month",
        "orgs/get-max-concurrent-connections-this-month",
        "The most connections at once this month so far; a peak, never to be summed.",
    ),
    counter(
        "max_bandwidth_mbps_this_month",
        "orgs/get-max-bandwidth-mbps-this-month",
        "The highest bandwidth this month so far, in whole Mbit/s, floored; a peak, never to be summed.",
    ),
    counter(
        "total_api_requests_this_month",
        "orgs/get-total-api-requests-this-month",
        "Requests to the Sora Cloud API this month so far.",
    ),
    counter(
        "total_sora_api_requests_this_month",
        "orgs/get-total-sora-api-requests-this-month",
        "Requests to the Sora API through the cloud this month so far; another counter than the Sora Cloud API's.",
    ),
    counter(
        "total_webhook_requests_this_month",
        "orgs/get-total-webhook-requests-this-month",
        "Webhook requests of this month so far.",
    ),
    Operation {
        arguments: &[
            Argument {
                name: "year",
                accepts: Accepts::Whole(2000, 9999),
                needed: Needed::Required,
                doc: "the calendar year (UTC assumed)",
            },
            Argument {
                name: "month",
                accepts: Accepts::Whole(1, 12),
                needed: Needed::Required,
                doc: "the calendar month, 1 to 12",
            },
        ],
        page: TRAFFIC_PAGE,
        returns: Holds::List(&Holds::Record(&model::TRAFFIC_BY_DATE)),
        ..counter(
            "traffics_for_month",
            "orgs/get-traffics-for-month",
            "One row per day of a month of the organisation.",
        )
    },
    Operation {
        page: PROJECT_PAGE,
        returns: Holds::List(&Holds::Record(&model::TRAFFIC_BY_TIMESTAMP)),
        ..counter(
            "project_traffics_last_year",
            "projects/list-traffics-last-year",
            "One row per month of the project's last year.",
        )
    },
    Operation {
        page: PROJECT_PAGE,
        returns: Holds::List(&Holds::Record(&model::TRAFFIC_BY_TIMESTAMP)),
        ..counter(
            "project_traffics_last_month",
            "projects/list-traffics-last-month",
            "One row per day of the project's last month.",
        )
    },
];

/// An operation without arguments that answers with a bare integer.
const fn counter(name: &'static str, wire: &'static str, doc: &'static str) -> Operation {
    Operation {
        name,
        wire,
        doc,
        page: STATUS_PAGE,
        arguments: &[],
        range: None,
        returns: Holds::Integer,
        // All of them are reads, although they are sent as POST.
        repeatable: true,
    }
}
