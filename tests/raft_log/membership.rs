//! Paper 6, thesis 4.1 to 4.3: who takes part, and how that changes.

use althing::Op;
use althing::raft::{
    Batch, Config, Input, Membership, Message, Options, Output, Refusal, Refused, Timer, election,
};

use crate::cluster::Cluster;
use crate::subject::*;

fn change(to: Membership) -> Batch<u8> {
    Batch::Change(to)
}

fn cluster(size: u8, initial: Membership) -> Cluster {
    Cluster::new(size, |id| {
        // Who is not among the first members learns from the leader who they are.
        let known = if initial.contains(id) { initial } else { Membership::UNKNOWN };
        Config::new(id, known).with_options(PLAIN)
    })
}

/// Paper 6, thesis 4.1: a server uses the latest membership in its log as soon as it is there,
/// committed or not.
#[test]
fn a_membership_is_in_use_once_it_is_in_the_log() {
    let mut follower = Subject::restart(plain(3), disk(3, &[1]));
    let next = joint(&[0, 1, 2], &[0, 1, 3], &[]);
    follower.hear(1, append_batch(3, at(1, 1), change(next), 0));
    assert_eq!((follower.server.membership(), follower.server.membership_index()), (next, index(2)));
    assert_eq!(follower.commit(), 0);
    follower.expire(Timer::Election);
    let asked: Vec<_> = follower.sent().into_iter().map(|(to, _)| to).collect();
    assert_eq!(asked, [1, 2, 3]);
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Change(members(&[0, 1, 3], &[])));
    assert_eq!(leader.server.membership(), next);
    assert_eq!(leader.written(), [writes(1, 1, change(next))]);
    assert_eq!(leader.sent_to(1), [append_batch(1, at(1, 1), change(next), 1)]);
    assert_eq!(leader.sent_to(3), [append(1, at(1, 2), 1, &[], 1)], "the new ones are asked, too");
}

/// Thesis 4.1: if the entry that said it is deleted, the membership before it is in use again.
#[test]
fn a_deleted_membership_is_in_use_no_more() {
    let mut follower = Subject::restart(plain(3), disk(3, &[1]));
    follower.hear(1, append_batch(3, at(1, 1), change(members(&[0, 1, 2], &[5])), 0));
    follower.hear(1, append_batch(3, at(3, 2), change(joint(&[0, 1, 2], &[4], &[5])), 0));
    follower.hear(2, append_batch(4, at(3, 2), Batch::Noop, 0));
    assert_eq!(follower.server.membership(), members(&[0, 1, 2], &[5]));
    assert_eq!(follower.server.membership_index(), index(2));
    follower.hear(2, append(5, at(1, 1), 5, &[9], 0));
    assert_eq!(follower.server.membership(), members(&[0, 1, 2], &[]));
    assert_eq!(follower.server.membership_index(), index(0));
}

/// Paper 6: the membership is in the log, so a restart finds it.
#[test]
fn a_restart_finds_the_membership() {
    let mut follower = Subject::restart(plain(3), disk(3, &[1]));
    let next = joint(&[0, 1, 2], &[3], &[4]);
    follower.hear(1, append_batch(3, at(1, 1), change(next), 0));
    follower.hear(1, append(3, at(3, 2), 3, &[7], 3));
    follower.ask(Input::Compact(index(3)));
    assert_eq!(follower.server.log().snapshot(), snapshot(at(3, 3), next));
    assert_eq!(follower.crash().server.membership(), next);
}

/// Leads term 1 of servers 0, 1 and 2, and has begun to go over to 2, 3 and 4.
fn changing() -> Subject {
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Change(members(&[2, 3, 4], &[])));
    assert_eq!(leader.server.membership(), joint(&[0, 1, 2], &[2, 3, 4], &[]));
    leader
}

/// Paper 6, thesis 4.3: while the change is under way an entry is committed by a majority of the
/// old and a majority of the new.
#[test]
fn a_joint_entry_needs_both_majorities() {
    for (holders, committed) in
        [(&[1, 2][..], false), (&[3, 4], false), (&[2], false), (&[1, 3, 4], true), (&[2, 3], true)]
    {
        let mut leader = changing();
        for holder in holders {
            leader.hear(*holder, reply(1, matches(2)));
        }
        assert_eq!(leader.commit() >= 2, committed, "{holders:?}");
    }
}

/// Paper 6, thesis 4.3: while the change is under way a leader is elected by both majorities.
#[test]
fn a_joint_election_needs_both_majorities() {
    for (voters, elected) in
        [(&[1, 2][..], false), (&[3, 4], false), (&[2], false), (&[1, 3, 4], true), (&[2, 3], true)]
    {
        let mut candidate = changing().crash();
        candidate.expire(Timer::Election);
        voters.iter().for_each(|voter| candidate.hear(*voter, vote_reply(2)));
        assert_eq!(candidate.server.is_leader(), elected, "{voters:?}");
    }
}

/// Paper 6: once the joint membership is committed, and not before, the leader goes on to the new
/// one.
#[test]
fn the_old_members_are_left_once_the_joint_membership_is_committed() {
    let mut leader = changing();
    leader.hear(2, reply(1, matches(2)));
    assert_eq!(leader.last(), at(1, 2));
    assert!(leader.server.membership().is_joint());
    leader.hear(3, reply(1, matches(2)));
    assert_eq!(leader.written(), [writes(2, 1, change(members(&[2, 3, 4], &[])))]);
    assert_eq!(leader.server.membership(), members(&[2, 3, 4], &[]));
}

/// Paper 6: what was there before the joint membership may be committed earlier, and leaves nobody.
#[test]
fn an_earlier_commitment_leaves_nobody() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(propose(&[7]));
    leader.ask(Input::Change(members(&[2, 3, 4], &[])));
    for from in [2, 3] {
        leader.hear(from, reply(1, matches(2)));
    }
    assert_eq!((leader.commit(), leader.last()), (2, at(1, 3)));
    assert!(leader.server.membership().is_joint());
}

/// Paper 6: the new leader, if the old one fails, ends what that began.
#[test]
fn a_change_survives_its_leader() {
    let mut cluster = cluster(5, members(&[0, 1, 2], &[]));
    cluster.lead(0);
    cluster.cut = nodes(&[2, 3, 4]);
    cluster.ask(0, Input::Change(members(&[2, 3, 4], &[])));
    assert!(cluster.server(1).membership().is_joint(), "the entry got to server 1, and no further");
    cluster.cut = nodes(&[0]);
    cluster.elect(1);
    cluster.cut = nodes(&[]);
    assert_eq!(cluster.server(1).membership(), members(&[2, 3, 4], &[]));
    assert!(!cluster.server(1).is_leader(), "it is no member any more");
    cluster.lead(3);
    let last = cluster.server(3).log().last().index.get();
    cluster.agree(&[2, 3, 4], last);
}

/// Paper 6: entries go to all members of both, and any of them can lead.
#[test]
fn old_and_new_members_can_lead_a_change() {
    for next in [1, 2, 3, 4] {
        let mut cluster = cluster(5, members(&[0, 1, 2], &[]));
        cluster.lead(0);
        cluster.cut = nodes(&[1]);
        cluster.ask(0, Input::Change(members(&[2, 3, 4], &[])));
        cluster.cut = nodes(&[0]);
        cluster.elect(3);
        cluster.cut = nodes(&[]);
        cluster.elect(next);
        cluster.elect(2);
        cluster.lead(2);
        assert_eq!(cluster.server(2).membership(), members(&[2, 3, 4], &[]), "{next}");
    }
}

/// Thesis 4.1: one change at a time: none before the one under way is committed.
#[test]
fn one_change_at_a_time() {
    let mut leader = changing();
    leader.ask(Input::Change(members(&[0, 1], &[])));
    leader.refused(Refused::Change, Refusal::ChangeUnderWay(index(2)));
    leader.hear(2, reply(1, matches(2)));
    leader.hear(3, reply(1, matches(2)));
    leader.ask(Input::Change(members(&[0, 1], &[])));
    leader.refused(Refused::Change, Refusal::ChangeUnderWay(index(3)));
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Change(members(&[0, 1, 2], &[5])));
    leader.ask(Input::Change(members(&[0, 1, 2], &[6])));
    leader.refused(Refused::Change, Refusal::ChangeUnderWay(index(2)));
    leader.hear(1, reply(1, matches(2)));
    leader.ask(Input::Change(members(&[0, 1, 2], &[6])));
    assert_eq!(leader.server.membership(), members(&[0, 1, 2], &[6]));
}

/// Thesis 4.1 (and Ongaro, 2015): no change before the leader has committed an entry of its term.
#[test]
fn no_change_before_an_entry_of_the_own_term_is_committed() {
    let mut leader = Subject::elected(plain(3), disk(3, &[1, 2]));
    leader.ask(Input::Change(members(&[0, 1], &[])));
    leader.refused(Refused::Change, Refusal::NotReady);
    leader.hear(1, reply(4, matches(3)));
    leader.ask(Input::Change(members(&[0, 1], &[])));
    assert!(leader.server.membership().is_joint());
}

/// Thesis 4.1: what cannot be a membership, or is none to change to, is refused with the reason.
#[test]
fn a_change_to_no_membership_is_refused() {
    let mut leader = Subject::leader(plain(3));
    for unsound in [Membership::UNKNOWN, joint(&[0, 1, 2], &[3], &[])] {
        leader.ask(Input::Change(unsound));
        leader.refused(Refused::Change, Refusal::Unsound);
    }
    leader.ask(Input::Change(members(&[0, 1, 2], &[])));
    leader.refused(Refused::Change, Refusal::NoChange);
    leader.ask(Input::Transfer(node(1)));
    leader.ask(Input::Change(members(&[0, 1], &[])));
    leader.refused(Refused::Change, Refusal::Transferring { to: node(1) });
    let mut follower = Subject::new(plain(3));
    follower.ask(Input::Change(members(&[0, 1], &[])));
    follower.refused(Refused::Change, Refusal::NotLeader { leader: None });
}

/// Paper 6, thesis 4.3: voters that stay the same need no second step.
#[test]
fn learners_come_and_go_in_one_step() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Change(members(&[0, 1, 2], &[3])));
    leader.hear(2, reply(1, matches(2)));
    assert_eq!((leader.commit(), leader.last()), (2, at(1, 2)));
    leader.ask(Input::Change(members(&[0, 1, 2], &[])));
    leader.hear(2, reply(1, matches(3)));
    assert_eq!((leader.commit(), leader.last()), (3, at(1, 3)));
    leader.ask(propose(&[7]));
    assert_eq!(leader.sent_to(3), []);
}

fn with_learner() -> Config {
    Config::new(node(0), members(&[0, 1, 2], &[3])).with_options(PLAIN)
}

/// Thesis 4.2.1: a server catches up before it has a vote: it receives entries and does not count.
#[test]
fn a_learner_receives_entries_and_does_not_count() {
    let mut leader = Subject::leader(with_learner());
    leader.ask(propose(&[7]));
    assert_eq!(leader.sent_to(3), [append(1, at(1, 1), 1, &[7], 1)]);
    leader.hear(3, reply(1, matches(2)));
    assert_eq!(leader.commit(), 1);
    leader.hear(1, reply(1, matches(2)));
    assert_eq!(leader.commit(), 2);
}

/// Thesis 4.2.1: a server without a vote asks for none; it waits until it may.
#[test]
fn a_learner_does_not_stand() {
    let config = Config::new(node(0), members(&[1, 2], &[0])).with_options(PLAIN);
    let mut learner = Subject::restart(config, disk(3, &[1]));
    learner.expire(Timer::Election);
    assert_eq!(learner.ops, [Op::Arm(Timer::Election)]);
    learner.hear(1, append_batch(3, at(1, 1), change(members(&[1, 2], &[0, 5])), 0));
    learner.expire(Timer::Election);
    assert_eq!(learner.ops, [Op::Arm(Timer::Election)], "whatever is under way without it");
    learner.hear(1, append_batch(3, at(3, 2), change(joint(&[1, 2], &[0, 1, 2], &[])), 0));
    learner.expire(Timer::Election);
    assert_eq!(learner.term(), 4);
}

/// Thesis 4.2.1: a server that is new knows no members, and learns from the leader who they are.
#[test]
fn a_new_server_learns_who_takes_part() {
    let mut cluster = cluster(4, members(&[0, 1, 2], &[]));
    cluster.elect(3);
    assert_eq!(cluster.server(3).term().get(), 0);
    cluster.lead(0);
    cluster.ask(0, propose(&[1, 2, 3]));
    cluster.ask(0, Input::Change(members(&[0, 1, 2], &[3])));
    cluster.agree(&[0, 1, 2, 3], 5);
    cluster.ask(0, Input::Change(members(&[0, 1, 2, 3], &[])));
    cluster.agree(&[0, 1, 2, 3], 7);
    assert_eq!(cluster.server(3).membership(), members(&[0, 1, 2, 3], &[]));
    cluster.lead(3);
}

/// Thesis 4.1: a server answers who is not among its members, or it could not be added.
#[test]
fn a_server_listens_to_whoever_is_not_a_member() {
    let mut subject = Subject::restart(plain(3), disk(3, &[1]));
    subject.hear(9, append(4, at(1, 1), 4, &[7], 0));
    assert_eq!(subject.sent(), [(9, reply(4, matches(2)))]);
    subject.hear(8, request_vote(5, at(4, 2), false));
    assert_eq!(subject.sent().len(), 1);
    assert_eq!(subject.disk.ballot(), ballot(5, Some(8)));
}

/// Thesis 4.2.2: a leader that is to go leads until the membership without it is committed, and
/// does not count itself.
#[test]
fn a_leader_that_is_removed_leads_to_the_end() {
    let mut leader = changing();
    leader.hear(2, reply(1, matches(2)));
    leader.hear(3, reply(1, matches(2)));
    assert_eq!(leader.last(), at(1, 3));
    leader.hear(2, reply(1, matches(3)));
    assert!(leader.server.is_leader() && leader.commit() == 2, "one of three, without the leader");
    leader.ask(propose(&[7]));
    assert_eq!(leader.last(), at(1, 4), "it goes on with its work");
    leader.hear(3, reply(1, matches(3)));
    assert_eq!(leader.commit(), 3);
    assert!(!leader.server.is_leader());
    assert!(leader.ops.contains(&Op::Disarm(Timer::Heartbeat)));
    let told = leader.place(
        |op| matches!(op, Op::Send { message: Message::Committed { last, .. }, .. } if *last == at(1, 3)),
    );
    let resigned = leader.place(|op| *op == Op::Disarm(Timer::Heartbeat));
    assert!(told < resigned, "the others hear of it before");
    leader.expire(Timer::Election);
    assert_eq!(leader.term(), 1, "and it does not stand again");
}

/// Thesis 4.2.2: who is to lose its vote may be the only one that can be elected, as long as that is
/// not committed; its own vote does not count.
#[test]
fn who_is_to_lose_its_vote_may_be_needed_until_that_is_committed() {
    let config = plain(3);
    let mut subject = Subject::restart(config, disk(3, &[1]));
    subject.hear(1, append_batch(3, at(1, 1), change(joint(&[0, 1, 2], &[1, 2], &[])), 2));
    subject.hear(1, append_batch(3, at(3, 2), change(members(&[1, 2], &[])), 2));
    subject.expire(Timer::Election);
    assert_eq!(subject.sent_to(1), [request_vote(4, at(3, 3), false)]);
    subject.hear(1, vote_reply(4));
    assert!(!subject.server.is_leader(), "one of two, and its own does not count");
    subject.hear(2, vote_reply(4));
    assert!(subject.server.is_leader());
    subject.hear(1, reply(4, matches(4)));
    subject.hear(2, reply(4, matches(4)));
    assert!(!subject.server.is_leader(), "it goes once it is done");
    subject.expire(Timer::Election);
    assert_eq!(subject.ops, [Op::Arm(Timer::Election)]);
}

/// Thesis 4.2.2: a leader that becomes a learner makes room in the same way.
#[test]
fn a_leader_that_becomes_a_learner_makes_room() {
    let mut leader = Subject::leader(plain(3));
    leader.ask(Input::Change(members(&[1, 2], &[0])));
    leader.hear(1, reply(1, matches(2)));
    leader.hear(2, reply(1, matches(2)));
    assert!(leader.server.is_leader());
    leader.hear(1, reply(1, matches(3)));
    leader.hear(2, reply(1, matches(3)));
    assert!(!leader.server.is_leader());
    assert_eq!(leader.server.membership(), members(&[1, 2], &[0]));
}

/// Thesis 4.2.2: a leader stays if it is a member still.
#[test]
fn a_leader_that_stays_leads_on() {
    let mut cluster = cluster(4, members(&[0, 1, 2], &[]));
    cluster.lead(0);
    cluster.ask(0, Input::Change(members(&[0, 3], &[])));
    assert!(cluster.server(0).is_leader());
    assert_eq!(cluster.server(3).membership(), members(&[0, 3], &[]));
    cluster.ask(0, Input::Change(members(&[0], &[])));
    cluster.ask(0, propose(&[7]));
    let last = cluster.server(0).log().last().index.get();
    cluster.agree(&[0], last);
    cluster.ask(0, Input::Change(members(&[0, 1], &[2])));
    let last = cluster.server(0).log().last().index.get();
    cluster.agree(&[0, 1, 2], last);
}

/// Paper 6: who leads others says so, and checks its quorum, from the time when there are others.
#[test]
fn a_leader_alone_begins_to_assert_itself_once_it_has_others() {
    let options = Options { check_quorum: true, ..PLAIN };
    let mut leader = Subject::new(plain(1).with_options(options));
    leader.expire(Timer::Election);
    assert!(!leader.ops.contains(&Op::Arm(Timer::Heartbeat)));
    leader.ask(Input::Change(members(&[0], &[1])));
    assert!(leader.ops.contains(&Op::Arm(Timer::Heartbeat)));
    assert!(leader.ops.contains(&Op::Arm(Timer::Quorum)));
    leader.ask(Input::Change(members(&[0], &[])));
    leader.expire(Timer::Heartbeat);
    assert_eq!(leader.ops, []);
}

/// Thesis 4.2.3: who hears a leader disregards who would depose it, term and all; unless the leader
/// itself wanted it (3.10).
#[test]
fn removed_servers_do_not_disturb() {
    let options = Options { pre_vote: true, check_quorum: true, ..PLAIN };
    for transfer in [false, true] {
        let mut subject = Subject::restart(plain(3).with_options(options), disk(3, &[1]));
        subject.hear(1, append(3, at(1, 1), 3, &[], 0));
        subject.hear(9, request_vote(7, at(3, 9), transfer));
        assert_eq!(subject.term(), if transfer { 7 } else { 3 });
    }
    let mut leader = Subject::restart(plain(3).with_options(options), disk(3, &[1]));
    leader.expire(Timer::Election);
    leader.hear(
        1,
        Message::Election(election::Message::PreVoteReply { term: leader.server.term(), granted: true }),
    );
    leader.hear(1, vote_reply(4));
    leader.hear(9, request_vote(7, at(3, 9), false));
    assert!(leader.server.is_leader(), "a leader hears itself");
}

/// Thesis 6.2: a leader that hears no majority of both, while the membership changes, makes room.
#[test]
fn a_joint_leader_checks_both_majorities() {
    let options = Options { check_quorum: true, ..PLAIN };
    for (heard, leads) in [(&[1, 2][..], false), (&[3, 4], false), (&[2, 3], true)] {
        let mut leader = Subject::leader(plain(3).with_options(options));
        leader.expire(Timer::Quorum);
        leader.ask(Input::Change(members(&[2, 3, 4], &[])));
        heard.iter().for_each(|from| leader.hear(*from, reply(1, matches(1))));
        leader.expire(Timer::Quorum);
        assert_eq!(leader.server.is_leader(), leads, "{heard:?}");
    }
}

/// Paper 6: a change to other voters and back, and a voter that stays as a learner meanwhile.
#[test]
fn members_change_again_and_again() {
    let mut cluster = cluster(6, members(&[0, 1, 2], &[]));
    cluster.lead(0);
    for (voters, learners) in
        [(&[0, 1, 2][..], &[3, 4][..]), (&[0, 3, 4], &[1]), (&[3, 4, 5], &[0, 1]), (&[0, 1, 2], &[])]
    {
        let leader = (0..6).find(|number| cluster.server(*number).is_leader()).expect("a leader");
        cluster.ask(leader, propose(&[7]));
        cluster.ask(leader, Input::Change(members(voters, learners)));
        let removed = !voters.contains(&leader);
        assert_eq!(cluster.server(leader).is_leader(), !removed);
        if removed {
            cluster.lead(voters[1]);
        }
        let leader = if removed { voters[1] } else { leader };
        let last = cluster.server(leader).log().last().index.get();
        cluster.agree(voters, last);
        assert_eq!(cluster.server(leader).membership(), members(voters, learners));
    }
    let refused = |(_, output): &(u8, Output)| matches!(output, Output::Refused(..));
    assert!(!cluster.told.iter().any(refused));
}
