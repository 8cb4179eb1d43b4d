//! Who takes part, in which configurations. A build has the codec and the allocator that it has:
//! `compare` makes all builds.

use crate::cluster::{Cluster, Server, Turns};
use crate::measure::Cell;

/// An implementation in one configuration.
pub struct Contestant {
    /// How it is called: first the implementation, then what was chosen.
    pub name: String,
    /// Whether it depends on the codec of the build.
    pub encodes: bool,
    /// For batches of this size only: with one command, the ways to propose a batch are the same.
    batches: fn(usize) -> bool,
    start: Box<dyn Fn(usize) -> Box<dyn Cluster>>,
}

impl Contestant {
    /// A contestant of this name, given the server of this number among so many.
    fn new<S: Server + 'static>(
        name: impl Into<String>,
        encodes: bool,
        batches: fn(usize) -> bool,
        server: impl Fn(usize, usize) -> S + 'static,
    ) -> Self {
        let start = move |servers| -> Box<dyn Cluster> {
            Box::new(Turns::<S>::new((0..servers).map(|number| server(number, servers))))
        };
        Self { name: name.into(), encodes, batches, start: Box::new(start) }
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

/// The first one is whom the others are compared with.
fn althing(all: &mut Vec<Contestant>) {
    use crate::althing::{Althing, Beside, InLog};

    for (prompt_commit, lazy) in [(true, ""), (false, ", no prompt_commit")] {
        let server = move |number, servers| Althing::<InLog>::new(number, servers, prompt_commit);
        all.push(Contestant::new(format!("althing{lazy}"), false, |_| true, server));
        let server = move |number, servers| Althing::<Beside>::new(number, servers, prompt_commit);
        all.push(Contestant::new(format!("althing, host keeps commands{lazy}"), false, |_| true, server));
    }
}

#[cfg(any(feature = "prost-codec", feature = "protobuf-codec"))]
fn tikv(all: &mut Vec<Contestant>) {
    use raft::storage::MemStorage;

    use crate::tikv::{Moving, Options, Proposing, Tikv};

    let always = |_| true;
    let many = |batch| batch > 1;
    for skip_bcast_commit in [false, true] {
        let skip = if skip_bcast_commit { ", skip_bcast_commit" } else { "" };
        let calls = Options { proposing: Proposing::Calls, batch_append: false, skip_bcast_commit };
        let batched = Options { batch_append: true, ..calls };
        let message = Options { proposing: Proposing::Message, ..batched };
        let mut add = |name: &str, batches, options| {
            let server = move |number, servers| Tikv::<MemStorage>::new(number, servers, options);
            all.push(Contestant::new(format!("tikv {name}{skip}"), true, batches, server));
        };
        add("propose", always, calls);
        add("propose, batch_append", many, batched);
        add("one message", many, message);
        let server = move |number, servers| Tikv::<Moving>::new(number, servers, message);
        all.push(Contestant::new(format!("tikv one message, own storage{skip}"), true, always, server));
        #[cfg(feature = "protobuf-codec")]
        {
            let slices = Options { proposing: Proposing::Slices, ..message };
            let server = move |number, servers| Tikv::<Moving>::new(number, servers, slices);
            let name = format!("tikv one message, sliced, own storage{skip}");
            all.push(Contestant::new(name, true, many, server));
        }
    }
}
