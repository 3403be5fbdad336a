/*
 * The replication model of models/raft/system/replication.ts, written by hand for Spin and independently of it: both
 * must count the same states. The network is written in another way: not as a set of messages, but as what each
 * candidate asked for, whom each member voted for, what each leader could have sent, and what was acknowledged.
 * Parameters: T (greatest term), L (longest log), C (most crashes).
 */
#define FOLLOWER 0
#define CANDIDATE 1
#define LEADER 2
#define TM(t, m) ((t) * 3 + (m))

byte role[3], term[3], vote[3], votes[3], commit[3], size[3]; /* vote: member + 1; votes: set of members */
byte match[9];                                               /* match[leader * 3 + member] */
byte log[3 * (L + 1)];                                       /* log[member * (L + 1) + index]: its term */
#define LOG(m, i) log[(m) * (L + 1) + (i)]

byte asked[(T + 1) * 3], askedTerm[(T + 1) * 3]; /* last index + 1 and last term of a campaign, by term and candidate */
byte grant[(T + 1) * 3];                         /* candidate + 1, by term and voter */
bit acked[(T + 1) * 3 * (L + 1)];                /* by term, member and index */
#define ACKED(t, m, i) acked[TM(t, m) * (L + 1) + (i)]
byte leader[T + 1];                              /* member + 1 */
byte leaderLog[(T + 1) * (L + 1)];               /* terms of the leader's entries, by its term and index */
#define LLOG(t, i) leaderLog[(t) * (L + 1) + (i)]
byte reach[(T + 1) * (L + 1)];                   /* by term and commit index: longest log at that commit index, + 1 */
#define REACH(t, c) reach[(t) * (L + 1) + (c)]

byte committed[L + 1], committedIn[L + 1], crashes;

byte t, a, b, i, n, k; /* chosen and scratch; 0 between steps */

inline member(x) { if :: x = 0 :: x = 1 :: x = 2 fi }
inline upTo(x, least, most) { x = least; do :: x < most -> x++ :: break od }
inline done() { t = 0; a = 0; b = 0; i = 0; n = 0; k = 0; check() }

/* A newer term makes a follower without a vote. */
inline newer(m, seen) {
  if
  :: seen > term[m] -> term[m] = seen; vote[m] = 0; follow(m)
  :: else
  fi
}
inline follow(m) {
  role[m] = FOLLOWER; votes[m] = 0; match[m * 3] = 0; match[m * 3 + 1] = 0; match[m * 3 + 2] = 0
}
/* The leader may now send its whole log with its commit index. */
inline publish(m) {
  k = 1;
  do :: k <= size[m] -> LLOG(term[m], k) = LOG(m, k); k++ :: else -> break od;
  REACH(term[m], commit[m]) = size[m] + 1
}

#define CONFLICT(x, y) (role[x] == LEADER && role[y] == LEADER && term[x] == term[y])
#define AHEAD(m, i) (i <= commit[m] && LOG(m, i) != committed[i])
#define MISSING(m, i) (role[m] == LEADER && committed[i] && term[m] >= committedIn[i] && LOG(m, i) != committed[i])
#define DIFFER(x, y, i) (LOG(x, i) && LOG(x, i) == LOG(y, i) && LOG(x, i - 1) != LOG(y, i - 1))
inline check() {
  d_step {
    assert(!(CONFLICT(0, 1) || CONFLICT(0, 2) || CONFLICT(1, 2)));
    k = 1;
    do
    :: k <= L ->
       assert(!(AHEAD(0, k) || AHEAD(1, k) || AHEAD(2, k)));
       assert(!(MISSING(0, k) || MISSING(1, k) || MISSING(2, k)));
       assert(!(DIFFER(0, 1, k) || DIFFER(0, 2, k) || DIFFER(1, 2, k)));
       k++
    :: else -> break
    od;
    k = 0
  }
}

active proctype cluster() {
  do
  /* timeout */
  :: atomic {
      member(a);
      if
      :: role[a] != LEADER && term[a] < T ->
         follow(a);
         term[a]++; role[a] = CANDIDATE; vote[a] = a + 1; votes[a] = 1 << a;
         asked[TM(term[a], a)] = size[a] + 1; askedTerm[TM(term[a], a)] = LOG(a, size[a])
      :: else
      fi;
      done()
    }
  /* request for a vote: a asks b */
  :: atomic {
      upTo(t, 1, T); member(a); member(b);
      if
      :: a != b && asked[TM(t, a)] ->
         newer(b, t);
         i = asked[TM(t, a)] - 1; n = askedTerm[TM(t, a)];
         if
         :: t == term[b] && (vote[b] == 0 || vote[b] == a + 1) &&
            (n > LOG(b, size[b]) || (n == LOG(b, size[b]) && i >= size[b])) ->
            vote[b] = a + 1; grant[TM(t, b)] = a + 1
         :: else
         fi
      :: else
      fi;
      done()
    }
  /* vote of b */
  :: atomic {
      upTo(t, 1, T); member(b);
      if
      :: grant[TM(t, b)] ->
         a = grant[TM(t, b)] - 1;
         if
         :: role[a] == CANDIDATE && term[a] == t ->
            role[a] = LEADER; votes[a] = 0; leader[t] = a + 1; publish(a)
         :: else
         fi
      :: else
      fi;
      done()
    }
  /* append to b: n entries after index i, sent when the commit index was a */
  :: atomic {
      upTo(t, 1, T); member(b); upTo(a, 0, L); upTo(i, 0, L);
      if :: n = 0 :: n = 1 fi;
      if
      :: leader[t] && leader[t] != b + 1 && i + n + 1 <= REACH(t, a) && t >= term[b] ->
         newer(b, t);
         if :: role[b] == CANDIDATE -> follow(b) :: else fi;
         if
         :: i == 0 || (i <= size[b] && LOG(b, i) == LLOG(t, i)) ->
            if
            :: n == 1 && (size[b] == i || LOG(b, i + 1) != LLOG(t, i + 1)) ->
               k = i + 1;
               do :: k <= L -> LOG(b, k) = 0; k++ :: else -> break od;
               LOG(b, i + 1) = LLOG(t, i + 1); size[b] = i + 1
            :: else
            fi;
            if :: i + n > 0 -> ACKED(t, b, i + n) = 1 :: else fi;
            k = (a < i + n -> a : i + n);
            if :: k > commit[b] -> commit[b] = k :: else fi
         :: else
         fi
      :: else
      fi;
      done()
    }
  /* acknowledgement of index i by b */
  :: atomic {
      upTo(t, 1, T); member(b); upTo(i, 1, L);
      if
      :: ACKED(t, b, i) ->
         a = leader[t] - 1;
         if
         :: role[a] == LEADER && term[a] == t ->
            if :: i > match[a * 3 + b] -> match[a * 3 + b] = i :: else fi;
            /* with three members, an index that one other matches is on a majority */
            i = match[a * 3 + (a + 1) % 3];
            if :: match[a * 3 + (a + 2) % 3] > i -> i = match[a * 3 + (a + 2) % 3] :: else fi;
            if
            :: i > commit[a] && LOG(a, i) == t ->
               commit[a] = i; k = 1;
               do
               :: k <= i ->
                  if :: committed[k] == 0 -> committed[k] = LOG(a, k); committedIn[k] = t :: else fi;
                  k++
               :: else -> break
               od;
               publish(a)
            :: else
            fi
         :: else
         fi
      :: else
      fi;
      done()
    }
  /* proposal */
  :: atomic {
      member(a);
      if
      :: role[a] == LEADER && size[a] < L -> size[a]++; LOG(a, size[a]) = term[a]; publish(a)
      :: else
      fi;
      done()
    }
  /* a hears from b that its campaign is of the past */
  :: atomic {
      member(a); member(b);
      if :: term[b] > term[a] && asked[TM(term[a], a)] -> newer(a, term[b]) :: else fi;
      done()
    }
  /* crash */
  :: atomic {
      member(a);
      if
      :: crashes < C && (role[a] != FOLLOWER || commit[a] > 0) -> follow(a); commit[a] = 0; crashes++
      :: else
      fi;
      done()
    }
  od
}
