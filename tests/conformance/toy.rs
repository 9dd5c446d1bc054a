//! A sixth provider: what it takes to have one. It counts parcels, and is nowhere.

use jiff::Timestamp;
use metertap::meters::Sink;
use metertap::service::{
    Account, Asked, Call, Facts, Operation, PlannedCall, Proof, Prose, Provider, Reply, Request, SecretField,
};
use metertap::signing;
use metertap::values::arguments::{Accepts, Argument, Arguments, Needed};
use metertap::values::error::{Error, Result};
use metertap::values::json::Json;
use metertap::values::shape::{Field, Holds, Shape};
use metertap::values::text::query;

/// The provider.
pub struct Toy;

static FACTS: Facts = Facts {
    name: "toy",
    class: "Toy",
    title: "Toy Parcels",
    doc: "Toy Parcels: how many were sent.",
    notes: "",
    base_url: Some("https://parcels.example.com/v2"),
    page: "https://parcels.example.com/docs",
    settings: &[],
    secrets: &[SecretField {
        name: "api_key",
        doc: "the key of the depot",
    }],
    keywords: &["api_key"],
    required: &["api_key"],
    environment: &[("api_key", "TOY_API_KEY")],
    operations: &[Operation {
        name: "parcels_by_day",
        wire: "parcels/daily",
        doc: "Parcels sent on each day.",
        page: "https://parcels.example.com/docs/daily",
        arguments: &[START, END],
        range: Some(("start", "end")),
        returns: Holds::List(&Holds::Record(&ROW)),
        repeatable: true,
        prose: Prose::NONE,
    }],
    sources: &[],
    selection: &[],
    composites: &[],
    concurrency: 2,
    per_second: None,
};

const START: Argument = Argument {
    name: "start",
    accepts: Accepts::Moment,
    needed: Needed::Required,
    doc: "the first day",
};
const END: Argument = Argument {
    name: "end",
    doc: "the day after the last",
    ..START
};

static ROW: Shape = Shape {
    name: "Parcels",
    fields: &[
        Field {
            wire: "day",
            name: "day",
            holds: Holds::Day,
        },
        Field {
            wire: "count",
            name: "count",
            holds: Holds::Integer,
        },
    ],
};

impl Provider for Toy {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn check_account(&self, account: &Account) -> Result<()> {
        let missing = Error::invalid("Toy Parcels needs an api_key");
        if account.has("api_key") { Ok(()) } else { Err(missing) }
    }

    fn request(&self, account: &Account, call: &Call) -> Result<Request> {
        let text = |name: &str| {
            call.arguments
                .instant(name)
                .map(|at| at.at.to_string())
                .unwrap_or_default()
        };
        let (start, end) = (text("start"), text("end"));
        let query = query([("start", start.as_str()), ("end", end.as_str())]);
        Ok(Request::get(format!("{}/{}?{query}", account.base_url, call.wire())))
    }

    fn sign(&self, _account: &Account, request: &mut Request, proof: &Proof<'_>) -> Result<()> {
        signing::bearer(request, proof.secrets.get("api_key")?);
        Ok(())
    }

    fn answer<'b>(&self, _call: &Call, reply: &'b Reply) -> Result<Json<'b>> {
        if reply.is_success() {
            return Json::parse(&reply.body);
        }
        Err(reply.status_error(format!("the depot refuses: {}", reply.excerpt(200))))
    }

    fn asked(&self, _selection: &Arguments) -> Result<Vec<Asked>> {
        Ok(Vec::new())
    }

    fn readings(&self, _: &PlannedCall, _: &Json<'_>, _: Timestamp, _: &mut dyn Sink) -> Result<()> {
        Ok(())
    }
}
