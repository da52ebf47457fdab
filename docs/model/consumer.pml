/* A consumer: consumer.ts `consumeBatch`, the life of one batch. */

/* Consumers are interchangeable, so the first is the one with the larger hand, and of two equal ones it is the first that
 * takes. Of two without deliveries, the first is the one that was killed. */
#define isFirstTaker(c) (c == 0 || hand[0] != hand[1] || consumer[0] != consumer[1] || hasDied[0] != hasDied[1])
#ifdef COUNTERS_OUTSIDE
#define SORT_UNCOUNTED ; met = uncounted[0]; uncounted[0] = uncounted[1]; uncounted[1] = met
#else
#define SORT_UNCOUNTED
#endif
inline sortConsumers() {
  if
  :: hand[0] < hand[1] || hand[0] == hand[1] && (hasDied[1] && !hasDied[0] || hasDied[0] == hasDied[1] && consumer[0] < consumer[1]) ->
    met = hand[0]; hand[0] = hand[1]; hand[1] = met;
    met = consumer[0]; consumer[0] = consumer[1]; consumer[1] = met;
    met = hasDied[0]; hasDied[0] = hasDied[1]; hasDied[1] = met
    SORT_UNCOUNTED
  :: else
  fi
}

/* puller.ts: the log delivers a position that no running consumer holds, and some that one does (the acknowledgement
 * timeout has passed while it was frozen or cut off). */
#define isWithSomebody(p) (has(hand[0] | hand[1], p))
#define canTake(p) (consumer[c] == TAKING && has(held, p) && !has(hand[c], p) && \
  isFirstTaker(c) && (!isWithSomebody(p) || redeliveries < REDELIVERIES))

#ifdef ACK_BEFORE_COMMIT
#define TAKEN(p) ; drop(held, p)
#else
#define TAKEN(p)
#endif

#define TAKE(p) :: d_step { p < POSITIONS && canTake(p) -> \
    if :: isWithSomebody(p) -> redeliveries++ :: else fi; \
    put(hand[c], p) TAKEN(p); sortConsumers() }

#ifdef RETRIES_REFUSED
/* A consumer that takes a refused event for a store that is down tries its batch again, which changes nothing. */
#define holdsRefused(p) (p < POSITIONS && has(hand[c], p) && has(content[frameAt[p]], 1))
#define storeAnswers (!(REFUSED && (holdsRefused(0) || holdsRefused(1) || holdsRefused(2) || holdsRefused(3))))
#else
#define storeAnswers (true)
#endif

#ifdef VERDICTS_SHIFTED
#define told(f) (content[f] == 1 -> 1 : (content[f] == 2 -> ((verdicts[f] >> 2) | 4) : ((verdicts[f] >> 2) | 16)))
#else
#ifdef CONFLICTS_UNSEEN
#define plain(v) ((v) == 2 -> 1 : (v))
#define told(f) (plain(verdicts[f] & 3) | (plain((verdicts[f] >> 2) & 3) << 2) | (plain((verdicts[f] >> 4) & 3) << 4))
#else
#define told(f) (verdicts[f])
#endif
#endif

inline settle(p) {
  if
  :: has(hand[c], p) ->
#if !UNHEARD
    assert(told(frameAt[p]) == truth[frameAt[p]]); /* claim: verdicts are right */
#endif
    if
    :: drop(held, p)
    :: has(held, p) && lostAcks < LOST_ACKS -> lostAcks++
    fi
  :: else
  fi
}
#define SETTLE(p) if :: p < POSITIONS && has(hand[c], p) -> settle(p) :: else fi;

active [CONSUMERS] proctype Consumer() {
  byte c = _pid - 1 - GATEWAYS;
end:
  do
  TAKE(0) TAKE(1) TAKE(2) TAKE(3) TAKE(4)

  /* consumer.ts `applyFrames`: one transaction. */
  :: d_step { consumer[c] == TAKING && hand[c] != 0 && storeAnswers ->
      applyBatch(hand[c]);
#ifdef COUNTERS_OUTSIDE
      consumer[c] = COUNTING;
#else
#ifdef LEDGER_OUTSIDE
      consumer[c] = COUNTING;
#else
      consumer[c] = COMMITTED;
#endif
#endif
      sortConsumers() }

  /* retry-while-down.ts: the connection broke in the commit. The transaction is applied again. */
  :: d_step { consumer[c] == TAKING && hand[c] != 0 && storeAnswers && unknownCommits < UNKNOWN_COMMITS ->
      unknownCommits++;
      applyBatch(hand[c]) }

#ifdef COUNTERS_OUTSIDE
  :: d_step { consumer[c] == COUNTING -> stored = stored + uncounted[c]; uncounted[c] = 0; consumer[c] = COMMITTED; sortConsumers() }
#endif
#ifdef LEDGER_OUTSIDE
  :: d_step { consumer[c] == COUNTING ->
      p = 0;
      do
      :: p < POSITIONS ->
        if
        :: has(hand[c], p) -> put(rows, p); originOf[frameAt[p]] = p + 1
        :: else
        fi;
        p++
      :: else -> break
      od;
      consumer[c] = COMMITTED;
      sortConsumers() }
#endif
#ifdef DROPS_STORED
  :: d_step { consumer[c] == COMMITTED && events[0] != 0 -> events[0] = 0 }
#endif

  /* acknowledge-applied.ts: each delivery is acknowledged, which removes it from the log, and its verdicts are sent. Any
   * acknowledgement may be lost. One on its way is a consumer that has not sent it; one that arrives after a kill has
   * arrived before it. */
  :: atomic { consumer[c] == COMMITTED ->
      SETTLE(0) SETTLE(1) SETTLE(2) SETTLE(3) SETTLE(4)
      hand[c] = 0;
      consumer[c] = TAKING;
      sortConsumers() }

#if CONSUMER_CRASHES
  /* A kill. */
  :: d_step { hand[c] != 0 && !hasDied[c] ->
      hasDied[c] = true;
#ifdef COUNTERS_OUTSIDE
      uncounted[c] = 0;
#endif
      hand[c] = 0;
      consumer[c] = TAKING;
      sortConsumers() }
#endif
  od
}
