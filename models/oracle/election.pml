/*
 * Raft's leader election, written a second time, in Promela, from what is written about it:
 *
 *   paper   Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014
 *   thesis  Ongaro, "Consensus: Bridging Theory and Practice", 2014
 *
 * The test `models/tests/oracle.rs` compares how many states Spin finds here with how many the
 * checking kit finds of the machine that ships. The two share neither code nor language nor the
 * author of the search, so where they agree on hundreds of thousands of states, it is unlikely
 * that one of them has a state too few or too many.
 *
 *     spin -a -DN=3 -DTERMS=2 -DCRASHES=1 election.pml
 *     cc -O2 -DSAFETY -DNOREDUCE -DNOFAIR -o pan pan.c
 *     ./pan -m10000 -w24
 *
 * The number to compare is "states, stored", as it stands: the process is always at the head of
 * its loop, from the start on, and each option of the loop is one step of the cluster, made at
 * once. So the states of the process are those of the cluster.
 *
 *     -DN=3              servers, 2 to 5
 *     -DTERMS=2          terms, 1 to 4: in the last no election timeout comes
 *     -DCRASHES=0        crashes with a restart, between steps and between the writes of a step
 *     -DPRE_VOTE=0       1: pre-vote (thesis 9.6) is on
 *     -DCHECK_QUORUM=0   1: check-quorum (thesis 6.2) and leader stickiness (4.2.3) are on
 *     -DREDUCE=1         1: messages that can change nothing any more are forgotten, which has to
 *                        be the same ones here and there; 0: none is, and nothing has to be agreed
 *     -DMUTANT=0         1: a server votes for whoever asks; 2: a restart forgets the vote, which
 *                        takes a crash. Spin must find Election Safety violated, in `lead`.
 *
 * The text is to be fast as well, since the kit is timed against it: all is bits of few small
 * numbers, a message to all others is one bit, and what would change nothing is no option.
 */

#ifndef N
#define N 3
#endif
#ifndef TERMS
#define TERMS 2
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef PRE_VOTE
#define PRE_VOTE 0
#endif
#ifndef CHECK_QUORUM
#define CHECK_QUORUM 0
#endif
#ifndef REDUCE
#define REDUCE 1
#endif
#ifndef MUTANT
#define MUTANT 0
#endif

/* ---- Sets of servers and of messages ---------------------------------------------------- */

/* A set of servers is a byte, of which server i is bit i. */
#define ONLY(i)        (1 << (i))
#define ALL            (ONLY(N) - 1)
#define SIZE(s)        (HAS(s, 0) + HAS(s, 1) + HAS(s, 2) + HAS(s, 3) + HAS(s, 4))
#define HAS(s, i)      ((s) >> (i) & 1)
#define MAJORITY(s)    (2 * SIZE(s) > N)

/* Messages of one kind to one receiver, or to all, differ in their term and their sender. */
#if N * (TERMS + 1) <= 15
#define messages       short
#elif N * (TERMS + 1) <= 30
#define messages       int
#else
#error "a set of messages has at most 30 bits: fewer servers, or fewer terms"
#endif
#define IN(t, servers) ((servers) << N * (t))          /* those of a term from these servers */
#define BEFORE(t)      (IN(t, 1) - 1)                  /* all of earlier terms */
#define UP_TO(t)       BEFORE((t) + 1)
#define OF(i)          (ONLY(i) * (UP_TO(TERMS) / ALL)) /* all from server i: one bit a term */

/* ---- State ------------------------------------------------------------------------------ */

mtype = { Follower, PreCandidate, Candidate, Leader };

/* On the disk (Figure 2, "Persistent state"). Between two steps the memory is the same. */
byte currentTerm[N];
byte votedFor[N];            /* nobody, or one server */

/* In memory. The armed timers follow from it, and need no place of their own: the election timer
   of whoever does not lead, the lease of whoever follows a leader, the heartbeat and the quorum
   timer of whoever leads. */
mtype role[N] = Follower;
byte heard[N];               /* by a follower: its leader, within the minimum election timeout;
                                by a pre-candidate: who would vote for it, itself included;
                                by a candidate: who voted for it, itself included;
                                by a leader: who answered since its quorum timer, itself included */

/* The network: all that was ever sent. It may arrive at any time, in any order, any number of
   times, or never. Requests go to all others, so there is one set for all receivers. */
messages requestVote;
messages heartbeat;          /* AppendEntries without entries: also, who ever led in which term */
messages voteGranted[N];     /* replies, by their receiver */
messages voteDenied[N];
messages heartbeatReply[N];
#if PRE_VOTE
messages preVote;
messages preVoteGranted[N];
messages preVoteDenied[N];
#endif

#if CRASHES
byte crashes = CRASHES;      /* those that may still come */
#endif

/* ---- Messages --------------------------------------------------------------------------- */

#define arrives(request, j, t)  (request & IN(t, ONLY(j)))

/* Every message carries the current term of its sender (5.1). */
#define said_by(i)             IN(currentTerm[i], ONLY(i))
#define send_all(i, request)   request = request | said_by(i)
#define reply(i, j, answer)    answer[j] = answer[j] | (said_by(i) & ~dead_##answer(j))
#define is_news(i, j, answer)  (said_by(i) & ~(answer[j] | dead_##answer(j)))

/* Messages to server i that can change nothing any more. Of an older term, no reply does (5.1).
   In the current term a vote counts until it was counted, since a server stands but once in a
   term; a pre-vote always, since it may ask around again; the reply to a heartbeat with
   check-quorum, once the server leads. A request is never dead: the answer to a stale one tells
   its sender the newer term. */
#if REDUCE
#define dead_voteDenied(i)      UP_TO(currentTerm[i])
#define dead_voteGranted(i) \
	(role[i] == Candidate -> BEFORE(currentTerm[i]) | IN(currentTerm[i], heard[i]) : \
		UP_TO(currentTerm[i]))
#define dead_heartbeatReply(i) \
	(CHECK_QUORUM && (role[i] == Candidate || role[i] == Leader) -> BEFORE(currentTerm[i]) : \
		UP_TO(currentTerm[i]))
#define dead_preVoteDenied(i)   UP_TO(currentTerm[i])
#define dead_preVoteGranted(i)  BEFORE(currentTerm[i])
#else
#define dead_voteDenied(i)      0
#define dead_voteGranted(i)     0
#define dead_heartbeatReply(i)  0
#define dead_preVoteDenied(i)   0
#define dead_preVoteGranted(i)  0
#endif

inline forget(i) {
	voteGranted[i] = voteGranted[i] & ~dead_voteGranted(i);
	voteDenied[i] = voteDenied[i] & ~dead_voteDenied(i);
	heartbeatReply[i] = heartbeatReply[i] & ~dead_heartbeatReply(i);
#if PRE_VOTE
	preVoteGranted[i] = preVoteGranted[i] & ~dead_preVoteGranted(i);
	preVoteDenied[i] = preVoteDenied[i] & ~dead_preVoteDenied(i)
#endif
}

/* ---- Roles (Figure 4) ------------------------------------------------------------------- */

/* A change of role, or in the role. Terms change with it, and both bring messages to an end. */
inline become(i, new_role, whom) {
	role[i] = new_role;
	heard[i] = whom;
	forget(i)
}

/* 5.1: whoever learns of a newer term moves on to it, as a follower, and has not voted in it. */
inline enter(i, t) {
	if
	:: t > currentTerm[i] ->
		currentTerm[i] = t;
		votedFor[i] = 0;
		become(i, Follower, 0)
	:: else
	fi
}

/* 5.2: a server begins a new term, votes for itself and asks all others. */
inline campaign(i) {
	currentTerm[i]++;
	votedFor[i] = ONLY(i);
	send_all(i, requestVote);
	become(i, Candidate, ONLY(i))
}

/* Thesis 9.6: before that, it asks who would vote for it in the next term, and stays in its own. */
inline ask_around(i) {
	send_all(i, preVote);
	become(i, PreCandidate, ONLY(i))
}

/* 5.2: once elected it tells all others. Election Safety (Figure 3): nobody else ever did in this
   term. Heartbeats are never forgotten, so they are the memory that this takes. */
inline lead(i) {
	assert(!(heartbeat & IN(currentTerm[i], ALL)));
	send_all(i, heartbeat);
	become(i, Leader, ONLY(i))
}

/* Whether it is a leader, or heard from one within the minimum election timeout. */
#define has_leader(i)  (role[i] == Leader || role[i] == Follower && heard[i])

/* ---- Timers ----------------------------------------------------------------------------- */

/* 5.2: no leader was heard from, or the vote was split. */
#if PRE_VOTE
#define stand(i)      ask_around(i)
#define may_stand(i) \
	(role[i] != Leader && currentTerm[i] < TERMS && !(role[i] == PreCandidate && heard[i] == ONLY(i)))
#else
#define stand(i)      campaign(i)
#define may_stand(i)  (role[i] != Leader && currentTerm[i] < TERMS)
#endif

/* Thesis 4.2.3: the leader was silent for the minimum election timeout. */
#define may_miss_leader(i)  (role[i] == Follower && heard[i])

inline miss_leader(i) {
	become(i, Follower, 0)
}

/* Thesis 6.2: a leader that did not hear from a majority steps down. */
#define may_review(i)  (role[i] == Leader)

inline review(i) {
	if
	:: MAJORITY(heard[i]) -> become(i, Leader, ONLY(i))
	:: else -> become(i, Follower, 0)
	fi
}

/* ---- RequestVote (Figure 2) ------------------------------------------------------------- */

#if MUTANT == 1
#define has_voted(i)  false
#else
#define has_voted(i)  votedFor[i]
#endif

/* Thesis 4.2.3: who hears a leader does not vote, and does not even look at the term. */
#define disregards(i)  (CHECK_QUORUM && has_leader(i))

/* 5.2: one vote a term, for whoever asks first. */
#define may_grant(i, j, t) \
	(!disregards(i) && (t > currentTerm[i] || t == currentTerm[i] && !has_voted(i)))

inline grant(i, j, t) {
	enter(i, t);
	votedFor[i] = ONLY(j);
	reply(i, j, voteGranted)
}

/* Any other request, unless it is the one that got the vote, which gets the same answer again. */
#define deniable(i, j) \
	(disregards(i) -> OF(j) : BEFORE(currentTerm[i]) & OF(j) | \
		(has_voted(i) && votedFor[i] != ONLY(j) -> IN(currentTerm[i], ONLY(j)) : 0))

#define may_deny(i, j)  ((requestVote & deniable(i, j)) && is_news(i, j, voteDenied))

/* 5.2: a candidate with the votes of a majority leads. */
#define may_count_vote(i, j) \
	(role[i] == Candidate && (voteGranted[i] & IN(currentTerm[i], ONLY(j) & ~heard[i])))

inline count_vote(i, j) {
	if
	:: MAJORITY(heard[i] | ONLY(j)) -> lead(i)
	:: else -> become(i, Candidate, heard[i] | ONLY(j))
	fi
}

/* ---- PreVote (thesis 9.6) --------------------------------------------------------------- */

/* Who hears a leader does not support another. Others would vote for whoever is of no older term:
   whatever vote they have given belongs to this term, and the question is of the next. The answer
   promises nothing, so nothing has to be remembered but the newer term (5.1). */
#define may_support(i, j, t) \
	(!has_leader(i) && (t > currentTerm[i] || t == currentTerm[i] && is_news(i, j, preVoteGranted)))

inline support(i, j, t) {
	enter(i, t);
	reply(i, j, preVoteGranted)
}

#define may_not_support(i, j) \
	((preVote & OF(j) & (has_leader(i) -> UP_TO(TERMS) : BEFORE(currentTerm[i]))) && \
		is_news(i, j, preVoteDenied))

/* A pre-candidate that a majority would vote for campaigns. */
#define may_count_support(i, j) \
	(role[i] == PreCandidate && (preVoteGranted[i] & IN(currentTerm[i], ONLY(j) & ~heard[i])))

inline count_support(i, j) {
	if
	:: MAJORITY(heard[i] | ONLY(j)) -> campaign(i)
	:: else -> become(i, PreCandidate, heard[i] | ONLY(j))
	fi
}

/* ---- AppendEntries without entries (Figure 2) ------------------------------------------- */

/* 5.2: whoever leads in a term was elected in it, so even a candidate follows. */
#define may_follow(i, j, t) \
	(t > currentTerm[i] || t == currentTerm[i] && !(role[i] == Follower && heard[i] == ONLY(j)))

inline follow(i, j, t) {
	enter(i, t);
	become(i, Follower, ONLY(j));
	reply(i, j, heartbeatReply)
}

/* 5.1: a leader of an older term is told the newer one. */
#define may_refuse(i, j) \
	((heartbeat & BEFORE(currentTerm[i]) & OF(j)) && is_news(i, j, heartbeatReply))

/* Thesis 6.2: a leader notes who answers. */
#define may_note(i, j) \
	(role[i] == Leader && (heartbeatReply[i] & IN(currentTerm[i], ONLY(j) & ~heard[i])))

inline note(i, j) {
	become(i, Leader, heard[i] | ONLY(j))
}

/* ---- Replies of a newer term (5.1) ------------------------------------------------------ */

/* Votes and pre-votes never are: they are of the term of their request. */
#if PRE_VOTE
#define tells_newer(i)  (voteDenied[i] | heartbeatReply[i] | preVoteDenied[i])
#else
#define tells_newer(i)  (voteDenied[i] | heartbeatReply[i])
#endif
/* Thesis 4.2.3: a follower that hears its leader takes no term from a reply. Since a lease may end at any
 * moment, this changes no state that can be reached, only how. */
#define may_learn(i, t) \
	(t > currentTerm[i] && (tells_newer(i) & IN(t, ALL)) && \
		!(CHECK_QUORUM && role[i] == Follower && has_leader(i)))

/* ---- Crashes ---------------------------------------------------------------------------- */

/* Between two steps: memory is lost, the disk is not. */
#define may_crash(i)  (crashes > 0)

inline crash(i) {
	crashes--;
#if MUTANT == 2
	votedFor[i] = 0;
#endif
	become(i, Follower, 0)
}

/* Between the writes of a step. There is one that writes twice, a vote in a newer term: the term
   has reached the disk and the vote has not. That messages after the last write were not sent
   before a crash is not worth a step, since those that were sent may as well never arrive. */
#define may_crash_before_vote(i, t)  (crashes > 0 && !disregards(i) && t > currentTerm[i])

inline crash_before_vote(i, t) {
	enter(i, t);
	crash(i)
}

/* ---- The cluster ------------------------------------------------------------------------ */

#define SERVER(i) \
	:: d_step { may_stand(i) -> stand(i) } \
	EACH_TERM(NEWER_TERM, i)

#define NEWER_TERM(i, t) \
	:: d_step { may_learn(i, t) -> enter(i, t) }

#define LEASE(i) \
	:: d_step { may_miss_leader(i) -> miss_leader(i) }

#define QUORUM(i) \
	:: d_step { may_review(i) -> review(i) }

#define PAIR(i, j) \
	EACH_TERM(REQUEST, i, j) \
	:: d_step { may_deny(i, j) -> reply(i, j, voteDenied) } \
	:: d_step { may_count_vote(i, j) -> count_vote(i, j) } \
	:: d_step { may_refuse(i, j) -> reply(i, j, heartbeatReply) }

#define REQUEST(i, j, t) \
	:: d_step { arrives(requestVote, j, t) && may_grant(i, j, t) -> grant(i, j, t) } \
	:: d_step { arrives(heartbeat, j, t) && may_follow(i, j, t) -> follow(i, j, t) }

#define HEARTBEAT_REPLY(i, j) \
	:: d_step { may_note(i, j) -> note(i, j) }

#define PRE_VOTE_PAIR(i, j) \
	PRE_VOTE_REQUEST(i, j, 0) \
	EACH_TERM(PRE_VOTE_REQUEST, i, j) \
	:: d_step { may_not_support(i, j) -> reply(i, j, preVoteDenied) } \
	:: d_step { may_count_support(i, j) -> count_support(i, j) }

#define PRE_VOTE_REQUEST(i, j, t) \
	:: d_step { arrives(preVote, j, t) && may_support(i, j, t) -> support(i, j, t) }

#define CRASH(i) \
	:: d_step { may_crash(i) -> crash(i) }

#define CRASH_OF_PAIR(i, j) \
	EACH_TERM(CRASH_IN_STEP, i, j)

#define CRASH_IN_STEP(i, j, t) \
	:: d_step { arrives(requestVote, j, t) && may_crash_before_vote(i, t) -> crash_before_vote(i, t) }

/* Each server, ordered pair of servers and term has its own options, so that indices are
   constants. */
#define EACH_SERVER(option)    JOIN(EACH_OF_, N)(option)
#define EACH_OF_2(option)      option(0) option(1)
#define EACH_OF_3(option)      EACH_OF_2(option) option(2)
#define EACH_OF_4(option)      EACH_OF_3(option) option(3)
#define EACH_OF_5(option)      EACH_OF_4(option) option(4)

#define EACH_PAIR(option)      JOIN(EACH_PAIR_OF_, N)(option)
#define EACH_PAIR_OF_2(option) option(0, 1) option(1, 0)
#define EACH_PAIR_OF_3(option) EACH_PAIR_OF_2(option) PAIRS_WITH(option, 0, 2) PAIRS_WITH(option, 1, 2)
#define EACH_PAIR_OF_4(option) EACH_PAIR_OF_3(option) \
	PAIRS_WITH(option, 0, 3) PAIRS_WITH(option, 1, 3) PAIRS_WITH(option, 2, 3)
#define EACH_PAIR_OF_5(option) EACH_PAIR_OF_4(option) \
	PAIRS_WITH(option, 0, 4) PAIRS_WITH(option, 1, 4) PAIRS_WITH(option, 2, 4) PAIRS_WITH(option, 3, 4)
#define PAIRS_WITH(option, i, j)  option(i, j) option(j, i)

#define EACH_TERM(option, ...)    JOIN(EACH_TERM_TO_, TERMS)(option, __VA_ARGS__)
#define EACH_TERM_TO_1(option, ...)  option(__VA_ARGS__, 1)
#define EACH_TERM_TO_2(option, ...)  EACH_TERM_TO_1(option, __VA_ARGS__) option(__VA_ARGS__, 2)
#define EACH_TERM_TO_3(option, ...)  EACH_TERM_TO_2(option, __VA_ARGS__) option(__VA_ARGS__, 3)
#define EACH_TERM_TO_4(option, ...)  EACH_TERM_TO_3(option, __VA_ARGS__) option(__VA_ARGS__, 4)

#define JOIN(a, b)   JOIN_(a, b)
#define JOIN_(a, b)  a##b

/* It may end anywhere: when no timer expires any more and all that was sent has arrived. */
active proctype cluster() {
end:	do
	EACH_SERVER(SERVER)
	EACH_PAIR(PAIR)
#if PRE_VOTE || CHECK_QUORUM
	EACH_SERVER(LEASE)
#endif
#if PRE_VOTE
	EACH_PAIR(PRE_VOTE_PAIR)
#endif
#if CHECK_QUORUM
	EACH_SERVER(QUORUM)
	EACH_PAIR(HEARTBEAT_REPLY)
#endif
#if CRASHES
	EACH_SERVER(CRASH)
	EACH_PAIR(CRASH_OF_PAIR)
#endif
	od
}
