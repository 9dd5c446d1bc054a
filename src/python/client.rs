//! The native client behind every Python client class.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::call::{promise, wait};
use super::convert::{Answer, arguments};
use super::errors::to_python;
use super::events::Listener;
use super::runtime::mark;
use crate::engine::credentials::{Boxed, SecretSource};
use crate::engine::native::{Native, Value};
use crate::engine::{self, Engine, Options, ProxyChoice, Trace, transport};
use crate::providers::{Call, Composite, provider};
use crate::values::arguments::plain;
use crate::values::error::{Error, Kind, Result};
use crate::values::secret;

/// A secret on its way to a client: a word, or a callable without arguments that returns it. It shows neither.
#[pyclass(frozen, module = "metertap._core")]
pub struct Secret(Py<PyAny>);

#[pymethods]
impl Secret {
    #[new]
    fn new(word: Py<PyAny>) -> Self {
        Self(word)
    }

    #[allow(clippy::unused_self)] // the text is the same for every secret
    fn __repr__(&self) -> &'static str {
        "Secret(***)"
    }
}

/// A client of one account at one provider.
#[pyclass(frozen, module = "metertap._core")]
pub struct Client(pub Arc<engine::Client>, Option<Arc<Listener>>);

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (provider, *, name, base_url, settings, secrets, timeout, retries, max_concurrency, max_per_second, ca_file, proxy, on_event))]
    #[allow(clippy::too_many_arguments)] // they are the keywords that every client takes
    fn new(
        py: Python<'_>,
        provider: &str,
        name: Option<String>,
        base_url: Option<&str>,
        settings: &Bound<'_, PyDict>,
        secrets: &Bound<'_, PyDict>,
        timeout: f64,
        retries: u32,
        max_concurrency: Option<usize>,
        max_per_second: Option<f64>,
        ca_file: Option<String>,
        proxy: Option<String>,
        on_event: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let refuse = |error: Error| to_python(py, &error);
        let known = self::provider(provider);
        let known = known.ok_or_else(|| refuse(Error::invalid(format!("there is no provider {provider:?}"))))?;
        let options = options(timeout, retries, (max_concurrency, max_per_second), ca_file, proxy).map_err(refuse)?;
        let settings = arguments(settings)?;
        let mut sources: Vec<(&'static str, Arc<dyn SecretSource>)> = Vec::new();
        for field in known.facts().secrets {
            if let Some(given) = secrets.get_item(field.name)? {
                let given: PyRef<'_, Secret> = given.extract()?;
                sources.push((field.name, source(given.0.bind(py), field.name)?));
            }
        }
        let client = engine::Client::new(known, name, base_url, settings, sources, options).map_err(refuse)?;
        let listener = on_event.map(|callable| Arc::new(Listener::new(callable)));
        Ok(Self(Arc::new(client), listener))
    }

    /// Makes a call and waits for its answer.
    fn call<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        given: &Bound<'py, PyDict>,
        raw: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let question = self.question(py, operation, given)?;
        let client = Arc::clone(&self.0);
        let outcome = wait(py, &|py| self.deliver(py), move |engine, trace| {
            Listener::listen(self.1.as_ref(), &trace);
            ask(engine, client, question, raw, trace)
        });
        self.deliver(py)?;
        let (answer, _present) = outcome?;
        answer.into_pyobject(py)
    }

    /// Makes a call; the answer is awaited.
    fn call_async<'py>(
        &self,
        py: Python<'py>,
        operation: &str,
        given: &Bound<'py, PyDict>,
        raw: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let question = self.question(py, operation, given)?;
        let client = Arc::clone(&self.0);
        promise(py, move |engine, trace| {
            Listener::listen(self.1.as_ref(), &trace);
            ask(engine, client, question, raw, trace)
        })
    }

    /// Calls `on_event` with what has happened since the last time.
    fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        self.1.as_ref().map_or(Ok(()), |listener| listener.deliver(py))
    }

    /// True if somebody wants to hear of events.
    #[getter]
    fn has_listener(&self) -> bool {
        self.1.is_some()
    }

    /// The provider's name.
    #[getter]
    fn provider(&self) -> &'static str {
        self.0.provider.facts().name
    }

    /// The account's label.
    #[getter]
    fn name(&self) -> &str {
        &self.0.account.name
    }

    /// The service's address.
    #[getter]
    fn base_url(&self) -> &str {
        &self.0.account.base_url
    }

    /// Where the proxy is, without its password; `"environment"` if the usual variables decide; `None` for none.
    #[getter]
    fn proxy(&self) -> Option<String> {
        match &self.0.options.proxy {
            ProxyChoice::Environment => Some("environment".to_owned()),
            ProxyChoice::Direct => None,
            ProxyChoice::Url(url) => transport::proxy_host(&secret::Secret::new(url.as_str())),
        }
    }
}

/// What a caller asks: one operation, or several that belong together.
enum Question {
    One(Call),
    Together(&'static Composite, Vec<Call>),
}

impl Client {
    fn question(&self, py: Python<'_>, operation: &str, given: &Bound<'_, PyDict>) -> PyResult<Question> {
        let given = arguments(given)?;
        let provider = self.0.provider;
        let composite = provider
            .facts()
            .composites
            .iter()
            .find(|composite| composite.name == operation);
        let question = match composite {
            Some(composite) => {
                let calls = composite.parts.iter().map(|part| Call::new(provider, part, Vec::new()));
                calls
                    .collect::<Result<_>>()
                    .map(|calls| Question::Together(composite, calls))
            }
            None => Call::new(provider, operation, given).map(Question::One),
        };
        question.map_err(|error| to_python(py, &error))
    }
}

async fn ask(
    engine: Arc<Engine>,
    client: Arc<engine::Client>,
    question: Question,
    raw: bool,
    trace: Arc<Trace>,
) -> Result<Answer> {
    match question {
        Question::One(call) => engine.ask_native(&client, &call, raw, &trace).await.map(Answer),
        Question::Together(composite, calls) => {
            let together = engine.ask_together(&client, composite, &calls, &trace).await?;
            let value = if raw {
                Value::Raw(together.raw())
            } else {
                Value::Typed(together.typed())
            };
            let remarks = Vec::new();
            Ok(Answer(Native { value, remarks }))
        }
    }
}

fn options(
    timeout: f64,
    retries: u32,
    (max_concurrency, max_per_second): (Option<usize>, Option<f64>),
    ca_file: Option<String>,
    proxy: Option<String>,
) -> Result<Options> {
    let timeout = Duration::try_from_secs_f64(timeout)
        .ok()
        .filter(|timeout| !timeout.is_zero());
    let timeout = timeout.ok_or_else(|| Error::invalid("timeout must be a number of seconds above 0"))?;
    if max_concurrency == Some(0) {
        return Err(Error::invalid("max_concurrency must be at least 1"));
    }
    // Slower than once in a day is a slip of the finger; NaN is not above anything.
    if max_per_second.is_some_and(|rate| rate.is_nan() || rate < 1.0 / 86_400.0) {
        return Err(Error::invalid(
            "max_per_second must be a number of requests above 0; write math.inf for no limit",
        ));
    }
    let proxy = match proxy {
        None => ProxyChoice::Direct,
        Some(word) if word == "environment" => ProxyChoice::Environment,
        Some(url) => {
            if transport::proxy_host(&secret::Secret::new(url.as_str())).is_none() {
                return Err(Error::invalid(
                    "proxy is no URL; write for example \"http://proxy.example.com:3128\"",
                ));
            }
            ProxyChoice::Url(url)
        }
    };
    Ok(Options {
        timeout,
        retries,
        max_concurrency,
        max_per_second,
        ca_file,
        proxy,
    })
}

/// A secret as a caller passes it: the word, or a callable without arguments that returns it.
fn source(given: &Bound<'_, PyAny>, name: &'static str) -> PyResult<Arc<dyn SecretSource>> {
    if let Ok(word) = given.cast::<PyString>() {
        let secret = checked(name, word.to_str()?).map_err(|error| to_python(given.py(), &error))?;
        return Ok(Arc::new(secret));
    }
    if given.is_callable() {
        return Ok(Arc::new(Callable {
            name,
            function: given.clone().unbind(),
        }));
    }
    let text = format!(
        "{name} must be a str or a callable that returns one, not {}",
        given.get_type().name()?
    );
    Err(to_python(given.py(), &Error::new(Kind::WrongType, text)))
}

/// Takes white space off both ends; what is empty or has control characters inside cannot be a secret.
fn checked(name: &str, word: &str) -> Result<secret::Secret> {
    let word = word.trim();
    plain(word).map_err(|problem| Error::invalid(format!("{name} {problem}")))?;
    Ok(secret::Secret::new(word))
}

/// A Python function that returns the secret as it is now.
struct Callable {
    name: &'static str,
    function: Py<PyAny>,
}

impl SecretSource for Callable {
    fn fixed(&self) -> Option<&secret::Secret> {
        None
    }

    fn now(&self) -> Boxed<'_, Result<secret::Secret>> {
        let name = self.name;
        let function = Python::try_attach(|py| self.function.clone_ref(py));
        Box::pin(async move {
            let closing = || Error::new(Kind::ShuttingDown, "the interpreter is shutting down");
            let function = function.ok_or_else(closing)?;
            // The function may do anything, so it runs where blocking is allowed.
            let called = tokio::task::spawn_blocking(move || {
                let _present = mark()?;
                Python::try_attach(|py| run(py, &function, name))
            });
            called.await.map_err(|_| closing())?.ok_or_else(closing)?
        })
    }
}

fn run(py: Python<'_>, function: &Py<PyAny>, name: &str) -> Result<secret::Secret> {
    let failed = |problem: PyErr| {
        // The exception's class says what happened; its text might hold the secret.
        let class = problem
            .get_type(py)
            .name()
            .map(|name| name.to_string())
            .unwrap_or_default();
        Error::new(
            Kind::AuthenticationFailed,
            format!("the callable for {name} raised {class}"),
        )
    };
    let word = function.call0(py).map_err(failed)?;
    let word = word.bind(py).cast::<PyString>().map_err(|_| {
        Error::new(
            Kind::AuthenticationFailed,
            format!("the callable for {name} must return a str"),
        )
    })?;
    checked(
        name,
        word.to_str()
            .map_err(|problem| failed(PyTypeError::new_err(problem.to_string())))?,
    )
}
