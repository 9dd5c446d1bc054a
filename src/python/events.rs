//! Events on their way to a Python callable. They are collected where they happen, and delivered by whoever waits for
//! the answer, while it is attached to the interpreter.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use super::errors::to_python;
use crate::engine::{Event, Trace};

/// A callable that wants to hear of events.
pub struct Listener {
    queue: Arc<Trace>,
    /// Nothing once it has raised.
    callable: Mutex<Option<Py<PyAny>>>,
}

impl Listener {
    /// Of this callable.
    pub fn new(callable: Py<PyAny>) -> Self {
        Self {
            queue: Arc::default(),
            callable: Mutex::new(Some(callable)),
        }
    }

    /// Lets it hear what is traced here.
    pub fn listen(this: Option<&Arc<Self>>, trace: &Trace) {
        if let Some(listener) = this {
            trace.copy_to(Arc::clone(&listener.queue));
        }
    }

    /// Calls it with what has happened since the last time. An exception is reported as Python does where nobody can
    /// catch it, and then it is not called any more: what it watches is worth more. Ctrl-C is passed on.
    pub fn deliver(&self, py: Python<'_>) -> PyResult<()> {
        for event in self.queue.drain() {
            let callable = self.lock().as_ref().map(|callable| callable.clone_ref(py));
            let Some(callable) = callable else { continue };
            let told = python_event(py, &event).and_then(|event| callable.call1(py, (event,)));
            let Err(problem) = told else { continue };
            if !problem.is_instance_of::<PyException>(py) {
                return Err(problem);
            }
            *self.lock() = None;
            problem.write_unraisable(py, Some(callable.bind(py)));
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Py<PyAny>>> {
        self.callable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The dataclass of an event.
fn python_event<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyAny>> {
    let class = |name: &str| py.import("metertap.events")?.getattr(name);
    match event {
        Event::Answered {
            provider,
            account,
            operation,
            attempt,
            status,
            took,
        } => class("Answered")?.call1((provider, account, operation, attempt, status, took.as_secs_f64())),
        Event::Repeating { account, error, wait } => {
            let exception = to_python(py, error).into_value(py);
            let place = (error.provider, account, error.operation.as_str());
            class("Repeating")?.call1((place.0, place.1, place.2, exception, wait.as_secs_f64()))
        }
        Event::Waited {
            provider,
            account,
            operation,
            wait,
        } => class("Waited")?.call1((provider, account, operation, wait.as_secs_f64())),
        Event::LoggedIn { provider, account } => class("LoggedIn")?.call1((provider, account)),
        Event::LearnedLimit {
            provider,
            account,
            per_second,
        } => class("LearnedLimit")?.call1((provider, account, per_second)),
        Event::ClockCorrected {
            provider,
            account,
            seconds,
        } => class("ClockCorrected")?.call1((provider, account, seconds)),
        Event::GaveUp { account, error } => {
            let exception = to_python(py, error).into_value(py);
            class("GaveUp")?.call1((error.provider, account, error.operation.as_str(), exception))
        }
    }
}
