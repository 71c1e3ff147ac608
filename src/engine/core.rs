//! What rooms, commands and connections share: the configuration, the way to the host, and who and what there is.

mod reading;

use std::{
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::{runtime::Handle, sync::Notify, task::yield_now};

use super::{
    back_pressure::{BackPressure, Charge},
    cause,
    clients::Clients,
    clock::DeadlineQueue,
    config::{Config, ms},
    connection::Admissions,
    error::Counters,
    host::{
        Account, Answer, Call, Decision, Decisions, Ebb, Hooks, Host, HttpCall, Introductions, Level, Queue,
        Tickets, Verdict,
    },
    http::Exchanges,
    hub::LocalBroker,
    io::{Flow, IoCall, Namespaces},
    jwt::{self, Guard, Token, TokenError},
    limits::Limits,
    metrics::{Family, Metrics, nanoseconds},
    rate_limit::SiteConnects,
    rooms::{Broker, Registry},
    threads::Threads,
    transport::Session,
    way_out::WaysOut,
};

/// The state of an engine, whether or not its server runs.
pub struct Core {
    /// The configuration.
    pub config: Config,
    /// Which hooks are installed.
    pub hooks: Hooks,
    /// Calls that wait for the host.
    pub queue: Queue,
    /// What the host was asked.
    pub tickets: Tickets,
    /// What the host has to decide.
    pub decisions: Decisions,
    /// Clients that the host hears of first.
    pub(super) introductions: Introductions,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The rooms.
    pub rooms: Registry,
    /// Where what is said in them goes.
    pub(super) broker: Box<dyn Broker>,
    /// The clients.
    pub clients: Clients,
    /// The program's own namespaces.
    pub io: Namespaces,
    /// Events that nobody listens to yet.
    pub(super) flow: Flow,
    /// Connections that are not read until the host took what they caused.
    back_pressure: BackPressure<Arc<Session>>,
    /// Clients that are let in when the host has room to be told of them.
    pub(super) admissions: Admissions,
    /// Requests that the app works on.
    pub exchanges: Arc<Exchanges>,
    /// Verifies tokens; absent: none are asked for.
    pub jwt: Option<Guard>,
    /// How often clients of one address connect.
    pub(super) site_connects: SiteConnects,
    /// How often each error was raised.
    pub counters: Counters,
    /// Where answers wait for their readers, while the server runs. A std mutex: held to read or replace it.
    ways_out: Mutex<Weak<WaysOut>>,
    /// Fired whenever a room's history was handed over.
    pub(super) cleaned: Notify,
    /// Tickets whose answer is overdue.
    overdue: DeadlineQueue<u64>,
    host: Arc<dyn Host>,
    /// The host is about to be woken.
    waking: Arc<AtomicBool>,
}

/// Wakes the host when it is dropped, also where a runtime ends before its time.
struct Waking {
    host: Arc<dyn Host>,
    on_its_way: Arc<AtomicBool>,
}

impl Drop for Waking {
    fn drop(&mut self) {
        self.on_its_way.store(false, Ordering::Release);
        self.host.wake();
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Core").field("rooms", &self.rooms).finish_non_exhaustive()
    }
}

impl Core {
    /// An engine without rooms.
    pub fn new(config: Config, host: Arc<dyn Host>) -> Arc<Self> {
        Self::with_clock(config, host, jwt::system_clock())
    }

    /// The same, with a wall clock of one's own for tokens.
    pub fn with_clock(config: Config, host: Arc<dyn Host>, clock: jwt::Clock) -> Arc<Self> {
        let limits = &config.limits;
        let queue = Queue::new(limits.hook_queue, limits.hook_queue_bytes);
        let metrics = Arc::new(Metrics::new(config.threads.unwrap_or_else(Threads::default_count)));
        Arc::new(Self {
            hooks: Hooks::default(),
            back_pressure: BackPressure::new(queue.max_items()),
            admissions: Admissions::default(),
            queue,
            tickets: Tickets::default(),
            decisions: Decisions::new(ms(limits.hook_timeout), metrics.clone()),
            introductions: Introductions::default(),
            metrics,
            rooms: Registry::default(),
            broker: Box::new(LocalBroker),
            clients: Clients::default(),
            io: Namespaces::default(),
            flow: Flow::default(),
            exchanges: Arc::default(),
            jwt: config.jwt.as_ref().map(|jwt| Guard::new(jwt, limits.id_length, clock)),
            site_connects: SiteConnects::new(limits),
            counters: Counters::default(),
            ways_out: Mutex::default(),
            cleaned: Notify::new(),
            overdue: DeadlineQueue::new(ms(limits.hook_timeout)),
            config,
            host,
            waking: Arc::default(),
        })
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Takes up to `max` calls, for the host, which is done with those it took before.
    pub fn drain(&self, max: usize) -> Vec<Call> {
        self.introductions.done();
        let (calls, accounts, since) = self.queue.take(max);
        if let Some(since) = since {
            self.metrics.add(Family::JavascriptTaken, calls.len() as u64);
            self.metrics.observe(Family::JavascriptLag, nanoseconds(since));
        }
        self.introductions.take(&calls);
        self.read_on(accounts.iter().map(|account| &**account));
        self.admissions.taken(&self.queue);
        calls
    }

    /// Queues a call for the host. What must not be lost counts for the connection that [caused](cause::by) it.
    pub fn tell(&self, call: Call) {
        let (cause, flows) = match &call {
            Call::Io(IoCall::Event { socket, .. }) => (Some(socket.session().clone()), true),
            call if call.is_paced() => (cause::current(), false),
            _ => (None, false),
        };
        let pushed = self.queue.push(call, cause.as_ref().map(|session| session.account().clone()));
        if pushed.wake {
            self.wake();
        }
        if let Some(session) = cause {
            self.charge(&session, Charge { flows, full: pushed.full });
        }
    }

    /// A connection caused something that waits, and counts on its account: it is not read on if that is too much.
    pub(super) fn charge(&self, session: &Arc<Session>, charge: Charge) {
        self.back_pressure.charge(session, charge, || self.ebb());
    }

    /// Something of these accounts waits no longer: their connections are read on if they need not wait any more.
    pub(super) fn read_on<'a>(&self, accounts: impl IntoIterator<Item = &'a Account>) {
        self.back_pressure.taken(accounts, || self.ebb());
    }

    fn ebb(&self) -> Ebb {
        let ebb = self.queue.has_ebbed();
        Ebb { events: ebb.events && self.flow.has_ebbed(), ..ebb }
    }

    /// Wakes the host: from a thread of the engine's after what else is ready to run there, so that one waking serves all that it has to say.
    fn wake(&self) {
        self.metrics.add(Family::JavascriptWakes, 1);
        let Ok(runtime) = Handle::try_current() else { return self.host.wake() };
        // One is on its way at most.
        if !self.waking.swap(true, Ordering::AcqRel) {
            let waking = Waking { host: self.host.clone(), on_its_way: self.waking.clone() };
            // Ends by itself, one turn later.
            runtime.spawn(async move {
                let _waking = waking;
                yield_now().await;
            });
        }
    }

    /// Connections that are not read until the host took what they caused.
    pub fn held(&self) -> usize {
        self.back_pressure.count()
    }

    /// Queues a question for the host, unless too many wait there.
    pub(super) fn ask(&self, call: Call) -> bool {
        // What is overdue keeps no place: it is found here when its place is needed, whether or not anybody looked for it.
        if self.queue.is_full_of_questions() {
            self.decisions.expire();
            self.queue.forget(|call| self.is_waited_for(call));
        }
        match self.queue.offer(call) {
            Ok(wake) => {
                if wake {
                    self.wake();
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Has the host decide, and `apply` what it decides; where it cannot be asked, that it is overdue. What waited to be asked `since`
    /// longer than a decision may take is not asked any more.
    pub(super) fn decide(
        &self,
        decision: Decision,
        since: Option<Instant>,
        apply: impl FnOnce(Verdict) + Send + 'static,
    ) {
        if since.is_some_and(|since| since.elapsed() >= ms(self.limits().hook_timeout)) {
            return apply(Verdict::Overdue);
        }
        let cause = cause::current();
        let ticket = self.decisions.issue(move |verdict| cause::caused(cause, || apply(verdict)));
        if !self.ask(Call::Decide { ticket, decision }) {
            self.metrics.add(Family::DecisionsRefused, 1);
            self.decisions.answer(ticket, Verdict::Overdue);
        }
    }

    /// Whether anybody waits for what a call asks.
    pub fn is_waited_for(&self, call: &Call) -> bool {
        match call {
            Call::Decide { ticket, .. } => self.decisions.is_open(*ticket),
            Call::Load(load) => self.tickets.is_open(load.ticket),
            // Its client is gone.
            Call::Http(HttpCall::Request(request)) => self.exchanges.get(request.id).is_some(),
            _ => true,
        }
    }

    /// Judges a token, and says so to `then`: at once, or when the host has fetched the keys that it names.
    pub(super) fn judge(
        &self,
        guard: &Guard,
        token: String,
        then: impl FnOnce(Result<Token, TokenError>) + Send + 'static,
    ) {
        let cause = cause::current();
        let asked = guard.judge(token, move |judged| cause::caused(cause, || then(judged)));
        if guard.take_lost() {
            let message = "The keys could not be fetched again for an hour: they count no longer, and their tokens are refused";
            self.log(Level::Error, "jwt.jwksUri", message);
        }
        if asked == jwt::Asked::Keys {
            self.tell(Call::KeysWanted);
        }
    }

    /// Writes a line to the program's log.
    pub fn log(&self, level: Level, at: &'static str, message: impl Into<String>) {
        self.tell(Call::Log { level, message: message.into(), at });
    }

    /// The ticket fails unless it is answered within `limits.hookTimeout`.
    pub(super) fn expect(&self, ticket: u64) {
        self.overdue.push(ticket);
    }

    /// The server stopped. What the host has not answered counts as overdue: nobody hears it, and who asked would keep the engine
    /// alive for as long as it waits.
    pub(super) fn give_up(&self) {
        self.decisions.give_up();
        while let Some(ticket) = self.overdue.take() {
            self.tickets.answer(ticket, Answer::Failed);
        }
    }

    /// Fails tickets as they become overdue. Runs while the server does.
    pub(super) async fn expire_tickets(&self) {
        loop {
            let ticket = self.overdue.next().await;
            self.tickets.answer(ticket, Answer::Failed);
        }
    }
}
