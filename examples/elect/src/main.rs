//! Three agents elect an orchestrator. It dies, the others elect another, and it comes back from
//! its file as one of those who follow.
//!
//! An agent is a thread with a channel for its messages and a file for its disk. The main thread
//! is the network between them.
//!
//! ```text
//! cargo run [DIRECTORY]      where the files are kept; unless given, in a temporary directory
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use althing::raft::election::{Ballot, Config, Election, LeaderChanged, Message, Timer};
use althing::{Durable, Event, Machine, NodeId, NodeMap, NodeSet, Op, Outbox};
use anyhow::{Context, Result, anyhow};

const AGENTS: NodeSet = NodeSet::first(3);

fn main() -> ExitCode {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let temporary = || std::env::temp_dir().join(format!("althing-elect-{}", std::process::id()));
    let outcome = run(&given.clone().unwrap_or_else(temporary));
    if given.is_none() {
        let _ = fs::remove_dir_all(temporary()); // Left behind, it harms nobody.
    }
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let _ = writeln!(stderr(), "elect: {error:#}");
    ExitCode::from(2)
}

fn run(directory: &Path) -> Result<()> {
    let mut group = Group::new(directory);
    AGENTS.iter().try_for_each(|id| group.start(id))?;
    let first = group.elect()?;
    group.kill(first)?;
    writeln!(stdout(), "killed {first}")?;
    group.elect()?;
    group.start(first)?;
    writeln!(stdout(), "restarted {first} from its file")?;
    group.elect()?;
    AGENTS.iter().try_for_each(|id| group.kill(id))
}

/// A message and who sent it.
type Arrival = (NodeId, Message<()>);

/// What an agent tells the main thread.
enum News {
    Sent { from: NodeId, to: NodeId, message: Message<()> },
    Changed { id: NodeId, change: LeaderChanged },
    Failed(anyhow::Error),
}

struct Group<'a> {
    directory: &'a Path,
    /// Those that are up, each with the only sender of its inbox.
    running: NodeMap<(Sender<Arrival>, JoinHandle<()>)>,
    /// What each said last about who leads.
    said: NodeMap<LeaderChanged>,
    report: Sender<News>,
    news: Receiver<News>,
}

impl<'a> Group<'a> {
    fn new(directory: &'a Path) -> Self {
        let (report, news) = channel();
        Self { directory, running: NodeMap::new(), said: NodeMap::new(), report, news }
    }

    /// Starts an agent, for the first time or after a crash: there is no difference.
    fn start(&mut self, id: NodeId) -> Result<()> {
        let (config, disk) = (Config::new(id, AGENTS)?, Disk::open(self.directory, id)?);
        let ((inbox, arrivals), news) = (channel(), self.report.clone());
        let thread = std::thread::spawn(move || {
            if let Err(error) = Agent::run(config, disk, &arrivals, &news) {
                let _ = news.send(News::Failed(error));
            }
        });
        self.running.insert(id, (inbox, thread));
        self.said.remove(id);
        Ok(())
    }

    /// Without an inbox an agent ends where it stands, and says nothing more.
    fn kill(&mut self, id: NodeId) -> Result<()> {
        let Some((inbox, thread)) = self.running.remove(id) else { return Ok(()) };
        drop(inbox);
        thread.join().map_err(|_| anyhow!("{id} panicked"))
    }

    /// Carries messages until all who are up follow one of them.
    fn elect(&mut self) -> Result<NodeId> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left).context("no leader within 10 s")? {
                News::Sent { from, to, message } => {
                    if let Some((inbox, _)) = self.running.get(to) {
                        let _ = inbox.send((from, message)); // Lost if that agent has just failed.
                    }
                }
                News::Changed { id, change } => drop(self.said.insert(id, change)),
                News::Failed(error) => return Err(error),
            }
            if let Some((term, leader)) = self.agreed() {
                writeln!(stdout(), "term {term}: {leader} leads {:?}", self.running.keys())?;
                return Ok(leader);
            }
        }
    }

    fn agreed(&self) -> Option<(u64, NodeId)> {
        let mut said = self.running.keys().iter().map(|id| self.said.get(id));
        let first = said.next()??;
        let leader = first.leader.filter(|leader| self.running.keys().contains(*leader))?;
        said.all(|other| other == Some(first)).then_some((first.term.get(), leader))
    }
}

/// The host of one server: everything that the election leaves to its surroundings.
struct Agent<'a> {
    id: NodeId,
    disk: Disk,
    /// When each armed timer expires.
    timers: BTreeMap<Timer, Instant>,
    news: &'a Sender<News>,
}

impl<'a> Agent<'a> {
    fn run(config: Config, disk: Disk, inbox: &Receiver<Arrival>, news: &'a Sender<News>) -> Result<()> {
        let mut out = Outbox::new();
        let mut server = Election::restart(config, disk.ballot, &mut out);
        let mut agent = Self { id: config.id(), disk, timers: BTreeMap::new(), news };
        agent.perform(&mut out)?;
        while let Some(event) = agent.wait(inbox) {
            server.step(event, &mut out);
            agent.perform(&mut out)?;
        }
        Ok(())
    }

    /// The next message or expiry; `None` when the inbox is closed.
    fn wait(&mut self, inbox: &Receiver<Arrival>) -> Option<Event<Election>> {
        let message = |(from, message)| Event::Message { from, message };
        let next = self.timers.iter().min_by_key(|(_, at)| **at);
        let Some((&timer, at)) = next else { return inbox.recv().ok().map(message) };
        match inbox.recv_timeout(at.saturating_duration_since(Instant::now())) {
            Ok(arrival) => Some(message(arrival)),
            Err(RecvTimeoutError::Timeout) => self.timers.remove(&timer).map(|_| Event::Timer(timer)),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// One operation after another. At the first that fails the agent has to end: to go on would
    /// be to say what its disk does not know.
    fn perform(&mut self, out: &mut Outbox<Election>) -> Result<()> {
        let id = self.id;
        for op in out.drain() {
            match op {
                Op::Write(write) => self.disk.ballot.apply(&write),
                Op::Sync => self.disk.sync()?,
                Op::Send { to, message } => self.news.send(News::Sent { from: id, to, message })?,
                Op::Arm(timer) => drop(self.timers.insert(timer, Instant::now() + duration(timer))),
                Op::Disarm(timer) => drop(self.timers.remove(&timer)),
                Op::Output(change) => self.news.send(News::Changed { id, change })?,
            }
        }
        Ok(())
    }
}

fn duration(timer: Timer) -> Duration {
    const T: u64 = 150; // Milliseconds: much longer than a message and a write take.
    Duration::from_millis(match timer {
        Timer::Election => fastrand::u64(T..2 * T),
        Timer::Lease | Timer::Quorum => T,
        Timer::Heartbeat => T / 10,
    })
}

/// A file that holds a ballot, old or new but never half of each.
struct Disk {
    path: PathBuf,
    ballot: Ballot,
}

impl Disk {
    fn open(directory: &Path, id: NodeId) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let path = directory.join(format!("{id}.json"));
        let ballot = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| path.display().to_string())?,
            Err(error) if error.kind() == ErrorKind::NotFound => Ballot::default(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        Ok(Self { path, ballot })
    }

    fn sync(&self) -> Result<()> {
        self.store().with_context(|| self.path.display().to_string())
    }

    /// A rename takes place whole or not at all, and lasts once the directory does.
    fn store(&self) -> std::io::Result<()> {
        let temporary = self.path.with_extension("tmp");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(&self.ballot)?)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        match self.path.parent() {
            Some(directory) if cfg!(unix) => File::open(directory)?.sync_all(),
            _ => Ok(()), // Only Unix lets us wait for a directory.
        }
    }
}
