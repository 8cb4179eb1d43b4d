//! Clusters of unusual sizes, messages of strangers, stale timers, and what the application is
//! told: where the papers leave the common case.

use althing::raft::election::{Config, ConfigError, Role, Timer};
use althing::{NodeSet, Op};

use crate::subject::*;

/// Paper 5.2: a single server is the majority of its cluster. It has nobody to speak to.
#[test]
fn a_single_server_elects_itself_at_its_first_timeout() {
    for config in [plain(1), careful(1)] {
        let mut subject = Subject::new(config);
        subject.expire(Timer::Election);
        assert_eq!(subject.role(), Role::Leader { active: nodes(&[0]) });
        let expected = [
            Op::Write(ballot(1, Some(0))),
            Op::Sync,
            Op::Disarm(Timer::Election),
            Op::Output(changed(1, Some(0))),
        ];
        assert_eq!(subject.ops, expected);
    }
}

/// Paper 5.2: of two servers, one is not a majority.
#[test]
fn two_servers_need_each_other() {
    let mut subject = Subject::candidate(2);
    subject.expire(Timer::Election);
    assert!(!subject.server.is_leader());
    subject.hear(1, vote_reply(2, true));
    assert!(subject.server.is_leader());
}

/// Paper 5.2: the largest cluster has 128 servers, of which 65 are a majority.
#[test]
fn of_128_servers_65_elect() {
    let mut subject = Subject::candidate(128);
    assert_eq!(subject.sent().len(), 127);
    for voter in (64..=126).rev() {
        subject.hear(voter, vote_reply(1, true));
    }
    assert!(!subject.server.is_leader(), "64 votes");
    subject.hear(127, vote_reply(1, true));
    assert!(subject.server.is_leader(), "65 votes");
    assert_eq!(subject.sent().len(), 127);
}

/// Paper 5.2, 6: elections are held among the servers of the configuration. Whoever is not one
/// of them, or claims to be the server itself, is not heard.
#[test]
fn strangers_and_oneself_are_not_heard() {
    for message in each_kind(3).into_iter().chain(each_kind(9)) {
        for mut subject in each_role(careful(3)) {
            for from in [0, 3, 127] {
                let before = subject.server;
                subject.hear(from, message);
                assert_eq!(subject.server, before, "{message:?} from n{from}");
                assert!(subject.ops.is_empty(), "{message:?} from n{from}");
            }
        }
    }
}

/// Paper 5.2, 6: a server that is not of the configuration is no participant.
#[test]
fn a_server_that_does_not_vote_is_refused() {
    let voters = nodes(&[1, 2]);
    let refused = Config::new(node(0), voters).expect_err("n0 does not vote");
    assert_eq!(refused, ConfigError::NotAVoter { id: node(0), voters });
    assert_eq!(refused.to_string(), "n0 is not among the voters {n1, n2}");
    assert!(Config::new(node(0), NodeSet::EMPTY).is_err());
    assert!(Config::new(node(2), voters).is_ok());
}

/// Paper 5.2, Figure 4: a timer belongs to a role. Its expiry after a change of role, which a
/// host cannot always recall in time, is ignored.
#[test]
fn a_timer_of_another_role_is_ignored() {
    for mut subject in each_role(careful(3)) {
        let stale: &[Timer] = match subject.role() {
            Role::Follower { leader: Some(_) } => &[Timer::Heartbeat, Timer::Quorum],
            Role::Follower { leader: None } => &[Timer::Heartbeat, Timer::Quorum, Timer::Lease],
            Role::PreCandidate { .. } => &[Timer::Heartbeat, Timer::Quorum, Timer::Lease],
            Role::Candidate { .. } => &[Timer::Heartbeat, Timer::Quorum, Timer::Lease],
            Role::Leader { .. } => &[Timer::Election, Timer::Lease],
        };
        for &timer in stale {
            let before = subject.server;
            subject.expire(timer);
            assert_eq!(subject.server, before, "{timer:?}");
            assert!(subject.ops.is_empty(), "{timer:?}");
        }
    }
}

/// Paper 5.1, 5.2: the application is told the term and its leader whenever one of them
/// changes, once, after everything else; and at no other time.
#[test]
fn the_application_hears_of_each_change_of_term_or_leader_and_of_nothing_else() {
    let mut changes = 0;
    let mut check = |subject: &Subject, before, cause: &dyn std::fmt::Debug| {
        let after = (subject.server.term(), subject.server.leader());
        let outputs: Vec<_> = subject.told().iter().map(|told| (told.term, told.leader)).collect();
        if after == before {
            assert_eq!(outputs, [], "{cause:?}");
        } else {
            changes += 1;
            assert_eq!(outputs, [after], "{cause:?}");
            assert!(matches!(subject.ops.last(), Some(Op::Output(_))), "{cause:?}");
        }
    };
    for config in [plain(3), careful(3)] {
        for term in 2..=4 {
            for message in each_kind(term) {
                for mut subject in each_role(config) {
                    let before = (subject.server.term(), subject.server.leader());
                    subject.hear(2, message);
                    check(&subject, before, &message);
                }
            }
        }
        for timer in [Timer::Election, Timer::Lease, Timer::Heartbeat, Timer::Quorum] {
            for mut subject in each_role(config) {
                let before = (subject.server.term(), subject.server.leader());
                subject.expire(timer);
                check(&subject, before, &timer);
            }
        }
    }
    assert!(changes > 20, "{changes} changes");
}
