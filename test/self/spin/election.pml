/*
 * The election model of models/raft/system/election.ts, written by hand for Spin and independently of it:
 * both must count the same states. Parameters: T (greatest term), CRASH (0 or 1).
 */
#define FOLLOWER 0
#define CANDIDATE 1
#define LEADER 2
#define AT(t, c, v) ((t) * 9 + (c) * 3 + (v))

byte role[3], term[3], vote[3]; /* vote: member + 1 */
byte votes[3];                  /* set of members */
bit request[(T + 1) * 9], granted[(T + 1) * 9];

inline member(x) { if :: x = 0 :: x = 1 :: x = 2 fi }
inline anyTerm(x) { x = 1; do :: x < T -> x++ :: break od }

active proctype cluster() {
  byte t, c, v;
  do
  :: atomic {
      member(c);
      if
      :: role[c] != LEADER && term[c] < T ->
         term[c]++; role[c] = CANDIDATE; vote[c] = c + 1; votes[c] = 1 << c;
         request[AT(term[c], c, (c + 1) % 3)] = 1;
         request[AT(term[c], c, (c + 2) % 3)] = 1
      :: else
      fi;
      c = 0
    }
  :: atomic {
      anyTerm(t); member(c); member(v);
      if
      :: request[AT(t, c, v)] ->
         request[AT(t, c, v)] = 0;
         if :: t > term[v] -> term[v] = t; role[v] = FOLLOWER; vote[v] = 0; votes[v] = 0 :: else fi;
         if
         :: t == term[v] && (vote[v] == 0 || vote[v] == c + 1) -> vote[v] = c + 1; granted[AT(t, c, v)] = 1
         :: else
         fi
      :: else
      fi;
      t = 0; c = 0; v = 0
    }
  :: atomic {
      anyTerm(t); member(c); member(v);
      if
      :: granted[AT(t, c, v)] ->
         granted[AT(t, c, v)] = 0;
         if
         :: role[c] == CANDIDATE && term[c] == t ->
            votes[c] = votes[c] | (1 << v);
            if :: votes[c] != (1 << c) -> role[c] = LEADER; votes[c] = 0 :: else fi
         :: else
         fi
      :: else
      fi;
      t = 0; c = 0; v = 0
    }
  :: atomic {
      member(c);
      if :: CRASH && role[c] != FOLLOWER -> role[c] = FOLLOWER; votes[c] = 0 :: else fi;
      c = 0
    }
  :: d_step {
      (role[0] == LEADER && role[1] == LEADER && term[0] == term[1]) ||
      (role[0] == LEADER && role[2] == LEADER && term[0] == term[2]) ||
      (role[1] == LEADER && role[2] == LEADER && term[1] == term[2]) -> assert(false)
    }
  od
}
