//! Plans, runs and usages, as Python sees them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList};
use serde_json::json;

use super::call::{promise, wait_for_batch};
use super::client::Client;
use super::convert::{Text, arguments, datetime, from_python, moment_of};
use super::errors::{class_name, to_python};
use super::events::Listener;
use super::table::Table;
use crate::engine::run::{Job, read, replay as replay_archive};
use crate::engine::{canned as answers, clock};
use crate::plan::{self, Part, PlannedAccount, Question};
use crate::providers::registry::{self, All, all};
use crate::service::{PlannedCall, Reply};
use crate::spec::document;
use crate::usage::rollup::{Door, RollUp, refuse_early};
use crate::usage::{self, Evidence, Outcome};
use crate::values::error::{Error, Result};
use crate::values::period::Every;
use crate::values::window::{Instant, Window};
use crate::values::zone::{Told, Zone};

/// A plan.
#[pyclass(frozen, module = "metertap._core")]
pub struct Plan(pub(super) plan::Plan);

/// A time zone, as Python tells it: by its name, or by its offsets.
#[derive(FromPyObject)]
enum ToldZone {
    Name(Text),
    Offsets(Vec<(i64, i32)>),
}

impl From<ToldZone> for Told {
    fn from(told: ToldZone) -> Self {
        match told {
            ToldZone::Name(name) => Self::Name(name.0),
            ToldZone::Offsets(offsets) => Self::Offsets(offsets),
        }
    }
}

/// A row of a plan's summary: account, provider, operation, calls, start, end, what cut it, least seconds.
type PlanRow<'py> = (
    String,
    &'static str,
    &'static str,
    usize,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    String,
    f64,
);

/// A range of the question: start and end.
type Range<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

#[pymethods]
impl Plan {
    #[new]
    #[pyo3(signature = (parts, *, start, end, now, zone, every))]
    #[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
    fn new(
        py: Python<'_>,
        parts: Vec<(PyRef<'_, Client>, Bound<'_, PyDict>)>,
        start: &Bound<'_, PyAny>,
        end: &Bound<'_, PyAny>,
        now: &Bound<'_, PyAny>,
        zone: ToldZone,
        every: Option<Text>,
    ) -> PyResult<Self> {
        let refuse = |error: Error| to_python(py, &error);
        let now = match from_python(now, "now")? {
            crate::values::arguments::Value::Nothing => clock::now(jiff::SignedDuration::ZERO),
            given => moment_of(given, "now").map_err(refuse)?.at,
        };
        let start = moment_of(from_python(start, "start")?, "start").map_err(refuse)?;
        let end = moment_of(from_python(end, "end")?, "end").map_err(refuse)?;
        let window = Window::new(start, end).map_err(refuse)?;
        let mut asked = Vec::with_capacity(parts.len());
        for (client, selection) in &parts {
            asked.push(part(client, selection)?);
        }
        plan::Plan::make(&Question {
            zone: Zone::new(zone.into()).map_err(refuse)?,
            every: every
                .as_ref()
                .map(|every| Every::named(&every.0))
                .transpose()
                .map_err(refuse)?,
            window,
            now,
            parts: asked,
        })
        .map(Self)
        .map_err(refuse)
    }

    /// Reads what `to_json` wrote.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: Text) -> PyResult<Self> {
        let Text(text) = text;
        plan::Plan::from_json(&text, &All)
            .map(Self)
            .map_err(|error| to_python(py, &error))
    }

    /// The plan as JSON.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// One part of the plan.
    fn shard(&self, py: Python<'_>, index: &Bound<'_, PyAny>, of: &Bound<'_, PyAny>) -> PyResult<Self> {
        let refuse = |error: Error| to_python(py, &error);
        let number = |given: &Bound<'_, PyAny>, name: &str| -> PyResult<usize> {
            // True is an int for Python, and would be the second part.
            let is_bool = given.is_instance_of::<PyBool>();
            let whole = given.extract::<i64>().ok().filter(|_| !is_bool);
            let whole = whole.and_then(|number| usize::try_from(number).ok());
            whole.ok_or_else(|| refuse(Error::invalid(format!("{name} must be an int of at least 0"))))
        };
        self.0
            .shard(number(index, "index")?, number(of, "of")?)
            .map(Self)
            .map_err(refuse)
    }

    /// The plan in plans of whole sources of one account, at most so many of an account.
    fn by_sources(&self, most: usize) -> Vec<Self> {
        self.0.by_sources(most).into_iter().map(Self).collect()
    }

    /// The usage of this plan before any call was made: its tables have the columns that they will have.
    fn blank(&self, py: Python<'_>) -> PyResult<Usage> {
        usage::Usage::assemble(&self.0, Vec::new())
            .map(|usage| Usage(Arc::new(usage)))
            .map_err(|error| to_python(py, &error))
    }

    /// Refuses a roll-up by these periods if its buckets are too long for that, in the words of the command line.
    fn refuse_rollup(&self, py: Python<'_>, every: &str) -> PyResult<()> {
        let outcome = Every::named(every).and_then(|every| refuse_early(&self.0, every, Door::CommandLine));
        outcome.map_err(|error| to_python(py, &error))
    }

    /// What was asked: the time zone as it was told, the time it was made for, and the ranges.
    fn question<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>, Vec<Range<'py>>)> {
        let zone = match self.0.zone.told() {
            Told::Name(name) => name.into_bound_py_any(py)?,
            Told::Offsets(offsets) => offsets.clone().into_bound_py_any(py)?,
        };
        let moment = |at| datetime(py, Instant::utc(at));
        let ranges = self.0.asked.iter();
        let ranges = ranges.map(|window| Ok((moment(window.start().at)?, moment(window.end().at)?)));
        Ok((zone, moment(self.0.now)?, ranges.collect::<PyResult<_>>()?))
    }

    /// How many calls it has.
    fn count(&self) -> usize {
        self.0.calls.len()
    }

    /// The names of its accounts.
    fn accounts(&self) -> Vec<String> {
        self.0.accounts.iter().map(|account| account.name.clone()).collect()
    }

    /// The least time that all calls take, in seconds.
    fn least_seconds(&self) -> f64 {
        self.0.least_seconds()
    }

    /// The summary.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<PlanRow<'py>>> {
        let row = |row: plan::Row| {
            let (start, end) = (
                datetime(py, Instant::utc(row.start))?,
                datetime(py, Instant::utc(row.end))?,
            );
            Ok((
                row.account,
                row.provider,
                row.operation,
                row.calls,
                start,
                end,
                row.cut_by,
                row.seconds,
            ))
        };
        self.0.table().into_iter().map(row).collect()
    }

    /// The calls.
    fn calls<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let calls = PyList::empty(py);
        for call in &self.0.calls {
            let row = PyDict::new(py);
            row.set_item("id", &call.id)?;
            row.set_item("account", &call.account)?;
            row.set_item("provider", call.provider)?;
            row.set_item("operation", call.call.operation.name)?;
            let given: serde_json::Map<_, _> = call
                .call
                .arguments
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_json()))
                .collect();
            row.set_item("arguments", pythonize::pythonize(py, &given)?)?;
            row.set_item("start", datetime(py, Instant::utc(call.piece.start().at))?)?;
            row.set_item("end", datetime(py, Instant::utc(call.piece.end().at))?)?;
            let wanted = call
                .asked
                .meters
                .iter()
                .filter_map(|place| call.asked.source.meters.get(*place));
            row.set_item("meters", wanted.map(|meter| meter.name).collect::<Vec<_>>())?;
            calls.append(row)?;
        }
        Ok(calls)
    }
}

fn part(client: &Client, selection: &Bound<'_, PyDict>) -> PyResult<Part> {
    let facts = client.0.provider.facts();
    let account = PlannedAccount {
        name: client.0.account.name.clone(),
        provider: facts.name,
        per_second: client.0.per_second(),
        concurrency: client.0.concurrency(),
        identity: client.0.account.identity(),
    };
    Ok(Part {
        account,
        provider: client.0.provider,
        selection: arguments(selection)?,
    })
}

/// A plan on its way to become a usage.
#[pyclass(frozen, module = "metertap._core")]
pub struct Run(Arc<Job>, Option<Arc<Listener>>);

#[pymethods]
impl Run {
    #[new]
    fn new(
        py: Python<'_>,
        plan: &Bound<'_, Plan>,
        clients: HashMap<String, PyRef<'_, Client>>,
        archive: Option<PathBuf>,
        on_event: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let clients = clients
            .into_iter()
            .map(|(name, client)| (name, Arc::clone(&client.0)))
            .collect();
        let job = Job::new(plan.get().0.clone(), clients, archive).map_err(|error| to_python(py, &error))?;
        let listener = on_event.map(|callable| Arc::new(Listener::new(callable)));
        Ok(Self(Arc::new(job), listener))
    }

    /// How many calls have been made.
    #[getter]
    fn done(&self) -> usize {
        self.0.done()
    }

    /// How many there are.
    #[getter]
    fn total(&self) -> usize {
        self.0.total()
    }

    /// Why the archive is not whole, if it is not; known when all calls have been made.
    #[getter]
    fn archive_problem(&self) -> Option<String> {
        self.0.archive_problem().map(|problem| problem.message.clone())
    }

    /// Makes all calls and waits; `watch`, if given, is called now and then with the numbers of calls done and of all.
    fn wait(&self, py: Python<'_>, watch: Option<&Bound<'_, PyAny>>) -> PyResult<Usage> {
        let watch: Option<Py<PyAny>> = watch.map(|watch| watch.clone().unbind());
        let job = Arc::clone(&self.0);
        let shown = Arc::clone(&self.0);
        let show = move |py: Python<'_>| {
            self.deliver(py)?;
            match &watch {
                Some(watch) => watch.call1(py, (shown.done(), shown.total())).map(|_| ()),
                None => Ok(()),
            }
        };
        let outcome = wait_for_batch(py, &show, move |engine, trace| {
            Listener::listen(self.1.as_ref(), &trace);
            async move { engine.run(&job, &trace).await }
        });
        let Ok((usage, _present)) = outcome else {
            self.deliver(py)?;
            return outcome.map(|(usage, _)| Self::usage(usage));
        };
        show(py)?;
        Ok(Self::usage(usage))
    }

    /// Calls `on_event` with what has happened since the last time.
    fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        self.1.as_ref().map_or(Ok(()), |listener| listener.deliver(py))
    }

    /// Makes all calls; the usage is awaited.
    fn awaited<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let job = Arc::clone(&self.0);
        promise(py, move |engine, trace| {
            Listener::listen(self.1.as_ref(), &trace);
            async move { engine.run(&job, &trace).await.map(Self::usage) }
        })
    }
}

impl Run {
    fn usage(usage: usage::Usage) -> Usage {
        Usage(Arc::new(usage))
    }
}

/// Rebuilds a usage from its archive.
#[pyfunction]
#[allow(clippy::needless_pass_by_value)] // the binding hands over owned paths
pub fn replay(py: Python<'_>, folder: PathBuf) -> PyResult<Usage> {
    let usage = py.detach(|| replay_archive(&folder));
    usage
        .map(|usage| Usage(Arc::new(usage)))
        .map_err(|error| to_python(py, &error))
}

/// Makes a usage of the bodies of all answers to a plan, one for each call: what reading costs, without a network or an
/// archive. For the benchmarks.
#[pyfunction]
#[pyo3(name = "_read")]
#[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
pub fn read_bodies(py: Python<'_>, plan: &Plan, bodies: Vec<PyBackedBytes>) -> PyResult<Usage> {
    let now = clock::now(jiff::SignedDuration::ZERO);
    let outcome = |place, call: &PlannedCall, body: &PyBackedBytes| {
        let reply = Reply {
            status: 200,
            body: body.to_vec(),
            ..Reply::default()
        };
        let read = |provider| read(provider, call, &reply, now);
        Outcome {
            call: place,
            evidence: Evidence::answered(now, now, &reply, 1, std::time::Duration::ZERO),
            result: plan
                .0
                .provider(call.provider)
                .map_or_else(|| Err(Error::invalid("no such provider")), read),
        }
    };
    let usage = py.detach(|| {
        let calls = plan.0.calls.iter().zip(&bodies).enumerate();
        let outcomes = calls.map(|(place, (call, body))| outcome(place, call, body));
        usage::Usage::assemble(&plan.0, outcomes.collect())
    });
    usage
        .map(|usage| Usage(Arc::new(usage)))
        .map_err(|error| to_python(py, &error))
}

/// The result of a plan.
#[pyclass(frozen, module = "metertap._core")]
pub struct Usage(pub(super) Arc<usage::Usage>);

#[pymethods]
impl Usage {
    /// The table of readings.
    fn readings(&self) -> Table {
        Table(self.0.readings.clone())
    }

    /// The table of coverage.
    fn coverage(&self) -> Table {
        Table(self.0.coverage.clone())
    }

    /// The table of evidence.
    fn evidence(&self) -> Table {
        Table(self.0.evidence.clone())
    }

    /// The table of holes.
    fn holes(&self, py: Python<'_>) -> PyResult<Table> {
        self.0.holes_table().map(Table).map_err(|error| to_python(py, &error))
    }

    /// The table of what is known of each stretch of time.
    fn timeline(&self, py: Python<'_>) -> PyResult<Table> {
        self.0
            .timeline_table()
            .map(Table)
            .map_err(|error| to_python(py, &error))
    }

    /// The plan.
    fn plan(&self) -> Plan {
        Plan((*self.0.plan).clone())
    }

    /// Which part of a plan this is, for people; nothing if it is the whole.
    fn part(&self) -> Option<String> {
        self.0.plan.part.as_ref().map(ToString::to_string)
    }

    /// What failed or is missing: the state, and a sentence.
    fn lost(&self) -> Vec<(&'static str, String)> {
        self.0
            .missing()
            .map(|hole| (hole.state.name(), hole.sentence()))
            .collect()
    }

    /// How many calls its plan has, and how many of them were answered.
    fn calls(&self) -> (usize, usize) {
        let answered = self
            .0
            .fates
            .iter()
            .filter(|fate| matches!(fate, usage::Fate::Answered(_)));
        (self.0.fates.len(), answered.count())
    }

    /// How many stretches are failed, missing, absent and unavailable.
    fn counts(&self) -> [usize; 4] {
        use usage::Known::{Absent, Failed, Missing, Unavailable};
        [Failed, Missing, Absent, Unavailable]
            .map(|state| self.0.holes.iter().filter(|hole| hole.state == state).count())
    }

    /// The error that every call ended with, if there is one.
    fn reason(&self, py: Python<'_>) -> Option<PyErr> {
        self.0.reason().map(|error| to_python(py, error))
    }

    /// The plan of what is still missing.
    fn remaining(&self, py: Python<'_>, unsettled: bool) -> PyResult<Plan> {
        let plan = py.detach(|| self.0.remaining(unsettled));
        plan.map(Plan).map_err(|error| to_python(py, &error))
    }

    /// Usages put together.
    #[staticmethod]
    #[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
    fn concat(py: Python<'_>, usages: Vec<PyRef<'_, Self>>, later: bool) -> PyResult<Self> {
        let usages: Vec<Arc<usage::Usage>> = usages.iter().map(|usage| Arc::clone(&usage.0)).collect();
        let prefer = if later {
            usage::Prefer::Later
        } else {
            usage::Prefer::Neither
        };
        let all = py.detach(|| usage::Usage::concat(&usages.iter().map(|usage| &**usage).collect::<Vec<_>>(), prefer));
        all.map(|usage| Self(Arc::new(usage)))
            .map_err(|error| to_python(py, &error))
    }

    /// The usage as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.0.to_bytes());
        bytes
            .map(|bytes| PyBytes::new(py, &bytes))
            .map_err(|error| to_python(py, &error))
    }

    /// Reads what `to_bytes` wrote.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, tables: &[u8]) -> PyResult<Self> {
        let usage = usage::Usage::from_bytes(tables);
        usage
            .map(|usage| Self(Arc::new(usage)))
            .map_err(|error| to_python(py, &error))
    }

    /// True if every call was answered.
    fn is_complete(&self) -> bool {
        self.0.is_complete()
    }

    /// A sentence for each call that failed.
    fn missing(&self) -> Vec<String> {
        self.0.missing().map(usage::Hole::sentence).collect()
    }

    /// Readings put together by their meters' rules, and what must be known of all of them; `cli` if the command line
    /// asks.
    #[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
    fn rollup(
        &self,
        py: Python<'_>,
        every: Option<Text>,
        by: Option<Vec<Text>>,
        zone: Option<ToldZone>,
        meters: Option<Vec<Text>>,
        cli: bool,
    ) -> PyResult<(Table, String)> {
        let plain = |names: Option<Vec<Text>>| -> Option<Vec<String>> {
            names.map(|names| names.into_iter().map(|name| name.0).collect())
        };
        let (by, meters) = (plain(by), plain(meters));
        let outcome = py.detach(|| -> Result<_> {
            let zone = zone.map(|told| Zone::new(told.into())).transpose()?;
            self.0.rollup(&RollUp {
                every: every.as_ref().map(|every| Every::named(&every.0)).transpose()?,
                zone: zone.as_ref().map(Zone::time_zone),
                by: by.as_deref(),
                meters: meters.as_deref(),
                door: if cli { Door::CommandLine } else { Door::Python },
            })
        });
        let rolled = outcome.map_err(|error| to_python(py, &error))?;
        Ok((Table(rolled.table), rolled.remark))
    }
}

/// A canned answer of a document: its call, the class of the error that it should be, the readings that it should have, and
/// what a fetch makes of it.
type Canned = (
    &'static str,
    Option<String>,
    Vec<Vec<(&'static str, &'static str)>>,
    Option<Usage>,
    Option<PyErr>,
);

/// The canned answers of a document that was registered, by its name or digest.
#[pyfunction]
pub fn canned(py: Python<'_>, key: &str) -> Vec<Canned> {
    let Some((provider, document)) = registry::provider(key).zip(registry::document(key)) else {
        return Vec::new();
    };
    let one = |test: &'static document::Canned| {
        let expected = test.readings.iter();
        let expected = expected.map(|row| row.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect());
        let (usage, error) = match answers::usage(provider, test) {
            Ok(usage) => (usage.map(|usage| Usage(Arc::new(usage))), None),
            Err(error) => (None, Some(to_python(py, &error))),
        };
        let class = test.error.map(|kind| class_name(kind).to_owned());
        (test.call.as_str(), class, expected.collect(), usage, error)
    };
    document.tests.iter().map(one).collect()
}

/// What the canned answers of a document select, by its name or digest.
#[pyfunction]
pub fn sample(key: &str) -> Vec<(&'static str, Vec<&'static str>)> {
    registry::document(key).map_or_else(Vec::new, document::Document::example_selection)
}

/// The catalogue of meters.
#[pyfunction]
pub fn meters(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let mut rows = Vec::new();
    for provider in all() {
        let facts = provider.facts();
        for source in facts.sources {
            rows.extend(source.meters.iter().map(|meter| {
                json!({
                    "name": meter.name, "provider": facts.name, "operation": source.operation, "unit": meter.unit,
                    "kind": meter.kind.name(), "over_time": meter.rollup.over_time.name(),
                    "over_labels": meter.rollup.over_labels.name(), "rounding": meter.rounding.name(),
                    "grain": source.buckets.to_string(), "span": source.span.to_string(),
                    "history_days": source.history_days, "per_second": facts.per_second,
                    "writes": source.writes.name(), "ready": source.ready.to_string(),
                    "settles": source.settles.to_string(), "dimensions": meter.dimensions,
                    "by_default": source.by_default, "doc": meter.doc, "page": source.page,
                })
            }));
        }
    }
    Ok(pythonize::pythonize(py, &rows)?)
}
