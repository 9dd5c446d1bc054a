//! The only place that blocks on a future, and the only one that hands a future to asyncio.

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::AbortHandle;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{IntoPyObjectExt, intern};
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::future_into_py_with_locals;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::errors::to_python;
#[cfg(unix)]
use super::inbox::{Inbox, Reader};
use super::runtime::{Bridge, Present, closed, enter, is_closed, stand_aside};
use crate::engine::{Engine, Event, Trace};
use crate::values::error::{Error, Kind, Result};

/// How often a blocking call looks whether the user wants to stop it.
const TICK: Duration = Duration::from_millis(50);

/// Runs the future of a single call to its end on this thread, while the interpreter does other things, and calls
/// `watch` at every tick; what it raises, or Ctrl-C, drops the future. Hold the mark that comes with the answer until
/// that is a Python object.
pub fn wait<T, F>(
    py: Python<'_>,
    watch: &(impl Fn(Python<'_>) -> PyResult<()> + Sync),
    make: impl FnOnce(Arc<Engine>, Arc<Trace>) -> F + Send,
) -> PyResult<(T, Option<Present>)>
where
    T: Send,
    F: Future<Output = Result<T>> + Send,
{
    let (living, present) = enter(py).map_err(|error| to_python(py, &error))?;
    let trace = Arc::new(Trace::default());
    let outcome = py.detach(|| {
        let mut call = std::pin::pin!(Some(survive(make(Arc::clone(&living.engine), Arc::clone(&trace)))));
        let outcome = drive(&living.single, call.as_mut(), || look(&trace, watch));
        if !matches!(outcome, Ok(Some(Ok(_)))) {
            // The connection's own task closes it, and it may be that nobody drives the runtime after this.
            living.single.block_on(async {
                call.set(None);
                let_others_run().await;
            });
        }
        outcome
    });
    settle(py, outcome, present, &trace)
}

/// Drives the runtime until the call has an outcome, or the interpreter shuts down. Between two ticks it is left to
/// other threads, so that none of them waits for what this one does then.
fn drive<T>(
    runtime: &Runtime,
    mut call: Pin<&mut Option<impl Future<Output = Result<T>>>>,
    mut tick: impl FnMut() -> PyResult<()>,
) -> PyResult<Option<Result<T>>> {
    let mut outcome = runtime.block_on(async {
        // What happened since the last call comes first: the service may have closed an idle connection.
        let_others_run().await;
        next(call.as_mut()).await
    });
    while outcome.is_none() && !is_closed() {
        tick()?;
        outcome = runtime.block_on(next(call.as_mut()));
    }
    Ok(outcome)
}

/// The call's outcome, if it comes before the next tick.
async fn next<T>(call: Pin<&mut Option<impl Future<Output = T>>>) -> Option<T> {
    timeout(TICK, call.as_pin_mut()?).await.ok()
}

/// Lets the runtime look for news on all sockets, and lets the tasks run that have some.
async fn let_others_run() {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}

/// The same for a batch, which runs in the background: a tick does not hold its sockets up.
pub fn wait_for_batch<T, F>(
    py: Python<'_>,
    watch: &(impl Fn(Python<'_>) -> PyResult<()> + Sync),
    make: impl FnOnce(Arc<Engine>, Arc<Trace>) -> F + Send,
) -> PyResult<(T, Option<Present>)>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let (living, present) = enter(py).map_err(|error| to_python(py, &error))?;
    let trace = Arc::new(Trace::default());
    let background = living.background(py).map_err(|error| to_python(py, &error))?;
    let outcome = py.detach(|| {
        let future = survive(make(Arc::clone(&background.engine), Arc::clone(&trace)));
        let (sender, receiver) = sync_channel(1);
        let _task = Aborting(background.spawn(async move {
            let _ = sender.send(future.await);
        }));
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(outcome) => return Ok(Some(outcome)),
                Err(RecvTimeoutError::Timeout) if !is_closed() => look(&trace, watch)?,
                Err(_) => return Ok(None),
            }
        }
    });
    settle(py, outcome, present, &trace)
}

/// A task that ends when this is dropped.
struct Aborting(AbortHandle);

impl Drop for Aborting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is done at a tick.
fn look(trace: &Trace, watch: &impl Fn(Python<'_>) -> PyResult<()>) -> PyResult<()> {
    Python::attach(|py| {
        log(py, &trace.drain())?;
        watch(py)?;
        py.check_signals()
    })
}

/// Ends a wait: the value, or the exception. Where there is no outcome, the interpreter is shutting down.
fn settle<T: Send>(
    py: Python<'_>,
    outcome: PyResult<Option<Result<T>>>,
    present: Present,
    trace: &Trace,
) -> PyResult<(T, Option<Present>)> {
    let Some(outcome) = outcome? else {
        drop(present);
        py.detach(stand_aside);
        return Err(to_python(py, &closed()));
    };
    log(py, &trace.drain())?;
    match outcome {
        Ok(value) => Ok((value, Some(present))),
        Err(error) => Err(to_python(py, &error)),
    }
}

/// Hands a future to the running event loop; cancelling the awaitable drops it.
pub fn promise<'py, T, F>(
    py: Python<'py>,
    make: impl FnOnce(Arc<Engine>, Arc<Trace>) -> F + Send,
) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let trace = Arc::new(Trace::default());
    let (living, _present) = enter(py).map_err(|error| to_python(py, &error))?;
    let background = living.background(py).map_err(|error| to_python(py, &error))?;
    let future = survive(make(Arc::clone(&background.engine), Arc::clone(&trace)));
    let call = async move {
        let outcome = future.await;
        Delivery { outcome, trace }
    };
    let event_loop = pyo3_async_runtimes::get_running_loop(py)?;
    #[cfg(unix)]
    if let Some(reader) = Reader::of(living, &event_loop) {
        let spawn = |inbox: Arc<Inbox>, number| {
            let call = async move {
                let delivery = call.await;
                inbox.put(number, Box::new(|py| delivery.into_py_any(py)));
            };
            background.spawn(call)
        };
        return Reader::promise(&reader, spawn);
    }
    // Where the loop cannot watch sockets, each call takes the interpreter for itself.
    let locals = TaskLocals::new(Bound::new(py, Loop(event_loop.unbind()))?.into_any());
    future_into_py_with_locals::<Bridge, _, _>(py, locals, async move { Ok(call.await) })
}

/// The running event loop, as the bridge uses it. Where the loop has closed before an answer comes, nobody waits for it
/// any more; the bridge would print a traceback (PyO3/pyo3-async-runtimes#90).
#[pyclass(frozen)]
struct Loop(Py<PyAny>);

#[pymethods]
impl Loop {
    fn create_future(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.0.call_method0(py, intern!(py, "create_future"))
    }

    #[pyo3(signature = (*given, **named))]
    fn call_soon_threadsafe(&self, given: &Bound<'_, PyTuple>, named: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let py = given.py();
        let event_loop = self.0.bind(py);
        let told = event_loop.call_method(intern!(py, "call_soon_threadsafe"), given, named);
        match told {
            Err(_) if event_loop.call_method0(intern!(py, "is_closed"))?.is_truthy()? => Ok(()),
            told => told.map(|_| ()),
        }
    }
}

/// What an awaited call brings; it becomes a Python object, or an exception, once the interpreter is attached.
struct Delivery<T> {
    outcome: Result<T>,
    trace: Arc<Trace>,
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Delivery<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        log(py, &self.trace.drain())?;
        let value = self.outcome.map_err(|error| to_python(py, &error))?;
        value.into_bound_py_any(py)
    }
}

/// A panic is a bug of ours: it becomes an error, and the interpreter lives on.
async fn survive<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(future).catch_unwind().await.unwrap_or_else(|_| {
        Err(Error::new(
            Kind::Internal,
            "a bug in metertap; please report what was called and this version's number",
        ))
    })
}

/// Breaks on purpose, for the tests: in a call that blocks, or in one that is awaited.
#[pyfunction]
#[pyo3(name = "_panic")]
pub fn break_on_purpose(py: Python<'_>, awaited: bool) -> PyResult<Bound<'_, PyAny>> {
    let broken = || std::future::poll_fn(|_| -> Poll<Result<bool>> { resume_unwind(Box::new("on purpose")) });
    if awaited {
        promise(py, |_, _| broken())
    } else {
        wait(py, &|_| Ok(()), |_, _| broken())?.0.into_bound_py_any(py)
    }
}

/// Passes events on to `logging.getLogger("metertap")`, if anybody listens at their level.
fn log(py: Python<'_>, events: &[Event]) -> PyResult<()> {
    if events.is_empty() {
        return Ok(());
    }
    // Who has not imported logging does not listen: importing it would cost more than the call.
    let modules = py.import("sys")?.getattr("modules")?;
    if !modules.contains("logging")? {
        return Ok(());
    }
    let logger = py.import("metertap._log")?;
    for event in events {
        let (level, text) = describe(event);
        logger.call_method1("emit", (level, text))?;
    }
    Ok(())
}

const DEBUG: u8 = 10;
const INFO: u8 = 20;
const WARNING: u8 = 30;

fn describe(event: &Event) -> (u8, String) {
    match event {
        Event::Answered {
            provider,
            operation,
            attempt,
            status,
            took,
            ..
        } => (
            DEBUG,
            format!(
                "{provider} {operation}: HTTP {status} in {:.3} s (attempt {attempt})",
                took.as_secs_f64()
            ),
        ),
        Event::Repeating { error, wait, .. } => (INFO, format!("{error} Repeating in {:.1} s.", wait.as_secs_f64())),
        Event::Waited {
            provider,
            operation,
            wait,
            ..
        } => (
            DEBUG,
            format!(
                "{provider} {operation}: waited {:.3} s for the account's limits",
                wait.as_secs_f64()
            ),
        ),
        Event::LoggedIn { provider, .. } => (DEBUG, format!("{provider}: logged in")),
        Event::LearnedLimit {
            provider,
            account,
            per_second,
        } => (
            INFO,
            format!(
                "{provider}: account {account:?} is refused for asking too often; from now on at most {per_second:.2} requests a second"
            ),
        ),
        Event::ClockCorrected { provider, seconds, .. } => (
            WARNING,
            format!(
                "{provider}: this machine's clock is off by {seconds} s; requests are signed with the server's time"
            ),
        ),
        // The exception says it; a log line at a higher level would say it twice.
        Event::GaveUp { error, .. } => (DEBUG, format!("{error} Gave up.")),
    }
}
