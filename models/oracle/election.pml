/*
 * Raft's leader election, written a second time, in Promela, from what the paper says (Ongaro and
 * Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014). The tests compare how
 * many states Spin finds with how many the checking kit finds of the machine that ships: these
 * two have nothing in common, neither code nor language nor author of the search, so where they
 * agree on hundreds of thousands of states, neither has overlooked one.
 *
 *     spin -a -DN=3 -DTERMS=2 -DCRASHES=1 election.pml
 *     cc -O2 -DSAFETY -DNOREDUCE -DNOFAIR -o pan pan.c
 *     ./pan -m10000 -w24
 *
 * "states, stored" is the number to compare, as it stands: a state of the process is a state of
 * the cluster, the initial one included, since the process is always at the head of its loop, and
 * each option of the loop is one step of the cluster, made at once.
 *
 *     -DN=3        servers, 2 to 5
 *     -DTERMS=2    in the last term no election timeout comes
 *     -DCRASHES=0  crashes with a restart, between steps and between two writes of a step
 *     -DREDUCE=1   messages that can change nothing any more are forgotten
 *     -DMUTANT=0   1: a server votes for whoever asks; 2: a restart forgets the vote.
 *                  Spin must find the assertion in `lead` violated.
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
#ifndef REDUCE
#define REDUCE 1
#endif
#ifndef MUTANT
#define MUTANT 0
#endif

/* ---- Sets ------------------------------------------------------------------------------- */

/* A set of servers is a byte, of which server i is bit i. */
#define ONLY(i)      (1 << (i))
#define SIZE(set)    (((set) & 1) + ((set) >> 1 & 1) + ((set) >> 2 & 1) + ((set) >> 3 & 1) + ((set) >> 4 & 1))
#define MAJORITY(set) (2 * SIZE(set) > N)

/* The replies of one kind that were sent to a server are a set too: of terms and senders. */
#if N * (TERMS + 1) <= 15
#define replies      short
#elif N * (TERMS + 1) <= 31
#define replies      int
#else
#error "a set of replies has at most 31 bits: fewer servers or terms"
#endif
#define IN(t, set)   ((set) << N * (t))      /* those of term t, from these servers */
#define FROM(t, i)   IN(t, ONLY(i))          /* the one of term t from server i */
#define BEFORE(t)    (IN(t, 1) - 1)          /* those of terms before t, from anyone */

/* ---- State ------------------------------------------------------------------------------ */

mtype = { Follower, Candidate, Leader };

/* On the disk (Figure 2, "Persistent state"). Memory never differs from it between two steps. */
byte currentTerm[N];
byte votedFor[N];                 /* empty, or the one server */

/* In memory. Armed timers need no place: the election timer runs while a server does not lead,
   the heartbeat timer while it does, so they follow from the role. */
mtype role[N] = Follower;
byte heard[N];                    /* a follower: its leader, if it knows it;
                                     a candidate: who voted for it; a leader: itself */

/* The network is all that was ever sent: it may arrive at any time, in any order, any number of
   times, or never. What goes to all others is one bit, by term and sender. */
byte requestVote[TERMS + 1];
byte heartbeat[TERMS + 1];        /* AppendEntries without entries; so also: who ever led */
replies voteGranted[N];
replies voteDenied[N];
replies heartbeatReply[N];

#if CRASHES
byte crashes = CRASHES;           /* those that may still come */
#endif

/* ---- Messages that are forgotten -------------------------------------------------------- */

/* Replies of older terms are ignored (5.1), and in the current one only a vote says anything, to
   a candidate that has not counted it: it stands once in a term, and leads once. Requests are
   never forgotten, since the answer to a stale one carries news (5.1). */
inline forget(i) {
#if REDUCE
	voteDenied[i] = voteDenied[i] & ~BEFORE(currentTerm[i] + 1);
	heartbeatReply[i] = heartbeatReply[i] & ~BEFORE(currentTerm[i] + 1);
	if
	:: role[i] == Candidate ->
		voteGranted[i] = voteGranted[i] & ~(BEFORE(currentTerm[i]) | IN(currentTerm[i], heard[i]))
	:: else ->
		voteGranted[i] = voteGranted[i] & ~BEFORE(currentTerm[i] + 1)
	fi
#else
	skip
#endif
}

/* ---- Roles (Figure 4) ------------------------------------------------------------------- */

inline follow(i, leader) {
	role[i] = Follower;
	heard[i] = leader
}

/* 5.1: whoever learns of a newer term moves on to it, as a follower that has not voted in it. */
inline enter(i, t) {
	if
	:: t > currentTerm[i] ->
		currentTerm[i] = t;
		votedFor[i] = 0;
		follow(i, 0)
	:: else
	fi
}

/* 5.2: a server begins a new term, votes for itself, and asks all others. */
inline campaign(i) {
	currentTerm[i]++;
	votedFor[i] = ONLY(i);
	role[i] = Candidate;
	heard[i] = ONLY(i);
	requestVote[currentTerm[i]] = requestVote[currentTerm[i]] | ONLY(i)
}

/* 5.2: it tells all others that it was elected. Figure 3, Election Safety: the only one ever. */
inline lead(i) {
	assert(heartbeat[currentTerm[i]] == 0);
	role[i] = Leader;
	heard[i] = ONLY(i);
	heartbeat[currentTerm[i]] = heartbeat[currentTerm[i]] | ONLY(i)
}

/* 5.4: what is not on the disk is lost. */
inline restart(i) {
#if MUTANT == 2
	votedFor[i] = 0;
#endif
	follow(i, 0);
	forget(i)
}

/* ---- Steps ------------------------------------------------------------------------------ */

/* 5.2: no leader was heard from, or the vote was split. */
#define may_time_out(i)  (role[i] != Leader && currentTerm[i] < TERMS)

inline time_out(i) {
	campaign(i);
	forget(i)
}

/* Figure 2, RequestVote RPC: one vote a term, to whoever asks first, and again if it asks again.
   The reply carries the term of the voter. */
#if MUTANT == 1
#define may_vote_for(i, j)  true
#else
#define may_vote_for(i, j)  ((votedFor[i] & ~ONLY(j)) == 0)
#endif

inline answer_request_vote(i, j, t) {
	enter(i, t);
	if
	:: t == currentTerm[i] && may_vote_for(i, j) ->
		votedFor[i] = ONLY(j);
		voteGranted[j] = voteGranted[j] | FROM(t, i)
	:: else ->
		voteDenied[j] = voteDenied[j] | FROM(currentTerm[i], i)
	fi;
	forget(i);
	forget(j)
}

/* Figure 2, AppendEntries RPC: whoever leads in this term was elected (5.2), so a candidate gives
   way. */
inline answer_heartbeat(i, j, t) {
	enter(i, t);
	if
	:: t == currentTerm[i] -> follow(i, ONLY(j))
	:: else
	fi;
	heartbeatReply[j] = heartbeatReply[j] | FROM(currentTerm[i], i);
	forget(i);
	forget(j)
}

/* 5.2: a candidate that has the votes of a majority leads. */
#define may_count_vote(i, j) \
	(role[i] == Candidate && (voteGranted[i] & FROM(currentTerm[i], j)) && !(heard[i] & ONLY(j)))

inline count_vote(i, j) {
	heard[i] = heard[i] | ONLY(j);
	if
	:: MAJORITY(heard[i]) -> lead(i)
	:: else
	fi;
	forget(i)
}

/* 5.1, for replies, whatever else they say. */
#define learns(i, t) \
	(t > currentTerm[i] && ((voteDenied[i] | heartbeatReply[i]) & IN(t, ONLY(N) - 1)))

inline learn(i, t) {
	enter(i, t);
	forget(i)
}

/* A crash between two steps. */
inline crash(i) {
	crashes--;
	restart(i)
}

/* The one step with two writes: a vote in a newer term. The term reached the disk, the vote did
   not. Whether a message reached the network before the crash makes no difference: it may as well
   never arrive. */
#define may_crash_before_vote(i, t)  (crashes > 0 && t > currentTerm[i])

inline crash_before_vote(i, t) {
	crashes--;
	enter(i, t);
	restart(i)
}

/* ---- All that may happen ---------------------------------------------------------------- */

/* One option for each server, pair of servers, and term, so that all indices are constants. */
#define EACH_SERVER(rule)  CONCAT(EACH_SERVER_OF_, N)(rule)
#define EACH_SERVER_OF_2(rule)  rule(0) rule(1)
#define EACH_SERVER_OF_3(rule)  EACH_SERVER_OF_2(rule) rule(2)
#define EACH_SERVER_OF_4(rule)  EACH_SERVER_OF_3(rule) rule(3)
#define EACH_SERVER_OF_5(rule)  EACH_SERVER_OF_4(rule) rule(4)

#define EACH_PAIR(rule)  CONCAT(EACH_PAIR_OF_, N)(rule)
#define EACH_PAIR_OF_2(rule)  rule(0, 1) rule(1, 0)
#define EACH_PAIR_OF_3(rule)  EACH_PAIR_OF_2(rule) rule(0, 2) rule(2, 0) rule(1, 2) rule(2, 1)
#define EACH_PAIR_OF_4(rule)  EACH_PAIR_OF_3(rule) \
	rule(0, 3) rule(3, 0) rule(1, 3) rule(3, 1) rule(2, 3) rule(3, 2)
#define EACH_PAIR_OF_5(rule)  EACH_PAIR_OF_4(rule) \
	rule(0, 4) rule(4, 0) rule(1, 4) rule(4, 1) rule(2, 4) rule(4, 2) rule(3, 4) rule(4, 3)

#define EACH_TERM(rule, ...)  CONCAT(EACH_TERM_TO_, TERMS)(rule, __VA_ARGS__)
#define EACH_TERM_TO_1(rule, ...)  rule(__VA_ARGS__, 1)
#define EACH_TERM_TO_2(rule, ...)  EACH_TERM_TO_1(rule, __VA_ARGS__) rule(__VA_ARGS__, 2)
#define EACH_TERM_TO_3(rule, ...)  EACH_TERM_TO_2(rule, __VA_ARGS__) rule(__VA_ARGS__, 3)
#define EACH_TERM_TO_4(rule, ...)  EACH_TERM_TO_3(rule, __VA_ARGS__) rule(__VA_ARGS__, 4)

#define CONCAT(a, b)  CONCAT_(a, b)
#define CONCAT_(a, b)  a##b

#define TIMERS(i) \
	:: d_step { may_time_out(i) -> time_out(i) }

#define REQUESTS(i, j, t) \
	:: d_step { (requestVote[t] & ONLY(j)) -> answer_request_vote(i, j, t) } \
	:: d_step { (heartbeat[t] & ONLY(j)) -> answer_heartbeat(i, j, t) }

#define VOTES(i, j) \
	:: d_step { may_count_vote(i, j) -> count_vote(i, j) }

#define NEWS(i, t) \
	:: d_step { learns(i, t) -> learn(i, t) }

#define CRASHES_BETWEEN_STEPS(i) \
	:: d_step { crashes > 0 -> crash(i) }

#define CRASHES_BETWEEN_WRITES(i, j, t) \
	:: d_step { (requestVote[t] & ONLY(j)) && may_crash_before_vote(i, t) -> crash_before_vote(i, t) }

#define FOR_TERMS_OF_PAIR(i, j)  EACH_TERM(REQUESTS, i, j)
#define FOR_TERMS_OF_SERVER(i)  EACH_TERM(NEWS, i)
#define FOR_CRASHES_OF_PAIR(i, j)  EACH_TERM(CRASHES_BETWEEN_WRITES, i, j)

active proctype cluster() {
end:	do
	EACH_SERVER(TIMERS)
	EACH_PAIR(FOR_TERMS_OF_PAIR)
	EACH_PAIR(VOTES)
	EACH_SERVER(FOR_TERMS_OF_SERVER)
#if CRASHES
	EACH_SERVER(CRASHES_BETWEEN_STEPS)
	EACH_PAIR(FOR_CRASHES_OF_PAIR)
#endif
	od
}
