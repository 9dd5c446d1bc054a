//! The native client behind every Python client class.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyString};

use super::call::{promise, wait};
use super::convert::{Answer, arguments, from_python, text};
use super::errors::to_python;
use super::events::Listener;
use super::runtime::mark;
use crate::engine::credentials::{Boxed, SecretGroup, SecretSource};
use crate::engine::native::{self, Native};
use crate::engine::{self, Engine, Options, ProxyChoice, Trace, transport};
use crate::providers::provider;
use crate::service::{Call, Composite, Facts, Provider};
use crate::values::arguments::{Argument, Arguments, Value, bearer, plain};
use crate::values::error::{Error, Kind, Result};
use crate::values::secret;
use crate::values::text::{head, listed, nearest};

/// What a caller passed, on its way to a client: a word, a callable that returns it, or a dict of keywords. It shows
/// nothing of it, so that no traceback does that prints the variables of our frames.
#[pyclass(frozen, module = "metertap._core")]
pub struct Secret(Py<PyAny>);

#[pymethods]
impl Secret {
    #[new]
    fn new(word: Py<PyAny>) -> Self {
        Self(word)
    }

    /// What is inside: to be passed on, never to be kept in a variable.
    fn open(&self, py: Python<'_>) -> Py<PyAny> {
        self.0.clone_ref(py)
    }

    /// True if it holds something.
    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        self.0.bind(py).is_truthy()
    }

    #[allow(clippy::unused_self)] // the text is the same for every secret
    fn __repr__(&self) -> &'static str {
        "Secret(***)"
    }
}

/// Wraps a secret, so that no traceback shows it; `None`, and what is wrapped already, stays as it is. It is native
/// since a function in Python would have a frame, and a variable in it.
#[pyfunction]
pub fn hide(word: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    if word.is_none() || word.is_instance_of::<Secret>() {
        return Ok(word);
    }
    let py = word.py();
    Ok(Bound::new(py, Secret(word.unbind()))?.into_any())
}

/// The text that these bytes hold, or that this text is, without line ends behind it and wrapped; `None` if the bytes
/// are not UTF-8.
#[pyfunction]
pub fn hide_text(given: &Bound<'_, PyAny>) -> PyResult<Option<Secret>> {
    let py = given.py();
    let text = if let Ok(bytes) = given.cast::<PyBytes>() {
        std::str::from_utf8(bytes.as_bytes()).ok().map(str::to_owned)
    } else {
        given.cast::<PyString>()?.to_str().ok().map(str::to_owned)
    };
    let wrap = |text: String| {
        Secret(
            PyString::new(py, text.trim_end_matches(['\r', '\n']))
                .into_any()
                .unbind(),
        )
    };
    Ok(text.map(wrap))
}

/// What a caller passed, whether it is wrapped or not.
fn opened<'py>(given: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    match given.cast::<Secret>() {
        Ok(secret) => secret.get().0.bind(given.py()).clone(),
        Err(_) => given.clone(),
    }
}

/// A client of one account at one provider.
#[pyclass(frozen, module = "metertap._core")]
pub struct Client(pub Arc<engine::Client>, Option<Arc<Listener>>);

#[pymethods]
impl Client {
    /// A client of this provider; `class` is what messages call it, `given` are the keywords that the caller passed, and
    /// `defaults` those that every client takes. All of it may be wrapped. Everything is checked here, where no frame of
    /// Python's holds a value.
    #[new]
    fn new(
        py: Python<'_>,
        provider: &str,
        class: &str,
        defaults: &Bound<'_, PyDict>,
        given: &Bound<'_, PyAny>,
        positional: usize,
    ) -> PyResult<Self> {
        let refuse = |error: Error| to_python(py, &error);
        let known = self::provider(provider);
        let known = known.ok_or_else(|| refuse(Error::invalid(format!("there is no provider {provider:?}"))))?;
        let given = opened(given);
        let given = Given {
            keywords: given.cast::<PyDict>()?,
            defaults,
        };
        let facts = known.facts();
        if positional > 0 {
            let text = format!("{class}() takes keywords only: {}", ways(class, facts, facts.required));
            return Err(refuse(Error::new(Kind::WrongType, text)));
        }
        given.refuse_unknown(class, facts.keywords)?;
        given.refuse_missing(class, facts)?;
        let (name, base_url) = (given.text("name", "a str")?, given.text("base_url", "a str")?);
        let (options, on_event) = given.options()?;
        let mut fixed = Vec::new();
        let mut sources: Vec<(&'static str, Arc<dyn SecretSource>)> = Vec::new();
        let mut callables: Vec<(&'static str, Py<PyAny>)> = Vec::new();
        for Argument { name, .. } in facts.settings {
            let Some(value) = given.own(name)? else { continue };
            if value.is_callable() && known.rotating().contains(name) {
                callables.push((name, value.unbind()));
            } else {
                fixed.push(((*name).to_owned(), from_python(&value, name)?));
            }
        }
        fixed.retain(|(_, value)| *value != Value::Nothing);
        for field in facts.secrets {
            let Some(value) = given.own(field.name)? else { continue };
            if let Ok(word) = value.cast::<PyString>() {
                let secret = checked(known, field.name, &text(word, field.name)?).map_err(refuse)?;
                sources.push((field.name, Arc::new(secret)));
            } else if value.is_callable() {
                callables.push((field.name, value.unbind()));
            } else if !value.is_none() {
                let kind = value.get_type().name()?;
                let wrong = format!(
                    "{} must be a str or a callable that returns one, not {kind}",
                    field.name
                );
                return Err(refuse(Error::new(Kind::WrongType, wrong)));
            }
        }
        let group = Arc::new(Callables {
            provider: known,
            functions: callables,
        });
        for (place, (name, _)) in group.functions.iter().enumerate() {
            let member = Member {
                group: Arc::clone(&group) as Arc<dyn SecretGroup>,
                place,
            };
            sources.push((name, Arc::new(member)));
        }
        let has_secret = !sources.is_empty();
        let client = engine::Client::new(known, name, base_url.as_deref(), fixed, sources, options);
        let client = client.map_err(|mut error| {
            if !has_secret && error.message.contains(" needs ") {
                let told = error.message.trim_end_matches('.');
                error.message = format!("{told}; {}", elsewhere(class, facts, &[]));
            }
            refuse(error)
        })?;
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
            Some(composite) => Arguments::check(format!("{operation}()"), &[], given).and_then(|_none| {
                let calls = composite.parts.iter().map(|part| Call::new(provider, part, Vec::new()));
                Ok(Question::Together(composite, calls.collect::<Result<_>>()?))
            }),
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
    let provider = client.provider;
    match question {
        Question::One(call) => {
            let answer = engine.ask_native(&client, &call, raw, &trace).await?;
            Ok(Answer(answer, provider))
        }
        Question::Together(composite, calls) => {
            let together = engine.ask_together(&client, composite, &calls, &trace).await?;
            let value = if raw {
                native::Value::Raw(together.raw())
            } else {
                native::Value::Typed(together.typed())
            };
            let remarks = Vec::new();
            Ok(Answer(Native { value, remarks }, provider))
        }
    }
}

/// The keywords of a client, as they were passed; and the defaults of those that every client takes.
struct Given<'a, 'py> {
    keywords: &'a Bound<'py, PyDict>,
    defaults: &'a Bound<'py, PyDict>,
}

/// More would only be a slip of the finger; the core counts in fewer bits than Python.
const MOST: i64 = 10_000;
const MOST_OF_A_NUMBER: i64 = 1_000_000_000_000_000;

/// How a client is made: by hand, from the environment, from the accounts file.
fn ways(class: &str, facts: &Facts, missing: &[&str]) -> String {
    let mut by_hand: Vec<String> = facts.required.iter().map(|name| format!("{name}=\"…\"")).collect();
    if by_hand.is_empty() {
        by_hand.extend(facts.keywords.first().map(|name| format!("{name}=\"…\"")));
    }
    if !facts.secrets.iter().any(|secret| facts.required.contains(&secret.name)) {
        by_hand.push("…".to_owned());
    }
    format!(
        "write {class}({}), or {}",
        by_hand.join(", "),
        elsewhere(class, facts, missing)
    )
}

fn elsewhere(class: &str, facts: &Facts, missing: &[&str]) -> String {
    let variable = |name: &str| {
        let vendors = facts.environment.iter().find(|(field, _)| *field == name);
        vendors.map_or_else(
            || format!("METERTAP_{}_{}", facts.name.to_uppercase(), name.to_uppercase()),
            |(_, variable)| (*variable).to_owned(),
        )
    };
    let read = listed(&missing.iter().map(|name| variable(name)).collect::<Vec<_>>());
    let read = if read.is_empty() {
        "environment variables".to_owned()
    } else {
        read
    };
    format!("{class}.from_env(), which reads {read}, or metertap.connect(\"NAME\") for an account of the accounts file")
}

impl<'py> Given<'_, 'py> {
    /// Says what must be passed, and where else a client may come from.
    fn refuse_missing(&self, class: &str, facts: &Facts) -> PyResult<()> {
        let mut missing = Vec::new();
        for name in facts.required {
            if !self.keywords.contains(name)? {
                missing.push(*name);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let text = format!(
            "{class}() needs {}: {}",
            listed(&missing.iter().map(|name| format!("{name}=")).collect::<Vec<_>>()),
            ways(class, facts, &missing)
        );
        Err(to_python(self.keywords.py(), &Error::new(Kind::WrongType, text)))
    }

    fn refuse_unknown(&self, class: &str, own: &[&str]) -> PyResult<()> {
        for keyword in self.keywords.keys() {
            let is_own = keyword.extract::<&str>().is_ok_and(|keyword| own.contains(&keyword));
            if is_own || self.defaults.contains(&keyword)? {
                continue;
            }
            let mut known: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
            known.extend(self.defaults.keys().extract::<Vec<String>>()?);
            let shown = head(&keyword.repr()?.to_string(), 60);
            let near = nearest(shown.trim_matches('\''), known.iter().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            let text = format!("{class} has no argument {shown}{hint}");
            return Err(to_python(keyword.py(), &Error::new(Kind::WrongType, text)));
        }
        Ok(())
    }

    /// What was passed for a keyword that only this provider's clients take.
    fn own(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.keywords.get_item(name)?.map(|value| opened(&value)))
    }

    fn get(&self, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let given = self.keywords.get_item(name)?;
        let found = given.map_or_else(|| self.defaults.as_any().get_item(name), Ok)?;
        Ok(opened(&found))
    }

    /// The value is never shown: a proxy's URL may hold a password.
    fn wrong_type(name: &str, what: &str, value: &Bound<'_, PyAny>) -> PyErr {
        let kind = value.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        let text = format!("{name} must be {what}, not {kind}");
        to_python(value.py(), &Error::new(Kind::WrongType, text))
    }

    fn text(&self, name: &str, what: &str) -> PyResult<Option<String>> {
        let value = self.get(name)?;
        if value.is_none() {
            return Ok(None);
        }
        let word = value
            .cast::<PyString>()
            .map_err(|_| Self::wrong_type(name, what, &value))?;
        text(word, name).map(Some)
    }

    fn number(&self, name: &str, what: &str) -> PyResult<Option<f64>> {
        let value = self.get(name)?;
        if value.is_none() && name != "timeout" {
            return Ok(None);
        }
        let is_whole = value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
        if !is_whole && !value.is_instance_of::<PyFloat>() {
            return Err(Self::wrong_type(name, what, &value));
        }
        if is_whole {
            let small = value.extract::<i64>().ok();
            if small.is_none_or(|number| number.abs() > MOST_OF_A_NUMBER) {
                let text = format!("{name} must not be larger than {MOST_OF_A_NUMBER}");
                return Err(to_python(value.py(), &Error::invalid(text)));
            }
        }
        value.extract().map(Some)
    }

    fn whole(&self, name: &str, least: i64) -> PyResult<Option<u32>> {
        let value = self.get(name)?;
        if value.is_none() && name != "retries" {
            return Ok(None);
        }
        if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
            return Err(Self::wrong_type(name, "an int", &value));
        }
        let number = value.extract::<i64>().ok();
        let fits = number.filter(|number| (least..=MOST).contains(number));
        let fits = fits.and_then(|number| u32::try_from(number).ok());
        fits.map(Some).ok_or_else(|| {
            let not = number.map_or_else(String::new, |number| format!(", not {number}"));
            let text = format!("{name} must be between {least} and {MOST}{not}");
            to_python(value.py(), &Error::invalid(text))
        })
    }

    /// A path: a text, or what has `__fspath__`.
    fn path(&self, name: &str) -> PyResult<Option<String>> {
        let mut value = self.get(name)?;
        if !value.is_none() && !value.is_instance_of::<PyString>() && value.hasattr("__fspath__").unwrap_or(false) {
            let path = value.call_method0("__fspath__");
            value = path.map_err(|_| Self::wrong_type(name, "a path", &value))?;
        }
        if value.is_none() {
            return Ok(None);
        }
        let word = value
            .cast::<PyString>()
            .map_err(|_| Self::wrong_type(name, "a path", &value))?;
        text(word, name).map(Some)
    }

    fn options(&self) -> PyResult<(Options, Option<Py<PyAny>>)> {
        let timeout = self.number("timeout", "seconds as a number")?;
        let retries = self.whole("retries", 0)?;
        let max_concurrency = self.whole("max_concurrency", 1)?;
        let max_per_second = self.number("max_per_second", "requests a second as a number")?;
        let ca_file = self.path("ca_file")?;
        let proxy = self.text("proxy", "a URL, None or 'environment'")?;
        let on_event = Some(self.get("on_event")?).filter(|value| !value.is_none());
        if let Some(value) = on_event.as_ref().filter(|value| !value.is_callable()) {
            return Err(Self::wrong_type("on_event", "a callable", value));
        }
        let options = Options {
            timeout: seconds(timeout).map_err(|error| to_python(self.defaults.py(), &error))?,
            retries: retries.unwrap_or_default(),
            max_concurrency: max_concurrency.and_then(|number| usize::try_from(number).ok()),
            max_per_second: rate(max_per_second).map_err(|error| to_python(self.defaults.py(), &error))?,
            ca_file,
            proxy: match proxy {
                None => ProxyChoice::Direct,
                Some(word) if word == "environment" => ProxyChoice::Environment,
                Some(url) => ProxyChoice::Url(url),
            },
        };
        Ok((options, on_event.map(Bound::unbind)))
    }
}

fn seconds(timeout: Option<f64>) -> Result<Duration> {
    let timeout = timeout.and_then(|timeout| Duration::try_from_secs_f64(timeout).ok());
    let timeout = timeout.filter(|timeout| !timeout.is_zero());
    timeout.ok_or_else(|| Error::invalid("timeout must be a number of seconds above 0"))
}

fn rate(per_second: Option<f64>) -> Result<Option<f64>> {
    // Slower than once in a day is a slip of the finger; NaN is not above anything.
    if per_second.is_some_and(|rate| rate.is_nan() || rate < 1.0 / 86_400.0) {
        return Err(Error::invalid(
            "max_per_second must be a number of requests above 0; write math.inf for no limit",
        ));
    }
    Ok(per_second)
}

/// Takes white space off both ends, and `Bearer` where the request puts it in front itself; what is empty or has
/// control characters inside cannot be a secret.
fn checked(provider: &dyn Provider, name: &str, word: &str) -> Result<secret::Secret> {
    let word = word.trim();
    plain(word).map_err(|problem| Error::invalid(format!("{name} {problem}")))?;
    let word = if provider.bearer().contains(&name) {
        bearer(word).map_err(|problem| Error::invalid(format!("{name} {problem}")))?
    } else {
        word
    };
    Ok(secret::Secret::new(word))
}

/// Python functions that return an account's secrets as they are now. They are asked together, so that what they return
/// belongs together: a key and its secret that are exchanged from time to time.
struct Callables {
    provider: &'static dyn Provider,
    functions: Vec<(&'static str, Py<PyAny>)>,
}

/// One of the [`Callables`] of an account.
struct Member {
    group: Arc<dyn SecretGroup>,
    place: usize,
}

impl SecretSource for Member {
    fn fixed(&self) -> Option<&secret::Secret> {
        None
    }

    fn member(&self) -> Option<(&Arc<dyn SecretGroup>, usize)> {
        Some((&self.group, self.place))
    }

    fn now(&self) -> Boxed<'_, Result<secret::Secret>> {
        Box::pin(async move {
            let words = self.group.now().await?;
            let word = words.into_iter().nth(self.place);
            word.ok_or_else(|| Error::new(Kind::Internal, "a secret was not asked for"))
        })
    }
}

impl SecretGroup for Callables {
    fn now(&self) -> Boxed<'_, Result<Vec<secret::Secret>>> {
        let provider = self.provider;
        let functions = Python::try_attach(|py| {
            let functions = self.functions.iter();
            let functions = functions.map(|(name, function)| (*name, function.clone_ref(py)));
            functions.collect::<Vec<_>>()
        });
        Box::pin(async move {
            let closing = || Error::new(Kind::ShuttingDown, "the interpreter is shutting down");
            let functions = functions.ok_or_else(closing)?;
            // A function may do anything, so it runs where blocking is allowed.
            let called = tokio::task::spawn_blocking(move || {
                let _present = mark()?;
                Python::try_attach(|py| together(py, provider, &functions))
            });
            called.await.map_err(|_| closing())?.ok_or_else(closing)?
        })
    }
}

/// How often secrets are asked for that are exchanged while they are asked for.
const ROUNDS: usize = 3;

/// Asks one after the other. An exchange may fall in between, so what names the others is asked again at the end: if it
/// is another one, so may be the rest.
fn together(
    py: Python<'_>,
    provider: &dyn Provider,
    functions: &[(&'static str, Py<PyAny>)],
) -> Result<Vec<secret::Secret>> {
    let ask = |(name, function): &(&'static str, Py<PyAny>)| run(py, provider, function, name);
    let Some((first, others)) = functions.split_first() else {
        return Ok(Vec::new());
    };
    let mut key = ask(first)?;
    for round in 1.. {
        let mut words = vec![key];
        for other in others {
            words.push(ask(other)?);
        }
        if others.is_empty() || !provider.rotating().contains(&first.0) || round == ROUNDS {
            return Ok(words);
        }
        key = ask(first)?;
        if words.first().is_some_and(|word| word.expose() == key.expose()) {
            return Ok(words);
        }
    }
    Ok(Vec::new())
}

fn run(py: Python<'_>, provider: &dyn Provider, function: &Py<PyAny>, name: &str) -> Result<secret::Secret> {
    let failed = |what: String| Error::new(Kind::AuthenticationFailed, format!("the callable for {name} {what}"));
    let word = function.call0(py).map_err(|problem| {
        // The exception's class says what happened; its text might hold the secret.
        let class = problem.get_type(py).name().map(|name| name.to_string());
        failed(format!("raised {}", class.unwrap_or_default()))
    })?;
    let word = opened(word.bind(py));
    let word = word.cast::<PyString>();
    let word = word.map_err(|_| failed("must return a str".to_owned()))?;
    let word = word
        .to_str()
        .map_err(|_| failed("returned what is no text: it holds a lone surrogate".to_owned()))?;
    checked(provider, name, word)
}
