//! The sockets: HTTP/1.1 over TCP or TLS, on loopback only, on one thread.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::canned::Canned;
use super::faults::{Fault, FaultQueue, OnAccept, Stage, Step};
use super::http::{Request, Response};
use super::wire::{self, Arrived, Inbox, Manners, Message, NoRequest};
use super::world::World;
use super::{Service, Switch, accounts, tls};

/// How many requests the log keeps.
const LOG_CAP: usize = 100_000;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to accept a part of an answer.
const WRITE_LIMIT: Duration = Duration::from_secs(60);
/// Bodies up to this size go out together with their head.
const JOINED_CAP: usize = 64 << 10;
/// How many ports are tried to find one that no simulator had before.
const PORTS_TRIED: usize = 64;
/// How long stopping waits for the thread.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// How a simulator starts.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The seed of all synthetic usage.
    pub seed: u64,
    /// The simulated time, standing still; none means that the machine's own time passes.
    pub now: Option<Timestamp>,
    /// The port for HTTP; 0 takes a free one that no simulator of this process had before.
    pub port: u16,
    /// True: serve HTTPS as well, on a free port.
    pub tls: bool,
    /// What is wrong with the certificate.
    pub certificate: Certificate,
    /// Switches to set from the start: name and value.
    pub switches: Vec<(String, String)>,
    /// Services that are canned answers, besides the others.
    pub canned: Vec<Canned>,
}

/// The certificate that the HTTPS port shows; each kind is signed by the simulator's own authority.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certificate {
    /// Valid for `localhost`, `127.0.0.1` and `::1`.
    #[default]
    Good,
    /// The right names, but of the past.
    Expired,
    /// For another host.
    WrongHost,
}

/// One request as the log remembers it: never a header's value, never a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The provider that it was for, if any claimed it.
    pub provider: Option<&'static str>,
    /// The number of the account that sent it, counted from 1; none if it does not say rightly.
    pub account: Option<u32>,
    /// The method, as sent.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query, as sent.
    pub query: String,
    /// The status that it was answered with; none if no answer was begun.
    pub status: Option<u16>,
    /// The faults that were applied to it.
    pub fault: Option<String>,
    /// When it was complete: microseconds since the simulator started, on a clock that never goes back.
    pub arrived_micros: u64,
    /// The connection that it came on, counted from 1.
    pub connection: u64,
}

/// What the simulator has counted since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Requests that arrived whole.
    pub requests: u64,
    /// Clients that went away in the middle of a request, or before its answer was written.
    pub disconnects: u64,
}

/// A switch and what it stands on.
#[derive(Debug, Clone)]
pub struct SwitchState {
    /// The switch.
    pub switch: Switch,
    /// The value that was set, else the default; none where any text is allowed and nothing was set.
    pub value: Option<String>,
}

/// A running simulator; dropping it stops it.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    secure: Option<(SocketAddr, String)>,
    thread: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    stopped: mpsc::Receiver<()>,
    handle: JoinHandle<()>,
    /// The process that has the thread: after a `fork`, the child has a copy of this value but no thread to wait for.
    process: u32,
}

/// A socket to accept on, and what makes it TLS.
type Port = (TcpListener, Option<TlsAcceptor>);

impl Running {
    fn spawn(runtime: Runtime, shared: Arc<Shared>, ports: Vec<Port>) -> io::Result<Self> {
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = mpsc::channel();
        let serve = move || {
            runtime.block_on(async {
                for (listener, acceptor) in ports {
                    tokio::spawn(accept(Arc::clone(&shared), listener, acceptor));
                }
                let _ = stopping.await;
            });
            drop(runtime); // closes the ports and every connection
            let _ = done.send(());
        };
        Ok(Self {
            stop,
            stopped,
            handle: thread::Builder::new()
                .name("metertap-simulator".to_owned())
                .spawn(serve)?,
            process: std::process::id(),
        })
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    /// Binds the ports and serves until it is stopped.
    pub fn start(config: Config) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(World::new(config.seed, config.now), config.canned));
        for (name, value) in config.switches {
            let set = shared.set_switch(&name, &value);
            set.map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        }
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let mut ports = Vec::new();
        let mut secure = None;
        let address = {
            let _in_runtime = runtime.enter();
            let listener = match config.port {
                0 => listen_anew()?,
                port => listen(port)?,
            };
            let address = listener.local_addr()?;
            ports.push((listener, None));
            if config.tls {
                let listener = listen_anew()?;
                let tls = tls::issue(config.certificate)?;
                secure = Some((listener.local_addr()?, tls.ca_pem));
                ports.push((listener, Some(tls.acceptor)));
            }
            address
        };
        Ok(Self {
            thread: Mutex::new(Some(Running::spawn(runtime, Arc::clone(&shared), ports)?)),
            shared,
            address,
            secure,
        })
    }

    /// Closes the ports and all connections, and waits (a bounded time) until that is done; a second call does nothing.
    pub fn stop(&self) {
        let Some(running) = lock(&self.thread).take() else {
            return;
        };
        if running.process != std::process::id() {
            return;
        }
        let _ = running.stop.send(());
        if running.stopped.recv_timeout(STOP_LIMIT).is_ok() {
            let _ = running.handle.join();
        }
    }

    /// Where it serves HTTP, for example `http://127.0.0.1:8080`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it serves HTTPS, if it does.
    pub fn tls_origin(&self) -> Option<String> {
        self.secure.as_ref().map(|(address, _)| format!("https://{address}"))
    }

    /// The certificate of the authority that clients of the HTTPS port have to trust.
    pub fn ca_pem(&self) -> Option<&str> {
        self.secure.as_ref().map(|(_, pem)| pem.as_str())
    }

    /// The seed, the time and the switches.
    pub fn world(&self) -> &World {
        &self.shared.world
    }

    /// The names of the providers that it serves.
    pub fn providers(&self) -> Vec<&'static str> {
        self.shared.services.iter().map(|service| service.name()).collect()
    }

    /// The made-up credentials of a provider's first account: the keyword arguments of the Python client.
    pub fn credentials(&self, provider: &str) -> Result<Vec<(&'static str, String)>, String> {
        self.credentials_of(provider, 1)
    }

    /// Those of the account of this number, counted from 1.
    pub fn credentials_of(&self, provider: &str, account: u32) -> Result<Vec<(&'static str, String)>, String> {
        let service = self.shared.service(provider)?;
        if !(1..=accounts::MOST).contains(&account) {
            let most = accounts::MOST;
            return Err(format!(
                "accounts are counted from 1 to {most}, and {account} is none of them"
            ));
        }
        Ok(service.credentials(account))
    }

    /// What a client of this provider has to take as its base URL.
    pub fn base_url(&self, provider: &str, tls: bool) -> Result<String, String> {
        let service = self.shared.service(provider)?;
        let origin = if tls { self.tls_origin() } else { Some(self.origin()) };
        origin
            .map(|origin| service.base_url(&origin))
            .ok_or_else(|| "the simulator was started without TLS".to_owned())
    }

    /// Sets a switch; the message says what is wrong with the name or the value.
    pub fn set_switch(&self, name: &str, value: &str) -> Result<(), String> {
        self.shared.set_switch(name, value)
    }

    /// All switches, with what they stand on.
    pub fn switches(&self) -> Vec<SwitchState> {
        let state = |switch: Switch| SwitchState {
            switch,
            value: self
                .shared
                .world
                .switch(switch.name)
                .or_else(|| switch.values.first().map(|&value| value.to_owned())),
        };
        self.shared.all_switches().copied().map(state).collect()
    }

    /// Makes all sessions and tokens that a provider's service handed out invalid.
    pub fn expire_sessions(&self, provider: &str) -> Result<(), String> {
        self.shared.service(provider)?.expire_sessions();
        Ok(())
    }

    /// Puts the server's wall clock off by this much.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.shared.world.set_clock_offset(offset);
    }

    /// Refuses each account's requests above this many per second (a bucket of one second's worth, at least one); none
    /// lifts the limit.
    pub fn set_rate_limit(&self, provider: &str, per_second: Option<f64>) -> Result<(), String> {
        let name = self.shared.service(provider)?.name();
        if let Some(rate) = per_second.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
            return Err(format!("a rate limit is a positive number per second, not {rate}"));
        }
        let mut limits = lock(&self.shared.limits);
        let limit = limits.entry(name).or_default();
        limit.per_second = per_second;
        limit.buckets.clear();
        Ok(())
    }

    /// Refuses each account's requests above this many at once; none lifts the limit.
    pub fn set_concurrency_limit(&self, provider: &str, at_once: Option<usize>) -> Result<(), String> {
        let name = self.shared.service(provider)?.name();
        if at_once == Some(0) {
            return Err("a concurrency limit is at least 1".to_owned());
        }
        lock(&self.shared.limits).entry(name).or_default().at_once = at_once;
        Ok(())
    }

    /// Lets something go wrong; the number is for [`Simulator::remove_fault`].
    pub fn add_fault(&self, fault: Fault) -> Result<u64, String> {
        if let Some(provider) = &fault.provider {
            self.shared.service(provider)?;
        }
        self.shared.faults.add(fault)
    }

    /// Takes a fault back; false if there is none of that number any more.
    pub fn remove_fault(&self, id: u64) -> bool {
        self.shared.faults.remove(id)
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// The faults that are not used up, in the order in which they are tried.
    pub fn faults(&self) -> Vec<(u64, Fault)> {
        self.shared.faults.list()
    }

    /// The last 100,000 requests, oldest first; each is there before its answer can be read.
    pub fn requests(&self) -> Vec<RequestRecord> {
        lock(&self.shared.log).iter().cloned().collect()
    }

    /// Empties the log of requests; the counts go on.
    pub fn clear_requests(&self) {
        lock(&self.shared.log).clear();
    }

    /// What was counted since the start.
    pub fn counts(&self) -> Counts {
        Counts {
            connections: self.shared.connections.load(Ordering::Relaxed),
            requests: self.shared.requests.load(Ordering::Relaxed),
            disconnects: self.shared.disconnects.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the serving thread and the owner both see.
struct Shared {
    world: World,
    services: Vec<Box<dyn Service>>,
    limits: Mutex<HashMap<&'static str, Limit>>,
    faults: FaultQueue,
    log: Mutex<VecDeque<RequestRecord>>,
    connections: AtomicU64,
    requests: AtomicU64,
    disconnects: AtomicU64,
    started: Instant,
}

impl Shared {
    fn new(world: World, canned: Vec<Canned>) -> Self {
        // First, since their paths are theirs alone.
        let mut services: Vec<Box<dyn Service>> = Vec::new();
        services.extend(canned.into_iter().map(|canned| Box::new(canned) as Box<dyn Service>));
        services.extend(super::services());
        Self {
            world,
            services,
            limits: Mutex::default(),
            faults: FaultQueue::default(),
            log: Mutex::default(),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            disconnects: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    fn service(&self, provider: &str) -> Result<&dyn Service, String> {
        let found = self.services.iter().find(|service| service.name() == provider);
        found.map(AsRef::as_ref).ok_or_else(|| {
            let names = self.services.iter().map(|service| service.name());
            unknown("provider", provider, names)
        })
    }

    fn all_switches(&self) -> impl Iterator<Item = &'static Switch> {
        self.services.iter().flat_map(|service| service.switches())
    }

    fn set_switch(&self, name: &str, value: &str) -> Result<(), String> {
        let switch = self.all_switches().find(|switch| switch.name == name);
        let switch = switch.ok_or_else(|| unknown("switch", name, self.all_switches().map(|switch| switch.name)))?;
        if !switch.values.is_empty() && !switch.values.contains(&value) {
            return Err(format!("{name} is one of {}, not {value:?}", switch.values.join(", ")));
        }
        self.world.set_switch(name, value);
        Ok(())
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn record(&self, record: RequestRecord) {
        let mut log = lock(&self.log);
        if log.len() >= LOG_CAP {
            log.pop_front();
        }
        log.push_back(record);
    }

    /// What the service says, unless the account asks too often, or too much at once.
    fn answer(&self, service: Option<&dyn Service>, account: Option<u32>, request: &Request) -> Response {
        let Some(service) = service else {
            return Response::text(404, "text/plain; charset=utf-8", "no simulated service has this path\n");
        };
        let wait = match lock(&self.limits).get_mut(service.name()) {
            Some(limit) => limit.take(account.unwrap_or(0), Instant::now()),
            None => Ok(()),
        };
        match wait {
            Ok(()) => service.answer(&self.world, request),
            Err(wait) => {
                let whole_seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
                service.throttled(&self.world, request, whole_seconds.max(1))
            }
        }
    }
}

/// One sentence about a name that does not exist, with the nearest that does.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let distance = |candidate: &&str| strsim::damerau_levenshtein(candidate, name);
    match known.min_by_key(distance) {
        Some(nearest) => format!("there is no {what} {name:?}; the nearest is {nearest:?}"),
        None => format!("there is no {what} {name:?}"),
    }
}

/// A request is under way until this is dropped.
struct UnderWay<'a> {
    shared: &'a Shared,
    provider: &'static str,
    account: u32,
}

impl<'a> UnderWay<'a> {
    fn begin(shared: &'a Shared, provider: &'static str, account: u32) -> Self {
        let mut limits = lock(&shared.limits);
        *limits
            .entry(provider)
            .or_default()
            .under_way
            .entry(account)
            .or_default() += 1;
        Self {
            shared,
            provider,
            account,
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut limits = lock(&self.shared.limits);
        let limit = limits.get_mut(self.provider);
        if let Some(count) = limit.and_then(|limit| limit.under_way.get_mut(&self.account)) {
            *count = count.saturating_sub(1);
        }
    }
}

/// What each account of a provider may do. Requests that are nobody's count as those of one account more, 0.
#[derive(Debug, Default)]
struct Limit {
    per_second: Option<f64>,
    buckets: HashMap<u32, TokenBucket>,
    at_once: Option<usize>,
    under_way: HashMap<u32, usize>,
}

impl Limit {
    /// Lets a request of this account through, which counts as under way already, or says how long it should wait.
    fn take(&mut self, account: u32, now: Instant) -> Result<(), Duration> {
        let under_way = self.under_way.get(&account).copied().unwrap_or_default();
        if self.at_once.is_some_and(|most| under_way > most) {
            return Err(Duration::ZERO);
        }
        match self.per_second {
            Some(rate) => self
                .buckets
                .entry(account)
                .or_insert_with(|| TokenBucket::new(rate, now))
                .take(now),
            None => Ok(()),
        }
    }
}

/// So many requests per second, with one second's worth at once.
#[derive(Debug)]
struct TokenBucket {
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl TokenBucket {
    fn new(rate: f64, now: Instant) -> Self {
        Self {
            rate,
            tokens: rate.max(1.0),
            filled: now,
        }
    }

    /// Takes one token, or says how long it takes until there is one.
    fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + elapsed * self.rate).min(self.rate.max(1.0));
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::try_from_secs_f64((1.0 - self.tokens) / self.rate).unwrap_or(Duration::MAX))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens at a port that no simulator of this process had before, as far as there are any.
///
/// The system gives ports out again, but clients remember things of an address: what an account may still repeat there,
/// for one, which a simulator would inherit from the one before.
fn listen_anew() -> io::Result<TcpListener> {
    static HAD: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut refused = Vec::new(); // kept open, so that the system offers another
    loop {
        let listener = listen(0)?;
        if lock(&HAD).insert(listener.local_addr()?.port()) || refused.len() == PORTS_TRIED {
            return Ok(listener);
        }
        refused.push(listener);
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Else a fixed port could not be taken again right after a stop. Windows means something else by it.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(1024)
}

/// A connection's stream, plain or encrypted.
trait Link: AsyncRead + AsyncWrite + Unpin + Send {
    /// The socket below.
    fn socket(&self) -> &TcpStream;
}

impl Link for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Link for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Accepts connections until it is dropped, each in a task of its own.
async fn accept(shared: Arc<Shared>, listener: TcpListener, acceptor: Option<TlsAcceptor>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            sleep(Duration::from_millis(10)).await; // out of descriptors: some will be free again
            continue;
        };
        let connection = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::spawn(welcome(Arc::clone(&shared), socket, acceptor.clone(), connection));
    }
}

/// Serves one connection, after the faults and the handshake that come before its first request.
async fn welcome(shared: Arc<Shared>, socket: TcpStream, acceptor: Option<TlsAcceptor>, connection: u64) {
    let _ = socket.set_nodelay(true);
    match shared.faults.take_on_accept() {
        Some(OnAccept::Reset) => return drop(socket.set_zero_linger()),
        Some(OnAccept::Wait(time)) => sleep(time).await,
        None => {}
    }
    match acceptor {
        None => Conversation::new(shared, socket, connection).run().await,
        Some(acceptor) => {
            if let Ok(Ok(link)) = timeout(HANDSHAKE_LIMIT, acceptor.accept(socket)).await {
                Conversation::new(shared, link, connection).run().await;
            }
        }
    }
}

/// One write, unless joining head and body would mean to copy much.
fn in_few_writes(message: Message) -> Vec<Step> {
    if message.body.len() < JOINED_CAP {
        return vec![Step::Send(message.into_bytes())];
    }
    vec![Step::Send(message.head), Step::Send(message.body)]
}

/// The client went away.
struct Gone;

/// How a connection goes on.
enum Next {
    /// Another request may follow.
    Request,
    /// It ends, in good order.
    Part,
    /// It ends just so.
    Drop,
}

/// One request, with all that makes its answer.
struct Scene<'a> {
    shared: &'a Shared,
    service: Option<&'a dyn Service>,
    account: Option<u32>,
    request: &'a Request,
    manners: Manners,
}

impl Stage for Scene<'_> {
    fn answer(&self) -> Response {
        self.shared.answer(self.service, self.account, self.request)
    }

    fn refusal_inside_200(&self) -> Response {
        match self.service {
            Some(service) => service.refused_inside_200(&self.shared.world, self.request),
            None => self.answer(),
        }
    }

    fn expire_sessions(&self) {
        if let Some(service) = self.service {
            service.expire_sessions();
        }
    }

    fn frame(&self, response: Response) -> Message {
        let accepts_gzip = wire::accepts_gzip(self.request);
        wire::message(response, accepts_gzip, self.manners, self.shared.world.date())
    }
}

/// One connection, from its first request to its end.
struct Conversation<L> {
    shared: Arc<Shared>,
    link: L,
    inbox: Inbox,
    connection: u64,
    /// True from the second request on.
    reused: bool,
}

impl<L: Link> Conversation<L> {
    fn new(shared: Arc<Shared>, link: L, connection: u64) -> Self {
        Self {
            shared,
            link,
            inbox: Inbox::default(),
            connection,
            reused: false,
        }
    }

    async fn run(mut self) {
        loop {
            let next = match self.inbox.next_request(&mut self.link).await {
                Ok(arrived) => self.reply(arrived).await,
                Err(NoRequest::Idle) => return,
                Err(NoRequest::Gone) => Err(Gone),
                Err(NoRequest::Refused(status)) => return self.refuse(status).await,
            };
            match next {
                Ok(Next::Request) => self.reused = true,
                Ok(Next::Part) => return self.part().await,
                Ok(Next::Drop) => return,
                Err(Gone) => {
                    self.shared.disconnects.fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        }
    }

    /// Answers one request, as the faults let it.
    async fn reply(&mut self, arrived: Arrived) -> Result<Next, Gone> {
        let Arrived { request, manners } = arrived;
        let shared = Arc::clone(&self.shared);
        let arrived_micros = shared.micros();
        shared.requests.fetch_add(1, Ordering::Relaxed);
        let service = shared.services.iter().find(|service| service.claims(&request));
        let service = service.map(AsRef::as_ref);
        let provider = service.map(Service::name);
        let account = service.and_then(|service| service.account(&request));
        let under_way = provider.map(|provider| UnderWay::begin(&shared, provider, account.unwrap_or(0)));
        let verdict = shared.faults.take(provider, &request, self.reused);
        let scene = Scene {
            shared: &shared,
            service,
            account,
            request: &request,
            manners,
        };
        let (status, steps) = if let Some(fault) = verdict.kind {
            fault.perform(&scene)
        } else {
            let response = scene.answer();
            (Some(response.status), in_few_writes(scene.frame(response)))
        };
        shared.record(RequestRecord {
            provider,
            account,
            method: request.method,
            path: request.path,
            query: request.query,
            status,
            fault: verdict.text,
            arrived_micros,
            connection: self.connection,
        });
        self.pause(verdict.delay).await?;
        // Who has the answer may ask again, before this task sees that all of it is sent.
        drop(under_way);
        for step in steps {
            if !self.take(step).await? {
                return Ok(Next::Drop);
            }
        }
        Ok(if manners.keep_alive { Next::Request } else { Next::Part })
    }

    /// Takes one step; false if it ends the connection.
    async fn take(&mut self, step: Step) -> Result<bool, Gone> {
        match step {
            Step::Send(bytes) => self.send(&bytes).await?,
            Step::Repeat(bytes, times) => {
                for _ in 0..times {
                    self.send(&bytes).await?;
                }
            }
            Step::Drip(bytes, gap) => {
                for byte in bytes {
                    self.send(&[byte]).await?;
                    self.pause(gap).await?;
                }
            }
            Step::Pause(time) => self.pause(time).await?,
            Step::Close => return Ok(false),
            Step::Reset => {
                let _ = self.link.socket().set_zero_linger();
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits, and notices if the client goes away meanwhile.
    async fn pause(&mut self, time: Duration) -> Result<(), Gone> {
        if time.is_zero() {
            return Ok(());
        }
        let deadline = sleep(time);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                () = &mut deadline => return Ok(()),
                came = self.inbox.fill(&mut self.link), if self.inbox.has_room() => came.map_err(|_| Gone)?,
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let written = timeout(WRITE_LIMIT, async {
            self.link.write_all(bytes).await?;
            self.link.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    /// Says why this is no request to answer, and ends the connection.
    async fn refuse(mut self, status: u16) {
        let manners = Manners {
            keep_alive: false,
            may_chunk: false,
            wants_body: true,
        };
        let text = format!("{}\n", wire::reason(status));
        let response = Response::text(status, "text/plain; charset=utf-8", text);
        let message = wire::message(response, false, manners, self.shared.world.date());
        if self.send(&message.into_bytes()).await.is_ok() {
            self.part().await;
        }
    }

    /// Ends the connection such that the last answer gets through: closing with unread bytes would reset it.
    async fn part(mut self) {
        let _ = self.link.shutdown().await;
        let mut scrap = [0; 4096];
        let drained = async { while matches!(self.link.read(&mut scrap).await, Ok(count) if count > 0) {} };
        let _ = timeout(Duration::from_millis(500), drained).await;
    }
}

#[cfg(test)]
pub(super) mod client {
    //! A client of the simplest kind, so that tests see the bytes.

    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::Simulator;

    /// Opens a connection whose reads give up after five seconds.
    pub(in crate::simulator) fn connect(simulator: &Simulator) -> TcpStream {
        let stream = TcpStream::connect(simulator.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream
    }

    /// Sends these bytes and reads one answer: head and body (by its length or its chunks, as framed).
    pub(in crate::simulator) fn exchange<S: Read + Write>(stream: &mut S, request: &str) -> (String, Vec<u8>) {
        stream.write_all(request.as_bytes()).unwrap();
        let head = read_until(stream, b"\r\n\r\n");
        let head = String::from_utf8(head).unwrap();
        let body = match header(&head, "content-length") {
            Some(length) => {
                let mut body = vec![0; length.parse().unwrap()];
                stream.read_exact(&mut body).unwrap();
                body
            }
            None if header(&head, "transfer-encoding") == Some("chunked") => read_until(stream, b"0\r\n\r\n"),
            None => Vec::new(),
        };
        (head, body)
    }

    /// Everything until the other side ends the connection.
    pub(in crate::simulator) fn rest<S: Read>(stream: &mut S) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    }

    pub(in crate::simulator) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn read_until<S: Read>(stream: &mut S, end: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(end) {
            stream.read_exact(&mut byte).unwrap();
            bytes.push(byte[0]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName};

    use super::super::faults::FaultKind;
    use super::client::{connect, exchange, header, rest};
    use super::*;

    fn start() -> Simulator {
        Simulator::start(Config {
            seed: 7,
            ..Config::default()
        })
        .unwrap()
    }

    const GET: &str = "GET /nowhere/at/all HTTP/1.1\r\nHost: x\r\n\r\n";

    /// Waits until the condition holds, for at most two seconds.
    fn eventually(condition: impl Fn() -> bool) -> bool {
        let start = Instant::now();
        while !condition() && start.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(5));
        }
        condition()
    }

    #[test]
    fn one_connection_serves_many_requests_and_the_log_knows_them() {
        let simulator = start();
        let mut stream = connect(&simulator);
        for _ in 0..3 {
            let (head, body) = exchange(&mut stream, GET);
            assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
            assert_eq!(body, b"no simulated service has this path\n");
        }
        let mut other = connect(&simulator);
        exchange(
            &mut other,
            "PUT /b?c=d HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer x\r\n\r\n",
        );
        assert_eq!(rest(&mut other), b"");
        let log = simulator.requests();
        let seen: Vec<_> = log
            .iter()
            .map(|r| (r.method.as_str(), r.path.as_str(), r.query.as_str(), r.connection))
            .collect();
        let first = ("GET", "/nowhere/at/all", "", 1);
        assert_eq!(seen, [first, first, first, ("PUT", "/b", "c=d", 2)]);
        assert!(
            log.iter()
                .all(|record| record.status == Some(404) && record.provider.is_none() && record.fault.is_none())
        );
        assert!(
            log.windows(2)
                .all(|pair| pair[0].arrived_micros <= pair[1].arrived_micros)
        );
        let counts = simulator.counts();
        assert_eq!((counts.connections, counts.requests, counts.disconnects), (2, 4, 0));
        simulator.clear_requests();
        assert!(simulator.requests().is_empty());
    }

    #[test]
    fn bodies_may_come_in_chunks_and_several_requests_in_one_packet() {
        let simulator = start();
        let mut stream = connect(&simulator);
        let chunked =
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: t\r\n\r\n";
        let long = "POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
        stream.write_all(format!("{chunked}{long}").as_bytes()).unwrap();
        for _ in 0..2 {
            let (head, _) = exchange(&mut stream, "");
            assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
        }
        let paths: Vec<_> = simulator.requests().into_iter().map(|record| record.path).collect();
        assert_eq!(paths, ["/a", "/b"]);
    }

    #[test]
    fn a_client_that_waits_for_100_continue_gets_it() {
        let simulator = start();
        let mut stream = connect(&simulator);
        let (head, _) = exchange(
            &mut stream,
            "POST /a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        );
        assert_eq!(head, "HTTP/1.1 100 Continue\r\n\r\n");
        let (head, _) = exchange(&mut stream, "ok");
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    }

    #[test]
    fn what_is_no_request_is_refused_and_ends_the_connection() {
        let simulator = start();
        let cases = [
            ("nonsense\r\n\r\n".to_owned(), 400),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400),
            (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(70_000)), 431),
            ("POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n".to_owned(), 413),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(),
                400,
            ),
        ];
        for (bytes, status) in cases {
            let mut stream = connect(&simulator);
            let (head, _) = exchange(&mut stream, &bytes);
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert_eq!(header(&head, "connection"), Some("close"));
            assert_eq!(rest(&mut stream), b"");
        }
        assert_eq!(simulator.counts().requests, 0);
    }

    #[test]
    fn a_client_that_leaves_in_the_middle_of_a_request_is_counted_and_one_between_requests_is_not() {
        let simulator = start();
        let mut polite = connect(&simulator);
        exchange(&mut polite, GET);
        drop(polite);
        let mut hasty = connect(&simulator);
        hasty.write_all(b"GET / HT").unwrap();
        drop(hasty);
        assert!(eventually(|| simulator.counts().disconnects == 1));
        assert_eq!(simulator.counts().connections, 2);
    }

    #[test]
    fn a_fixed_time_stamps_the_answers_and_a_clock_that_is_off_shows() {
        let simulator = Simulator::start(Config {
            now: Some("2026-03-04T05:06:07Z".parse().unwrap()),
            ..Config::default()
        })
        .unwrap();
        let mut stream = connect(&simulator);
        let (head, _) = exchange(&mut stream, GET);
        assert_eq!(header(&head, "date"), Some("Wed, 04 Mar 2026 05:06:07 GMT"));
        simulator.set_clock_offset(SignedDuration::from_hours(-1));
        let (head, _) = exchange(&mut stream, GET);
        let date = jiff::fmt::rfc2822::DateTimeParser::new()
            .parse_timestamp(header(&head, "date").unwrap())
            .unwrap();
        let behind = Timestamp::now().duration_since(date).as_secs();
        assert!((3599..3660).contains(&behind), "{behind}");
    }

    #[test]
    fn stopping_closes_the_port_and_the_connections_and_may_be_repeated() {
        let simulator = start();
        let mut stream = connect(&simulator);
        exchange(&mut stream, GET);
        let address = simulator.address;
        let start = Instant::now();
        simulator.stop();
        simulator.stop();
        drop(simulator);
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(rest(&mut stream), b"");
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn names_that_do_not_exist_are_answered_with_the_nearest() {
        let simulator = start();
        let message = |result: Result<(), String>| result.unwrap_err();
        assert_eq!(
            message(simulator.expire_sessions("soda")),
            r#"there is no provider "soda"; the nearest is "sora""#
        );
        assert!(
            simulator
                .credentials("riccoh")
                .unwrap_err()
                .ends_with(r#"the nearest is "ricoh""#)
        );
        assert_eq!(
            message(simulator.set_rate_limit("sora", Some(0.0))),
            "a rate limit is a positive number per second, not 0"
        );
        assert_eq!(
            simulator.base_url("sora", true).unwrap_err(),
            "the simulator was started without TLS"
        );
        assert_eq!(simulator.base_url("sora", false).unwrap(), simulator.origin());
    }

    #[test]
    fn a_bucket_lets_one_seconds_worth_through_and_then_says_how_long_to_wait() {
        let mut bucket = TokenBucket::new(4.0, Instant::now());
        let now = bucket.filled;
        assert_eq!((0..5).filter(|_| bucket.take(now).is_ok()).count(), 4);
        assert_eq!(bucket.take(now), Err(Duration::from_millis(250)));
        assert_eq!(
            bucket.take(now + Duration::from_millis(125)),
            Err(Duration::from_millis(125))
        );
        assert_eq!(bucket.take(now + Duration::from_millis(250)), Ok(()));
        let idle = now + Duration::from_secs(60);
        assert_eq!((0..9).filter(|_| bucket.take(idle).is_ok()).count(), 4);
        let mut slow = TokenBucket::new(0.1, Instant::now());
        let now = slow.filled;
        assert_eq!(slow.take(now), Ok(()));
        assert_eq!(slow.take(now), Err(Duration::from_secs(10)));
    }

    #[test]
    fn above_the_rate_limit_the_service_says_when_to_come_back() {
        let simulator = start();
        simulator.set_rate_limit("sora", Some(2.0)).unwrap();
        let mut stream = connect(&simulator);
        let statuses: Vec<_> = (0..3)
            .map(|_| {
                let (head, _) = exchange(&mut stream, "POST /orgs/x HTTP/1.1\r\n\r\n");
                (head[9..12].to_owned(), header(&head, "retry-after").map(str::to_owned))
            })
            .collect();
        let free = ("404".to_owned(), None);
        assert_eq!(statuses, [free.clone(), free, ("429".to_owned(), Some("1".to_owned()))]);
        simulator.set_rate_limit("sora", None).unwrap();
        assert!(
            exchange(&mut stream, "POST /orgs/x HTTP/1.1\r\n\r\n")
                .0
                .starts_with("HTTP/1.1 404 ")
        );
        assert_eq!(simulator.requests()[2].status, Some(429));
    }

    #[test]
    fn each_account_has_limits_of_its_own() {
        let simulator = start();
        let mut stream = connect(&simulator);
        let mut ask = |account| {
            let key = &simulator.credentials_of("sora", account).unwrap()[0].1;
            let request = format!(
                "POST /orgs/get-total-connections-this-month HTTP/1.1\r\nAuthorization: Bearer {key}\r\n\
                 Content-Length: 0\r\n\r\n"
            );
            exchange(&mut stream, &request).0[9..12].to_owned()
        };
        simulator.set_rate_limit("sora", Some(1.0)).unwrap();
        let statuses: Vec<_> = [1, 2, 1, 2, 99].map(&mut ask).into();
        assert_eq!(statuses, ["200", "200", "429", "429", "200"]);
        let accounts: Vec<_> = simulator.requests().iter().map(|record| record.account).collect();
        assert_eq!(accounts, [Some(1), Some(2), Some(1), Some(2), Some(99)]);
        for account in [0, 100] {
            let message = simulator.credentials_of("sora", account).unwrap_err();
            assert!(message.contains("counted from 1 to 99"), "{message}");
        }
    }

    #[test]
    fn more_at_once_than_the_service_takes_is_refused() {
        let simulator = start();
        simulator.set_concurrency_limit("sora", Some(1)).unwrap();
        assert!(simulator.set_concurrency_limit("sora", Some(0)).is_err());
        let slow_once = Fault {
            times: Some(1),
            ..Fault::new(FaultKind::parse("latency:1000").unwrap())
        };
        simulator.add_fault(slow_once).unwrap();
        let request = "POST /orgs/x HTTP/1.1\r\n\r\n";
        let mut first = connect(&simulator);
        first.write_all(request.as_bytes()).unwrap();
        while simulator.requests().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        let mut second = connect(&simulator);
        assert!(exchange(&mut second, request).0.starts_with("HTTP/1.1 429 "));
        let mut status = [0; 12];
        first.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 404");
        assert!(exchange(&mut second, request).0.starts_with("HTTP/1.1 404 "));
    }

    #[test]
    fn switches_take_the_values_they_list_and_no_others() {
        let simulator = start();
        let stands_on = |name: &str| {
            let state = simulator.switches().into_iter().find(|state| state.switch.name == name);
            state.unwrap().value
        };
        assert_eq!(stands_on("sora.encoding").as_deref(), Some("plain"));
        simulator.set_switch("sora.encoding", "gzip").unwrap();
        assert_eq!(stands_on("sora.encoding").as_deref(), Some("gzip"));
        assert_eq!(
            simulator.set_switch("sora.encodng", "gzip").unwrap_err(),
            r#"there is no switch "sora.encodng"; the nearest is "sora.encoding""#
        );
        assert_eq!(
            simulator.set_switch("sora.encoding", "brotli").unwrap_err(),
            r#"sora.encoding is one of plain, gzip, mislabelled, not "brotli""#
        );
        let wrong = Config {
            switches: vec![("sora.encoding".to_owned(), "brotli".to_owned())],
            ..Config::default()
        };
        assert_eq!(Simulator::start(wrong).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn the_log_keeps_the_last_hundred_thousand() {
        let shared = Shared::new(World::new(0, None), Vec::new());
        for connection in 0..100_002 {
            shared.record(RequestRecord {
                provider: None,
                account: None,
                method: String::new(),
                path: String::new(),
                query: String::new(),
                status: None,
                fault: None,
                arrived_micros: 0,
                connection,
            });
        }
        let log = lock(&shared.log);
        assert_eq!((log.len(), log.front().unwrap().connection), (100_000, 2));
    }

    #[test]
    fn no_port_is_given_twice() {
        // Of a pool of some 28,000, the system would give one of so many again with a probability near 1.
        let ports: Vec<u16> = (0..600).map(|_| start().address.port()).collect();
        let distinct: BTreeSet<u16> = ports.iter().copied().collect();
        assert_eq!(distinct.len(), ports.len());
    }

    #[test]
    fn a_fixed_port_can_be_taken_again_at_once() {
        let first = start();
        exchange(&mut connect(&first), GET);
        let port = first.address.port();
        drop(first);
        let second = Simulator::start(Config {
            port,
            ..Config::default()
        });
        assert_eq!(second.unwrap().origin(), format!("http://127.0.0.1:{port}"));
    }

    fn tls_exchange(simulator: &Simulator, trusted: &str, name: &'static str) -> io::Result<String> {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap())
            .unwrap();
        let mut config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from(name).unwrap();
        let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = TcpStream::connect(simulator.secure.as_ref().unwrap().0)?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut stream = rustls::StreamOwned::new(session, socket);
        stream.write_all(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        assert_eq!(stream.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
        Ok(text)
    }

    fn secure(certificate: Certificate) -> Simulator {
        Simulator::start(Config {
            tls: true,
            certificate,
            ..Config::default()
        })
        .unwrap()
    }

    #[test]
    fn https_is_trusted_with_the_authority_and_refused_without() {
        let simulator = secure(Certificate::Good);
        assert!(simulator.tls_origin().unwrap().starts_with("https://127.0.0.1:"));
        let pem = simulator.ca_pem().unwrap();
        for name in ["localhost", "127.0.0.1", "::1"] {
            let text = tls_exchange(&simulator, pem, name).unwrap();
            assert!(text.starts_with("HTTP/1.1 404 Not Found\r\n"), "{text}");
        }
        let stranger = secure(Certificate::Good);
        let error = tls_exchange(&simulator, stranger.ca_pem().unwrap(), "localhost")
            .unwrap_err()
            .to_string();
        assert!(error.contains("invalid peer certificate"), "{error}");
        assert_eq!(start().ca_pem(), None);
    }

    #[test]
    fn a_bad_certificate_is_bad_in_the_way_it_says() {
        let why = |certificate| {
            let simulator = secure(certificate);
            tls_exchange(&simulator, simulator.ca_pem().unwrap(), "localhost")
                .unwrap_err()
                .to_string()
        };
        let expired = why(Certificate::Expired);
        assert!(expired.contains("expired"), "{expired}");
        let elsewhere = why(Certificate::WrongHost);
        assert!(elsewhere.contains("not valid for name"), "{elsewhere}");
    }
}
