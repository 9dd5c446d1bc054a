//! The runtimes: started on first use, rebuilt after a `fork`, closed at exit.
//!
//! There are two. The one for single calls has no thread: whoever waits for a call drives it, so that a call wakes
//! nobody. The other one has a thread of its own, for batches and for what is awaited.
//!
//! After a fork, the child has none of the parent's threads, and sockets must not be shared by two processes. So what
//! lives is kept per process id: the child finds a home that is not its own, leaves it alone (dropping it would wait
//! for threads that do not exist) and moves into a new one. No lock is taken on the way, since a lock may have been
//! held at the moment of the fork.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use futures_util::future::{AbortHandle, abortable};
use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::{ContextExt, JoinError, Runtime};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::engine::Engine;
use crate::values::error::{Error, Kind, Result};

/// Set at exit: from then on nothing is started.
static CLOSED: AtomicBool = AtomicBool::new(false);
/// The thread that ends the interpreter.
static CLOSER: OnceLock<ThreadId> = OnceLock::new();
static FIRST: OnceLock<Home> = OnceLock::new();

/// What belongs to one process.
struct Home {
    process: u32,
    living: OnceLock<Living>,
    /// The home of a process that was forked from this one; set in that process's copy only.
    child: OnceLock<Box<Home>>,
}

/// What is there while the process makes calls.
pub struct Living {
    /// For single calls: driven by the threads that wait for them.
    pub single: tokio::runtime::Runtime,
    /// What makes single calls.
    pub engine: Arc<Engine>,
    background: OnceLock<Background>,
    /// How many threads are in a call.
    present: Arc<AtomicUsize>,
    /// The event loops that wait for calls.
    #[cfg(unix)]
    pub readers: super::inbox::Readers,
}

/// The runtime that has a thread of its own.
pub struct Background {
    /// Where futures run.
    pub handle: Handle,
    /// What makes the calls there.
    pub engine: Arc<Engine>,
    arrivals: mpsc::UnboundedSender<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// The thread, and what ends it when it is dropped.
    thread: Mutex<Option<(oneshot::Sender<()>, thread::JoinHandle<()>)>>,
}

/// A thread that is in a call, until this is dropped: the interpreter does not go down as long as it may be running
/// Python code.
pub struct Present(Arc<AtomicUsize>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Living {
    fn start() -> std::result::Result<Self, String> {
        let single = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            single: single.map_err(|problem| problem.to_string())?,
            engine: Arc::default(),
            background: OnceLock::new(),
            present: Arc::default(),
            #[cfg(unix)]
            readers: Mutex::default(),
        })
    }

    /// What there is in this process, if anything was started.
    #[cfg(unix)]
    pub fn here() -> Option<&'static Self> {
        Home::here().living.get()
    }

    /// For batches and for what is awaited. The first call starts threads, detached from the interpreter.
    pub fn background(&self, py: Python<'_>) -> Result<&Background> {
        match self.background.get() {
            Some(background) => Ok(background),
            None => py.detach(|| started(&self.background, || Background::start(&self.engine))),
        }
    }

    /// Marks a thread that may run Python code, until the mark is dropped.
    fn mark(&self) -> Present {
        self.present.fetch_add(1, Ordering::SeqCst);
        Present(Arc::clone(&self.present))
    }

    /// Waits a little until all threads have left their calls, which they do at their next tick, and ends the
    /// background. The other runtime has no thread that would have to end.
    fn close(&self) {
        let until = Instant::now() + Duration::from_millis(300);
        while self.present.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        if let Some(background) = self.background.get() {
            let thread = background.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some((stop, thread)) = thread else { return };
            drop(stop);
            let until = Instant::now() + Duration::from_millis(300);
            while !thread.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

impl Background {
    fn start(engine: &Engine) -> std::result::Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|problem| problem.to_string())?;
        let handle = runtime.handle().clone();
        let (stop, mut stopped) = oneshot::channel();
        let (arrivals, mut arriving) = mpsc::unbounded_channel();
        let work = move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        Some(task) = arriving.recv() => drop(tokio::spawn(task)),
                        _ = &mut stopped => return,
                    }
                }
            });
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("metertap".to_owned()).spawn(work);
        let thread = thread.map_err(|problem| problem.to_string())?;
        Ok(Self {
            handle,
            engine: Arc::new(engine.beside()),
            arrivals,
            thread: Mutex::new(Some((stop, thread))),
        })
    }

    /// Starts a task. Many come on end, and this wakes the thread once for all of them; the handle would for each.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let (future, abort) = abortable(future);
        // Nobody is there to take it only when all is over.
        let _ = self.arrivals.send(Box::pin(async move {
            let _ = future.await;
        }));
        abort
    }
}

impl Home {
    fn of(process: u32) -> Self {
        Self {
            process,
            living: OnceLock::new(),
            child: OnceLock::new(),
        }
    }

    fn here() -> &'static Self {
        let process = std::process::id();
        let mut home = FIRST.get_or_init(|| Self::of(process));
        while home.process != process {
            home = home.child.get_or_init(|| Box::new(Self::of(process)));
        }
        home
    }
}

/// What is there in this process.
fn living() -> Result<&'static Living> {
    if is_closed() {
        return Err(closed());
    }
    started(&Home::here().living, Living::start)
}

/// What is in the cell, started if need be. A start that fails, for want of a descriptor say, is not remembered: the next
/// call tries again. Of two that start at once, the later is dropped.
fn started<T>(cell: &OnceLock<T>, start: impl FnOnce() -> std::result::Result<T, String>) -> Result<&T> {
    if cell.get().is_none() {
        let started = start().map_err(|problem| not_started(&problem))?;
        let _ = cell.set(started);
    }
    cell.get()
        .ok_or_else(|| Error::new(Kind::Internal, "what was started is gone"))
}

/// Begins a call: what there is in this process, and a mark that a thread is in a call. Hold the mark until the answer
/// is a Python object.
pub fn enter(py: Python<'_>) -> Result<(&'static Living, Present)> {
    if is_closed() {
        py.detach(stand_aside);
        return Err(closed());
    }
    let ready = Home::here().living.get();
    let living = match ready {
        Some(living) => living,
        None => py.detach(living)?,
    };
    let present = living.mark();
    if is_closed() {
        drop(present);
        py.detach(stand_aside);
        return Err(closed());
    }
    Ok((living, present))
}

/// A mark for a thread that is about to run Python code for a call; nothing once the interpreter shuts down.
pub fn mark() -> Option<Present> {
    let present = living().ok()?.mark();
    (!is_closed()).then_some(present)
}

/// True from the end of the interpreter on.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::SeqCst)
}

/// True on the thread that ends the interpreter, and everywhere while nobody does.
pub fn may_speak() -> bool {
    CLOSER.get().is_none_or(|closer| *closer == thread::current().id())
}

/// Keeps a daemon thread away from an interpreter that goes down. Before Python 3.14, a thread that wants to run Python
/// code then is ended by unwinding its stack, and where Rust is on that stack the process aborts. The time is longer
/// than any end takes, but not for ever: somebody may be waiting for this thread.
pub fn stand_aside() {
    if !may_speak() {
        thread::sleep(Duration::from_secs(2));
    }
}

/// The error of a call that is made, or still under way, when the interpreter shuts down.
pub fn closed() -> Error {
    Error::new(
        Kind::ShuttingDown,
        "the interpreter is shutting down; no more calls can be made",
    )
}

fn not_started(problem: &str) -> Error {
    Error::new(Kind::Internal, format!("the runtime cannot be started: {problem}"))
}

/// True in the interpreter that the process began with; also where nobody can tell. The end of any other one must not end
/// what that one has started. The interpreter's own module that knows is not left behind.
#[pyfunction]
pub fn is_main_interpreter(py: Python<'_>) -> bool {
    let module = if py.version_info() >= (3, 13) {
        "_interpreters"
    } else {
        "_xxsubinterpreters"
    };
    let ask = || -> PyResult<bool> {
        let modules = py.import("sys")?.getattr("modules")?;
        let was_there = modules.contains(module)?;
        let interpreters = py.import(module)?;
        if !was_there {
            modules.del_item(module)?;
        }
        interpreters
            .call_method0("get_current")?
            .eq(interpreters.call_method0("get_main")?)
    };
    ask().unwrap_or(true)
}

/// Stops all work of this process. Registered with `atexit` by the main interpreter; calls after it raise `ShuttingDown`.
#[pyfunction]
pub fn shut_down(py: Python<'_>) {
    let _ = CLOSER.set(thread::current().id());
    if CLOSED.swap(true, Ordering::SeqCst) {
        return;
    }
    if let Some(living) = Home::here().living.get() {
        py.detach(|| living.close());
    }
}

/// Our runtime, as the bridge to asyncio sees it.
pub struct Bridge;

/// Why a spawned task ended without a result.
pub struct Ended(Option<tokio::task::JoinError>);

impl JoinError for Ended {
    fn is_panic(&self) -> bool {
        self.0.as_ref().is_some_and(tokio::task::JoinError::is_panic)
    }

    fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
        match self.0 {
            Some(ended) if ended.is_panic() => ended.into_panic(),
            _ => Box::new("the task was cancelled"),
        }
    }
}

/// A spawned task.
pub struct Spawned(Option<tokio::task::JoinHandle<()>>);

impl Future for Spawned {
    type Output = std::result::Result<(), Ended>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        match &mut self.0 {
            Some(handle) => Pin::new(handle).poll(context).map_err(|ended| Ended(Some(ended))),
            None => std::task::Poll::Ready(Err(Ended(None))),
        }
    }
}

impl Runtime for Bridge {
    type JoinError = Ended;
    type JoinHandle = Spawned;

    fn spawn<F>(future: F) -> Spawned
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Spawned(background().map(|background| background.handle.spawn(future)))
    }

    fn spawn_blocking<F>(work: F) -> Spawned
    where
        F: FnOnce() + Send + 'static,
    {
        // The bridge's closures attach to the interpreter. While it goes down they must not: a worker that waits for
        // it then is killed in the middle, with noise on stderr. `try_attach` gives up instead.
        let guarded = move || {
            if !is_closed() {
                let _ = Python::try_attach(|_| work());
            }
        };
        Spawned(background().map(|background| background.handle.spawn_blocking(guarded)))
    }
}

/// The background, which stands by the time that the bridge spawns anything.
fn background() -> Option<&'static Background> {
    living().ok()?.background.get()
}

tokio::task_local! {
    static LOCALS: TaskLocals;
}

impl ContextExt for Bridge {
    fn scope<F, R>(locals: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(LOCALS.scope(locals, future))
    }

    fn get_task_locals() -> Option<TaskLocals> {
        LOCALS.try_with(Clone::clone).ok()
    }
}
