/* Pruning of the ledger: housekeeping.ts `createLedgerPruning`, prune-frames.sql. */

bool isLooking;

#if PRUNES > 0

/* A row becomes older than a day. Within a day,
 * - every message of publish arrives and every gateway has ended its attempts (publisher.ts: 5 s);
 * - every consumer has applied or given up a delivery that another consumer committed.
 * A process that is frozen for a day breaks this; docs/guarantees.md says so. */
#define holdsCommitted(c, f) (consumer[c] == TAKING && hand[c] != 0 && ( \
  holdsAt(c, 0, f) || holdsAt(c, 1, f) || holdsAt(c, 2, f) || holdsAt(c, 3, f) || holdsAt(c, 4, f)))
#define holdsAt(c, p, f) (p < POSITIONS && has(hand[c], p) && has(rows, p) && frameAt[p] == f)
#define canAge(p) (p < POSITIONS && has(rows, p) && !has(aged, p) && !mayArrive(frameAt[p]) && \
  !holdsCommitted(0, frameAt[p]) && !holdsCommitted(1, frameAt[p]))
#define AGE(p) :: d_step { state != 3 && canAge(p) -> put(aged, p) }

byte pruned;                 /* rounds */
bool isLookOlder;            /* a read of the books runs that began before the former round's snapshot */

inline lookAtLog() {
  first = 0;
  do
  :: first < last && !has(held, first) -> first++
  :: else -> break
  od
}

active proctype Housekeeping() {
  byte state, former, first, old;
end:
  do
  AGE(0) AGE(1) AGE(2) AGE(3) AGE(4)

  /* The snapshot of a round. */
  :: d_step { state == 0 && pruned < PRUNES ->
      lookAtLog();
      former = first;
      first = 0;
#ifndef PRUNES_AT_ONCE
      /* In truth a removal is on the disk some seconds later (README.md). */
      settled = settled | ((bit(former) - 1) & ~held);
#endif
      isLookOlder = isLooking;
      state = 1 }

  /* The snapshot of the next round, a minute later: rows go that were below the first position held in both. */
#ifdef PRUNES_AT_ONCE
  :: d_step { state == 1 ->
#else
  :: d_step { state == 1 && !isLookOlder ->
#endif
      lookAtLog();
      if
      :: held == 0 -> old = aged
      :: else -> old = aged & agedAtArrival[first]
      fi;
#ifndef PRUNES_AT_ONCE
      if
      :: former < first -> first = former
      :: else
      fi;
#endif
#ifdef PRUNES_WITHOUT_AGE
      old = 255;
#endif
#ifdef PRUNES_BY_AGE_OF_NOW
      old = aged;
#endif
#ifdef PRUNES_HELD
      first = last;
      old = aged;
#endif
      former = 0;
      state = 2 }

  /* The statement that deletes. */
  :: d_step { state == 2 ->
      p = 0;
      do
      :: p < first ->
        if
        :: has(rows, p) && has(old, p) ->
          drop(rows, p);
          if
          :: originOf[frameAt[p]] == p + 1 -> originOf[frameAt[p]] = 0
          :: else
          fi
        :: else
        fi;
        p++
      :: else -> break
      od;
      first = 0; old = 0;
      pruned++;
      state = (pruned < PRUNES -> 0 : 3) }
  od
}

#endif
