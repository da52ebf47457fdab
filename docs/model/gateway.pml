/* Clients, and the gateways that append their requests to the log.
 *
 * One step is what one process does between two messages. The wait for the verdicts (`pending-verdicts.ts`) is not a state
 * of the model: a gateway takes other requests meanwhile, a 200 and a 202 promise the same, and a gateway that is killed in
 * this wait is a lost answer. The verdicts are compared when a consumer sends them. */

/* A request whose answer was an error or did not arrive is sent again as it is, or given up. */
inline nothingArrives(r) {
  if
  :: has(requested, r) && resends < RESENDS -> resends++; client[r] = NEW
  :: has(requested, r) -> client[r] = ENDED
  :: !has(requested, r) -> skip
  fi
}

/* The answer may be lost, too. */
inline answerArrives(r) {
  if
  :: has(requested, r) -> client[r] = ENDED
  :: has(requested, r) && resends < RESENDS -> resends++; client[r] = NEW
  :: !has(requested, r) -> skip
  fi
}

/* publisher.ts `attempt`: the message arrives some time later, or never. */
inline publishFrame(f) {
  if
  :: !isDiscarded(f) -> onTheWay[f]++
  :: skip
  fi
}

#ifdef NEW_ID_ON_RETRY
byte sent; /* the events of all requests of clients */
#endif

/* frame-writer.ts `#frameOf`: a frame of these requests, with an id of its own. */
inline writeFrame(requests) {
  frameOf[g] = frames;
  content[frames] = requests;
  frames++;
#ifdef NEW_ID_ON_RETRY
  sent = sent + requests;
#endif
  gateway[g] = APPENDING;
  if
  :: has(requests, 0) -> client[0] = WAITING
  :: else
  fi;
  if
  :: has(requests, 1) -> client[1] = WAITING
  :: else
  fi;
#ifdef CONFIRMS_BEFORE_APPEND
  put(answered, frameOf[g]);
#endif
  publishFrame(frameOf[g]);
  sortGateways()
}

inline leaveFrame(g) {
  requested = content[frameOf[g]];
  f = frameOf[g];
  gateway[g] = IDLE;
  frameOf[g] = 0;
  forgetWindow(f);
  sortGateways()
}

/* Gateways are interchangeable, so an idle one is the second. Of two idle ones, the first is the one that has crashed. */
inline sortGateways() {
  if
  :: gateway[0] == IDLE && (gateway[1] != IDLE || hasCrashed[1] && !hasCrashed[0]) ->
    gateway[0] = gateway[1];
    gateway[1] = IDLE;
    frameOf[0] = frameOf[1];
    frameOf[1] = 0;
    met = hasCrashed[0];
    hasCrashed[0] = hasCrashed[1];
    hasCrashed[1] = met
  :: else
  fi
}

#define canWrite(g) (gateway[g] == IDLE && frames < REQUESTS + RESENDS && \
  (g == 0 || gateway[0] != IDLE || hasCrashed[0] != hasCrashed[1])) /* of two equal ones, the first */

active [GATEWAYS] proctype Gateway() {
  byte g = _pid - 1;
  byte requested;
end:
  do
  /* frame-writer.ts `#nextRequests`: the requests that wait, together or one by one. */
  :: atomic { canWrite(g) && client[0] == NEW -> writeFrame(1) }
  :: atomic { canWrite(g) && client[1] == NEW -> writeFrame(2) }
  :: atomic { canWrite(g) && client[0] == NEW && client[1] == NEW && GROUPS -> writeFrame(3) }

  /* publisher.ts `append`, heartbeats.ts `append`, answer-publish.ts: the log's confirmation arrives and is counted, and
   * the requests are answered 200 or 202. */
  :: atomic { gateway[g] != IDLE && has(taken, frameOf[g]) ->
#if WITNESS
      confirmedEvents = confirmedEvents + content[frameOf[g]];
#endif
      if
      :: !has(applied, frameOf[g]) -> put(answered, frameOf[g])
      :: else
      fi;
      leaveFrame(g);
      answerArrives(0);
      answerArrives(1);
      requested = 0 }

  /* publisher.ts `attemptAgain`: no confirmation in time. The second attempt has the same id. */
  :: atomic { gateway[g] == APPENDING && !isDiscarded(frameOf[g]) ->
      gateway[g] = APPENDING_AGAIN;
#ifdef NEW_ID_ON_RETRY
      if
      :: frames == REQUESTS -> content[frames] = content[frameOf[g]]; frameOf[g] = frames; frames++
      :: else
      fi;
#endif
      publishFrame(frameOf[g]) }

  /* publisher.ts `outcome_unknown`: neither was confirmed in time. */
  :: atomic { gateway[g] == APPENDING_AGAIN || gateway[g] == APPENDING && isDiscarded(frameOf[g]) ->
      leaveFrame(g); nothingArrives(0); nothingArrives(1); requested = 0 }

  /* A kill. What the gateway has sent may still arrive. */
#if GATEWAY_CRASHES
  :: atomic { gateway[g] != IDLE && !hasCrashed[g] ->
      hasCrashed[g] = true; leaveFrame(g); nothingArrives(0); nothingArrives(1); requested = 0 }
#endif
  od
}
