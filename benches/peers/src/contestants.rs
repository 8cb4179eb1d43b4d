//! Who takes part, in which configurations. A build has the codec and the allocator that it has:
//! `compare` makes all builds.

use crate::althing::{Althing, Keeper};
use crate::cluster::{Cluster, Server, Turns};
use crate::measure::Cell;

/// An implementation in one configuration.
pub struct Contestant {
    /// How it is called: first the implementation, then what was chosen.
    pub name: String,
    /// With whom it is compared: who tells followers as soon, or as late, what is committed.
    pub against: &'static str,
    /// Whether it depends on the codec of the build.
    pub encodes: bool,
    /// For batches of this size only: with one command, the ways to propose a batch are the same.
    batches: fn(usize) -> bool,
    start: Box<dyn Fn(usize) -> Box<dyn Cluster>>,
}

/// With whom the others are compared.
const PROMPT: &str = "althing";
const LAZY: &str = "althing, no prompt_commit";

const ALWAYS: fn(usize) -> bool = |_| true;
const MANY: fn(usize) -> bool = |batch| batch > 1;

impl Contestant {
    fn new<S: Server + 'static>(
        name: String,
        encodes: bool,
        batches: fn(usize) -> bool,
        server: impl Fn(usize, usize) -> S + 'static,
    ) -> Self {
        let start = move |servers| -> Box<dyn Cluster> {
            Box::new(Turns::<S>::new((0..servers).map(|number| server(number, servers))))
        };
        let lazy = ["skip_bcast_commit", "no prompt_commit"].iter().any(|option| name.contains(option));
        let against = if lazy { LAZY } else { PROMPT };
        Self { name, against, encodes, batches, start: Box::new(start) }
    }

    /// Whether it takes part in this cell.
    pub fn takes_part(&self, cell: Cell) -> bool {
        (self.batches)(cell.batch)
    }

    /// A new cluster of so many servers.
    pub fn start(&self, servers: usize) -> Box<dyn Cluster> {
        (self.start)(servers)
    }
}

/// All that this build has.
pub fn all() -> Vec<Contestant> {
    let mut all = Vec::new();
    althing(&mut all);
    #[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
    tikv(&mut all);
    all
}

fn althing(all: &mut Vec<Contestant>) {
    use crate::althing::{Beside, InLog, Slice};

    for prompt_commit in [true, false] {
        add::<InLog>(all, "", prompt_commit, ALWAYS);
        add::<Beside>(all, ", host keeps commands", prompt_commit, ALWAYS);
        add::<InLog<Slice>>(all, ", sliced", prompt_commit, MANY);
    }

    fn add<K: Keeper + 'static>(
        all: &mut Vec<Contestant>,
        what: &str,
        prompt_commit: bool,
        batches: fn(usize) -> bool,
    ) {
        let server = move |number, servers| Althing::<K>::new(number, servers, prompt_commit);
        let name = format!("althing{what}{}", if prompt_commit { "" } else { ", no prompt_commit" });
        all.push(Contestant::new(name, false, batches, server));
    }
}

#[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
fn tikv(all: &mut Vec<Contestant>) {
    use raft::storage::MemStorage;

    use crate::tikv::{Moving, Options, Proposing, Store, Tikv};

    for skip_bcast_commit in [false, true] {
        let calls = Options { proposing: Proposing::Calls, batch_append: false, skip_bcast_commit };
        let batched = Options { batch_append: true, ..calls };
        let message = Options { proposing: Proposing::Message, ..batched };
        add::<MemStorage>(all, "propose", ALWAYS, calls);
        add::<MemStorage>(all, "propose, batch_append", MANY, batched);
        add::<MemStorage>(all, "one message", MANY, message);
        add::<Moving>(all, "one message, own storage", ALWAYS, message);
        #[cfg(feature = "protobuf-codec")]
        {
            let slices = Options { proposing: Proposing::Slices, ..message };
            add::<Moving>(all, "one message, sliced, own storage", MANY, slices);
        }
    }

    fn add<S: Store + 'static>(
        all: &mut Vec<Contestant>,
        what: &str,
        batches: fn(usize) -> bool,
        options: Options,
    ) {
        let server = move |number, servers| Tikv::<S>::new(number, servers, options);
        let skip = if options.skip_bcast_commit { ", skip_bcast_commit" } else { "" };
        all.push(Contestant::new(format!("tikv {what}{skip}"), true, batches, server));
    }
}
