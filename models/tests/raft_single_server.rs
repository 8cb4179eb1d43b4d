//! What goes wrong when servers come and go one by one, and a leader need not have committed
//! anything before it lets them (Ongaro, 2015): the run of four servers, step by step.
//!
//! A search does not get there in any time that one would wait.

use althing::machine::{Event, Machine};
use althing::node::{NodeId, NodeSet};
use althing::outbox::{Op, Outbox};
use althing::raft::election::{self, Timer};
use althing::raft::invariants::Chronicle;
use althing::raft::{Answer, Index, Input, Membership, Message, Output, Raft, Refusal, Refused, Rules};
use althing_models::bounds::Bounds;
use althing_models::cell::Tamper;
use althing_models::cluster::{Action, Cluster, State};
use althing_models::raft::mutants::Broken;
use althing_models::raft::{self, KEYS, Server};

fn bounds() -> Bounds {
    Bounds::new(&KEYS).with(&[
        ("nodes", 4),
        ("terms", 3),
        ("candidates", 2),
        ("log", 0),
        ("change", 7),
        ("second", 14),
        ("heartbeats", 0),
        ("reduce", 0),
    ])
}

fn id(node: u8) -> NodeId {
    NodeId::new(node).expect("a node of the cluster")
}

fn members(bits: u64) -> Membership {
    Membership::new(NodeSet::from_bits(bits.into()), NodeSet::EMPTY).expect("sound")
}

/// A run of the cluster: what happens next is said by what it is.
struct Run<'a, R: Rules> {
    cluster: &'a Cluster<Server<R>, Chronicle>,
    state: State,
}

impl<'a, R: Rules> Run<'a, R> {
    fn new(cluster: &'a Cluster<Server<R>, Chronicle>) -> Self {
        Self { cluster, state: cluster.initial() }
    }

    fn server(&self, node: u8) -> &Raft<(), R> {
        self.cluster.view(&self.state).machines().nth(usize::from(node)).expect("a node of the cluster")
    }

    /// The one thing like this that can happen to the node happens.
    fn goes_on(&mut self, node: u8, what: &str, is: impl Fn(&Event<Server<R>>) -> bool) {
        let mut actions = Vec::new();
        self.cluster.enabled(&self.state, &mut actions);
        let mut these = actions.into_iter().filter(|action| match self.cluster.stimulus(*action) {
            Some(stimulus) => {
                matches!(action, Action::Step(_)) && stimulus.node == id(node) && is(&stimulus.event)
            }
            None => false,
        });
        let action = these.next().unwrap_or_else(|| panic!("n{node}: {what} is not possible"));
        assert_eq!(these.next(), None, "n{node}: {what} is not all that is said");
        self.state = self.cluster.apply(&self.state, action).expect("it is possible");
    }

    /// The node stands for election in this term, and these vote for it.
    fn is_elected(&mut self, node: u8, term: u64, by: &[u8]) {
        self.goes_on(node, "an election timeout", |event| matches!(event, Event::Timer(Timer::Election)));
        for voter in by {
            self.hears_of(*voter, node, term);
            self.goes_on(node, "a vote", |event| match event {
                Event::Message { from, message: Message::Election(message) } => {
                    let granted = matches!(message, election::Message::VoteReply { granted: true, .. });
                    granted && *from == id(*voter) && message.term().get() == term
                }
                _ => false,
            });
        }
        assert!(self.server(node).is_leader(), "n{node} leads in term {term}");
    }

    /// The candidate of this term asks for the server's vote.
    fn hears_of(&mut self, voter: u8, candidate: u8, term: u64) {
        self.goes_on(voter, "a request for a vote", |event| match event {
            Event::Message { from, message: Message::Election(message) } => {
                let asks = matches!(message, election::Message::RequestVote { .. });
                asks && *from == id(candidate) && message.term().get() == term
            }
            _ => false,
        });
    }

    fn is_asked_for(&mut self, node: u8, bits: u64) {
        let to = members(bits);
        self.goes_on(node, "a change", |event| *event == Event::Input(Input::Change(to)));
    }

    /// The next entries of the leader arrive at a follower, and its answer at the leader.
    fn replicates(&mut self, leader: u8, to: u8, after: u64) {
        self.goes_on(to, "an append", |event| match event {
            Event::Message { from, message: Message::Append { prev, entries: Some(_), .. } } => {
                *from == id(leader) && prev.index.get() == after
            }
            _ => false,
        });
        let matched = self.server(to).log().last().index;
        self.goes_on(leader, "an answer", |event| match event {
            Event::Message { from, message: Message::AppendReply { answer, .. } } => {
                *from == id(to) && *answer == Answer::Matches(matched)
            }
            _ => false,
        });
    }
}

#[test]
fn two_leaders_that_each_take_one_server_out_do_not_agree() {
    let cluster = raft::cluster(&bounds(), Broken::SingleServer, Tamper::default()).expect("they agree");
    let mut run = Run::new(&cluster);

    // The first leader takes the last server out, and nobody hears of it.
    run.is_elected(0, 1, &[1, 2]);
    run.is_asked_for(0, 0b0111);
    assert_eq!(run.server(0).membership(), members(0b0111));

    // The second leader is elected by the others, takes the first out, and two of three agree.
    run.is_elected(1, 2, &[2, 3]);
    run.is_asked_for(1, 0b1110);
    run.replicates(1, 3, 0);
    run.replicates(1, 3, 1);
    assert_eq!(run.server(1).membership(), members(0b1110));
    assert_eq!(run.server(1).commit(), Index::new(2), "n1 and n3 are a majority of n1, n2 and n3");
    assert!(!cluster.violates(&run.state, "LeaderCompleteness"));

    // The first leader learns that it leads no more. It does not vote: its log is longer.
    run.hears_of(0, 1, 2);
    assert!(!run.server(0).is_leader());

    // By its own account, two of three elect the first leader again.
    run.is_elected(0, 3, &[2]);
    assert!(cluster.violates(&run.state, "LeaderCompleteness"), "it lacks what the second committed");
}

#[test]
fn the_published_rules_refuse_both_changes() {
    let cluster = raft::model(&bounds()).expect("they agree");
    let mut run = Run::new(&cluster);
    run.is_elected(0, 1, &[1, 2]);
    refuses(&mut run, 0, 0b0111);
    run.is_elected(1, 2, &[2, 3]);
    refuses(&mut run, 1, 0b1110);

    // Once it has committed an entry of its term, the change goes by way of both memberships.
    run.replicates(1, 2, 0);
    run.replicates(1, 3, 0);
    run.is_asked_for(1, 0b1110);
    assert_eq!(run.server(1).membership(), members(0b1111).towards(members(0b1110)));
    assert!(run.server(1).membership().is_joint());
}

/// The input changes nothing, and the server says why.
fn refuses<R: Rules>(run: &mut Run<'_, R>, node: u8, bits: u64) {
    let before = run.server(node).clone();
    let (mut server, mut out) = (before.clone(), Outbox::new());
    server.step(Event::Input(Input::Change(members(bits))), &mut out);
    let said: Vec<_> = out.drain().collect();
    assert_eq!(said, [Op::Output(Output::Refused(Refused::Change, Refusal::NotReady))]);
    run.is_asked_for(node, bits);
    assert_eq!(*run.server(node), before);
}
