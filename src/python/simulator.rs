//! The simulator, as Python starts and steers it.

use jiff::SignedDuration;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::convert::{datetime, from_python, moment_of};
use super::errors::to_python;
use crate::engine::canned;
use crate::providers::registry;
use crate::service::{Account, Provider, Reply, Request};
use crate::simulator::canned::{Answer, Canned};
use crate::simulator::faults::{Fault, FaultKind, MENU};
use crate::simulator::http;
use crate::simulator::server::{Certificate, Config};
use crate::simulator::{self};
use crate::values::arguments::{Arguments, Value};
use crate::values::error::{Error, Kind, Result};
use crate::values::text::one_line;
use crate::values::window::Instant;

/// A running simulator.
#[pyclass(frozen, module = "metertap._core")]
pub struct Simulator(simulator::server::Simulator);

#[pymethods]
impl Simulator {
    #[new]
    #[pyo3(signature = (*, seed, now, port, tls, certificate, documents))]
    #[allow(clippy::needless_pass_by_value)] // the binding hands over owned lists
    fn new(
        py: Python<'_>,
        seed: u64,
        now: &Bound<'_, PyAny>,
        port: u16,
        tls: bool,
        certificate: &str,
        documents: Vec<String>,
    ) -> PyResult<Self> {
        let now = moment(now)?.map(|instant| instant.at);
        let certificate = match certificate {
            "good" => Certificate::Good,
            "expired" => Certificate::Expired,
            "wrong_host" => Certificate::WrongHost,
            other => {
                let text = format!("certificate must be good, expired or wrong_host, not {other:?}");
                return Err(to_python(py, &Error::invalid(text)));
            }
        };
        let config = Config {
            seed,
            now,
            port,
            tls,
            certificate,
            switches: Vec::new(),
            canned: documents
                .iter()
                .map(|key| canned(key))
                .collect::<Result<_>>()
                .map_err(|error| to_python(py, &error))?,
        };
        py.detach(|| simulator::server::Simulator::start(config))
            .map(Self)
            .map_err(|problem| {
                to_python(
                    py,
                    &Error::new(
                        Kind::ConnectionFailed,
                        format!("the simulator cannot listen on port {port}: {problem}"),
                    ),
                )
            })
    }

    /// Stops serving; doing it twice does no harm.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.0.stop());
    }

    /// The address for HTTP.
    #[getter]
    fn origin(&self) -> String {
        self.0.origin()
    }

    /// The address for HTTPS, if it is served.
    #[getter]
    fn tls_origin(&self) -> Option<String> {
        self.0.tls_origin()
    }

    /// The certificate of the simulator's own CA, as PEM.
    #[getter]
    fn ca_pem(&self) -> Option<String> {
        self.0.ca_pem().map(str::to_owned)
    }

    /// The providers that are served.
    fn providers(&self) -> Vec<&'static str> {
        self.0.providers()
    }

    /// The credentials of one of a provider's accounts.
    fn credentials<'py>(&self, py: Python<'py>, provider: &str, account: u32) -> PyResult<Bound<'py, PyDict>> {
        let credentials = PyDict::new(py);
        for (name, value) in self
            .0
            .credentials_of(provider, account)
            .map_err(|text| refuse(py, &text))?
        {
            credentials.set_item(name, value)?;
        }
        Ok(credentials)
    }

    /// The `base_url` of a provider's client.
    fn base_url(&self, py: Python<'_>, provider: &str, tls: bool) -> PyResult<String> {
        self.0.base_url(provider, tls).map_err(|text| refuse(py, &text))
    }

    /// What can be switched: name, value, possible values, meaning.
    fn switches(&self) -> Vec<(&'static str, Option<String>, Vec<&'static str>, &'static str)> {
        let rows = self.0.switches().into_iter();
        rows.map(|state| {
            (
                state.switch.name,
                state.value,
                state.switch.values.to_vec(),
                state.switch.doc,
            )
        })
        .collect()
    }

    /// Sets a switch.
    fn set_switch(&self, py: Python<'_>, name: &str, value: &str) -> PyResult<()> {
        self.0.set_switch(name, value).map_err(|text| refuse(py, &text))
    }

    /// Makes all sessions and tokens of a provider invalid.
    fn expire_sessions(&self, py: Python<'_>, provider: &str) -> PyResult<()> {
        self.0.expire_sessions(provider).map_err(|text| refuse(py, &text))
    }

    /// Puts the server's clock off by this many seconds.
    fn set_clock_offset(&self, seconds: i64) {
        self.0.set_clock_offset(SignedDuration::from_secs(seconds));
    }

    /// Answers more requests of an account than this in a second with 429; `None` ends it.
    fn set_rate_limit(&self, py: Python<'_>, provider: &str, per_second: Option<f64>) -> PyResult<()> {
        self.0
            .set_rate_limit(provider, per_second)
            .map_err(|text| refuse(py, &text))
    }

    /// Answers more requests of an account than this at once with 429; `None` ends it.
    fn set_concurrency_limit(&self, py: Python<'_>, provider: &str, at_once: Option<usize>) -> PyResult<()> {
        self.0
            .set_concurrency_limit(provider, at_once)
            .map_err(|text| refuse(py, &text))
    }

    /// Adds a fault and returns its number.
    #[pyo3(signature = (kind, *, provider, path_contains, skip, every, times))]
    #[allow(clippy::too_many_arguments)] // they are the keywords of the method
    fn add_fault(
        &self,
        py: Python<'_>,
        kind: &str,
        provider: Option<String>,
        path_contains: Option<String>,
        skip: u32,
        every: Option<u32>,
        times: Option<u32>,
    ) -> PyResult<u64> {
        let kind = FaultKind::parse(kind).map_err(|text| refuse(py, &text))?;
        self.0
            .add_fault(Fault {
                kind,
                provider,
                path_contains,
                skip,
                every,
                times,
            })
            .map_err(|text| refuse(py, &text))
    }

    /// Ends all faults.
    fn clear_faults(&self) {
        self.0.clear_faults();
    }

    /// The kinds of fault: name and meaning.
    #[staticmethod]
    fn fault_menu() -> Vec<(&'static str, &'static str)> {
        MENU.iter().map(|item| (item.name, item.doc)).collect()
    }

    /// The requests so far: provider, method, path, query, status, fault, arrival in seconds, connection,
    /// account.
    #[allow(clippy::type_complexity)] // a row of a table
    fn requests(
        &self,
    ) -> Vec<(
        Option<&'static str>,
        String,
        String,
        String,
        Option<u16>,
        Option<String>,
        f64,
        u64,
        Option<u32>,
    )> {
        let seconds = |micros: u64| std::time::Duration::from_micros(micros).as_secs_f64();
        let rows = self.0.requests().into_iter();
        rows.map(|r| {
            (
                r.provider,
                r.method,
                r.path,
                r.query,
                r.status,
                r.fault,
                seconds(r.arrived_micros),
                r.connection,
                r.account,
            )
        })
        .collect()
    }

    /// Forgets the requests so far.
    fn clear_requests(&self) {
        self.0.clear_requests();
    }

    /// Connections accepted, requests arrived, clients that went away early.
    fn counts(&self) -> (u64, u64, u64) {
        let counts = self.0.counts();
        (counts.connections, counts.requests, counts.disconnects)
    }

    /// The moment up to which usage exists.
    #[getter]
    fn now<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        datetime(py, Instant::utc(self.0.world().now()))
    }
}

/// The service of a document that was registered.
fn canned(key: &str) -> Result<Canned> {
    let (provider, document) = registry::provider(key)
        .zip(registry::document(key))
        .ok_or_else(|| Error::invalid(format!("there is no document {key:?}")))?;
    let fields = document.example_account();
    let account = Account {
        name: provider.name().to_owned(),
        base_url: "http://canned".to_owned(),
        settings: Arguments::check(
            "the example account",
            provider.facts().settings,
            settings_of(provider, &fields),
        )?,
        secrets: Vec::new(),
    };
    let mut answers = Vec::new();
    for test in &document.tests {
        let exchanges = canned::exchanges(provider, &account, test)?;
        answers.extend(
            exchanges
                .into_iter()
                .map(|(request, reply)| answer(&account, &request, reply)),
        );
    }
    let name = provider.name();
    Ok(Canned { name, fields, answers })
}

fn settings_of(provider: &dyn Provider, fields: &[(&'static str, String)]) -> Vec<(String, Value)> {
    let settings = provider.facts().settings;
    let is_setting = |name: &str| settings.iter().any(|setting| setting.name == name);
    let fields = fields.iter().filter(|(name, _)| is_setting(name));
    fields
        .map(|(name, word)| ((*name).to_owned(), Value::Text(word.clone())))
        .collect()
}

/// A canned answer, with the request that it is for.
fn answer(account: &Account, request: &Request, reply: Reply) -> Answer {
    let rest = request.url.strip_prefix(&account.base_url).unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let query = http::Request {
        query: query.to_owned(),
        ..http::Request::default()
    };
    Answer {
        method: format!("{:?}", request.method).to_uppercase(),
        path: path.to_owned(),
        query: query.query_pairs(),
        status: reply.status,
        headers: reply.headers,
        body: reply.body,
    }
}

/// The simulator's sentence as our error; what it repeats of an argument may be of any length and form.
fn refuse(py: Python<'_>, text: &str) -> PyErr {
    to_python(py, &Error::invalid(one_line(text, 300)))
}

fn moment(value: &Bound<'_, PyAny>) -> PyResult<Option<Instant>> {
    match from_python(value, "now")? {
        Value::Nothing => Ok(None),
        given => moment_of(given, "now")
            .map(Some)
            .map_err(|error| to_python(value.py(), &error)),
    }
}
