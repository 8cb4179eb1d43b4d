//! The timers that a server keeps: in every run exactly those that its role calls for.

use std::collections::BTreeSet;

use althing::raft::election::{Config, Message, Role, Timer};
use althing::{Event, Op};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::subject::*;

/// A message of one of six kinds from one of the others, or the expiry of a timer.
#[derive(Clone, Debug)]
enum Happens {
    Arrives(u8, Message<u8>),
    Expires(Timer),
}

fn happens(terms: std::ops::RangeInclusive<u64>) -> impl Strategy<Value = Happens> {
    let message =
        (terms, OWN - 1..=OWN, any::<bool>(), 0..6_usize).prop_map(|(term, credential, yes, kind)| {
            let refusals = [pre_vote_reply(term, false), vote_reply(term, false)];
            let mut kinds = each_kind(term);
            (kinds[0], kinds[2]) = (pre_vote(term, credential), request_vote(term, credential));
            if !yes {
                (kinds[1], kinds[3]) = (refusals[0], refusals[1]);
            }
            kinds[kind]
        });
    let timers = vec![Timer::Election, Timer::Election, Timer::Lease, Timer::Heartbeat, Timer::Quorum];
    prop_oneof![
        2 => (1..5_u8, message).prop_map(|(from, message)| Happens::Arrives(from, message)),
        1 => prop::sample::select(timers).prop_map(Happens::Expires),
    ]
}

/// The table in the documentation of the election.
fn called_for(subject: &Subject) -> BTreeSet<Timer> {
    let config = subject.server.config();
    let (others, check_quorum) = (config.voters().len() > 1, config.check_quorum());
    let leads = matches!(subject.role(), Role::Leader { .. });
    let follows = matches!(subject.role(), Role::Follower { leader: Some(_) });
    let table = [
        (Timer::Election, !leads),
        (Timer::Lease, follows && (config.pre_vote() || check_quorum)),
        (Timer::Heartbeat, leads && others),
        (Timer::Quorum, leads && others && check_quorum),
    ];
    table.into_iter().filter(|(_, armed)| *armed).map(|(timer, _)| timer).collect()
}

fn perform(subject: &Subject, armed: &mut BTreeSet<Timer>) {
    for op in &subject.ops {
        match op {
            Op::Arm(timer) => _ = armed.insert(*timer),
            Op::Disarm(timer) => _ = armed.remove(timer),
            Op::Write(_) | Op::Sync | Op::Send { .. } | Op::Output(_) => {}
        }
    }
}

fn runs_with_its_timers(config: Config<u8>, start: u64, run: Vec<Happens>) {
    let mut subject = Subject::restart(config, ballot(start, None));
    let mut armed = BTreeSet::new();
    perform(&subject, &mut armed);
    for happens in run {
        match happens {
            Happens::Arrives(from, message) => {
                subject.step(Event::Message { from: node(from), message });
            }
            Happens::Expires(timer) if armed.remove(&timer) => subject.expire(timer),
            Happens::Expires(_) => continue,
        }
        perform(&subject, &mut armed);
        assert_eq!(armed, called_for(&subject), "after {happens:?}: {:?}", subject.role());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Paper, Figure 4, thesis 4.2.3, 6.2: nobody waits in vain and nobody waits for nothing.
    #[test]
    fn a_server_keeps_the_timers_of_its_role(
        size in 1..=5_u8, pre_vote: bool, check_quorum: bool, run in vec(happens(0..=4), 0..60)
    ) {
        let config = plain(size).with_pre_vote(pre_vote).with_check_quorum(check_quorum);
        runs_with_its_timers(config, 0, run);
    }

    /// Paper 5.1, Figure 4: nor in the last terms that there are.
    #[test]
    fn a_server_keeps_the_timers_of_its_role_in_the_last_terms(
        size in 1..=3_u8, pre_vote: bool, check_quorum: bool, run in vec(happens(u64::MAX - 2..=u64::MAX), 0..30)
    ) {
        let config = plain(size).with_pre_vote(pre_vote).with_check_quorum(check_quorum);
        runs_with_its_timers(config, u64::MAX - 2, run);
    }
}
