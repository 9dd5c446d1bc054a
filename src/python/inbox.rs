//! How finished calls come to an event loop: many at a time, and no worker ever waits for the interpreter.
//!
//! A worker puts the outcome into the loop's inbox, and rings if the inbox was empty: it writes a byte to a socket that
//! the loop watches. The loop's thread then takes all outcomes out and sets them on their futures. The socket exists as
//! long as a call is under way, so that a loop that ends leaves nothing behind.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::AbortHandle;
use pyo3::intern;
use pyo3::prelude::*;

use super::runtime::{Living, mark, stand_aside};

/// Makes the outcome of a call a Python object, on the loop's thread.
pub type Outcome = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// The readers of the loops that have calls under way.
pub type Readers = Mutex<Vec<Py<Reader>>>;

/// Where workers put what is finished.
pub struct Inbox {
    outcomes: Mutex<Vec<(u64, Outcome)>>,
    bell: UnixStream,
}

impl Inbox {
    /// Puts in the outcome of a call. Where the loop is gone, nobody waits for it.
    pub fn put(&self, number: u64, outcome: Outcome) {
        let mut outcomes = lock(&self.outcomes);
        let was_empty = outcomes.is_empty();
        outcomes.push((number, outcome));
        drop(outcomes);
        if was_empty {
            let _ = (&self.bell).write(&[0]);
        }
    }
}

/// What an event loop calls when there is something in its inbox.
#[pyclass(frozen)]
pub struct Reader {
    event_loop: Py<PyAny>,
    inbox: Arc<Inbox>,
    ear: UnixStream,
    calls: Mutex<Calls>,
}

/// The calls that are under way, by their numbers.
#[derive(Default)]
struct Calls {
    last: u64,
    waiting: HashMap<u64, (Py<PyAny>, AbortHandle)>,
}

impl Reader {
    /// The reader of this loop; nothing where the loop cannot watch sockets, as on Windows.
    pub fn of<'py>(living: &Living, event_loop: &Bound<'py, PyAny>) -> Option<Bound<'py, Self>> {
        let py = event_loop.py();
        let find = |reader: &&Py<Self>| reader.get().event_loop.is(event_loop);
        let found = lock(&living.readers)
            .iter()
            .find(find)
            .map(|reader| reader.clone_ref(py));
        match found {
            Some(reader) => Some(reader.into_bound(py)),
            None => Self::start(living, event_loop).ok(),
        }
    }

    fn start<'py>(living: &Living, event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        forget_closed(py, living)?;
        let (ear, bell) = UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        let descriptor = ear.as_raw_fd();
        let reader = Self {
            event_loop: event_loop.clone().unbind(),
            inbox: Arc::new(Inbox {
                outcomes: Mutex::default(),
                bell,
            }),
            ear,
            calls: Mutex::default(),
        };
        let reader = Bound::new(py, reader)?;
        let read = reader.getattr(intern!(py, "read"))?;
        event_loop.call_method1(intern!(py, "add_reader"), (descriptor, read))?;
        lock(&living.readers).push(reader.clone().unbind());
        Ok(reader)
    }

    /// A future of the loop for a call. `spawn` starts the call; its worker puts the outcome, with the call's number,
    /// into the inbox. Cancelling the future ends the call.
    pub fn promise<'py>(
        slf: &Bound<'py, Self>,
        spawn: impl FnOnce(Arc<Inbox>, u64) -> AbortHandle,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, reader) = (slf.py(), slf.get());
        let future = reader.event_loop.bind(py).call_method0(intern!(py, "create_future"))?;
        let number = {
            let mut calls = lock(&reader.calls);
            calls.last += 1;
            calls.last
        };
        let cancel = Cancel {
            reader: slf.clone().unbind(),
            number,
        };
        future.call_method1(intern!(py, "add_done_callback"), (cancel,))?;
        let task = spawn(Arc::clone(&reader.inbox), number);
        let waiting = (future.clone().unbind(), task);
        lock(&reader.calls).waiting.insert(number, waiting);
        Ok(future)
    }

    fn take(&self, number: u64) -> Option<(Py<PyAny>, AbortHandle)> {
        lock(&self.calls).waiting.remove(&number)
    }

    fn is_idle(&self) -> bool {
        lock(&self.calls).waiting.is_empty()
    }
}

#[pymethods]
impl Reader {
    /// Takes all outcomes out of the inbox.
    fn read(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, reader) = (slf.py(), slf.get());
        // The bell is silenced first: who rings from now on is heard the next time.
        while (&reader.ear).read(&mut [0; 64]).is_ok_and(|count| count == 64) {}
        let Some(_present) = mark() else {
            py.detach(stand_aside);
            return Ok(());
        };
        let outcomes = std::mem::take(&mut *lock(&reader.inbox.outcomes));
        let mut told = Ok(());
        for (number, outcome) in outcomes {
            if let Some((future, _)) = reader.take(number) {
                // What goes wrong with one must not keep the others waiting.
                told = told.and(set(future.bind(py), outcome));
            }
        }
        if reader.is_idle() {
            // Who has been waiting may ask the next thing at once.
            let rest = slf.getattr(intern!(py, "rest"))?;
            let event_loop = reader.event_loop.bind(py);
            event_loop.call_method1(intern!(py, "call_soon"), (rest,))?;
        }
        told
    }

    /// Lets go of the loop if no call is under way.
    fn rest(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, reader) = (slf.py(), slf.get());
        let Some(_present) = mark() else {
            py.detach(stand_aside);
            return Ok(());
        };
        if reader.is_idle() && forget(slf) {
            let event_loop = reader.event_loop.bind(py);
            event_loop.call_method1(intern!(py, "remove_reader"), (reader.ear.as_raw_fd(),))?;
        }
        Ok(())
    }
}

/// Called when a future is done: by an outcome, or because it was cancelled.
#[pyclass(frozen)]
struct Cancel {
    reader: Py<Reader>,
    number: u64,
}

#[pymethods]
impl Cancel {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let reader = self.reader.bind(future.py());
        match reader.get().take(self.number) {
            Some((_, task)) => {
                task.abort();
                Reader::rest(reader)
            }
            None => Ok(()),
        }
    }
}

fn set(future: &Bound<'_, PyAny>, outcome: Outcome) -> PyResult<()> {
    let py = future.py();
    if future.call_method0(intern!(py, "done"))?.is_truthy()? {
        return Ok(());
    }
    match outcome(py) {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
    };
    Ok(())
}

/// Takes a reader off the list; false if it is not there any more.
fn forget(reader: &Bound<'_, Reader>) -> bool {
    let Some(living) = Living::here() else { return false };
    let mut readers = lock(&living.readers);
    let place = readers.iter().position(|known| known.is(reader));
    let found = place.map(|place| readers.swap_remove(place));
    drop(readers);
    found.is_some()
}

/// Forgets loops that were closed while calls were under way.
fn forget_closed(py: Python<'_>, living: &Living) -> PyResult<()> {
    let known: Vec<_> = lock(&living.readers)
        .iter()
        .map(|reader| reader.clone_ref(py))
        .collect();
    for reader in known {
        let event_loop = reader.get().event_loop.bind(py);
        if event_loop.call_method0(intern!(py, "is_closed"))?.is_truthy()? {
            forget(reader.bind(py));
            // The futures know the reader and the reader knows them: none would ever be freed.
            let waiting = std::mem::take(&mut lock(&reader.get().calls).waiting);
            for (_, task) in waiting.values() {
                task.abort();
            }
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
