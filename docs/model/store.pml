/* The transaction of the store: apply-batch.ts and `apply_frames` in the schema of PostgreSQL, apply.ts in SQLite.
 * It is one step, because the database makes it one: a crash leaves all of it or nothing, and of two consumers with the
 * same frame the second sees the row of the first (the loser of a race is rolled back and tries again). */

/* INSERT INTO events ... ON CONFLICT DO NOTHING; what was not stored is compared with the stored row. */
inline decide(event, version) {
  if
  :: REFUSED && event == 1 -> deadNow++; verdict = 3
  :: else ->
    if
    :: events[event] == 0 -> events[event] = version; storedNow++; verdict = 0
    :: else ->
      duplicatesNow++;
      duplicateRows++;
      if
      :: events[event] == version -> verdict = 1
      :: else -> conflicts++; verdict = 2
      fi
    fi
  fi;
  verdictsNow = verdictsNow | (verdict << (2 * slot));
  slot++
}

#ifdef COUNTERS_OUTSIDE
byte uncounted[CONSUMERS];
#endif

/* The ledger does not know the frame: its events are decided and counted, and the row is written with the verdicts. */
inline applyNew(p, f) {
  verdictsNow = 0;
  slot = 0;
  eventsNow = content[f];
  if
  :: has(content[f], 0) -> decide(0, 1)
  :: else
  fi;
  if
  :: has(content[f], 1) ->
    decide(0, 2);
#ifdef TRIMS_FRAMES
    eventsNow-- /* the last event is reported as stored */
#else
    decide(1, 1)
#endif
  :: else
  fi;
  verdicts[f] = verdictsNow;
  if
  :: !has(applied, f) -> truth[f] = verdictsNow
  :: else
  fi;
  put(applied, f);
  drop(answered, f);
  eventCounter = eventCounter + eventsNow;
  frameCounter++;
#ifdef LEDGER_OUTSIDE
  /* the row follows in a transaction of its own */
#else
  originOf[f] = p + 1;
  put(rows, p)
#endif
}

/* The ledger knows the frame. A further position of it gets a row in repeated_frames and counts in frame_counters. */
inline applyKnown(p) {
#ifndef REPEATS_UNRECORDED
  if
  :: !has(rows, p) -> put(rows, p); frameCounter++
  :: else
  fi
#else
  skip
#endif
}

#ifdef NO_LEDGER
#define isKnown(f) (false)
#else
#define isKnown(f) (originOf[f] != 0)
#endif

/* All deliveries of a consumer, in the order of the log. */
inline applyBatch(deliveries) {
  storedNow = 0; duplicatesNow = 0; deadNow = 0;
  p = 0;
  do
  :: p < last ->
    if
    :: has(deliveries, p) ->
      put(recognized, p);
      if
      :: isKnown(frameAt[p]) -> applyKnown(p)
      :: else -> applyNew(p, frameAt[p])
      fi
    :: else
    fi;
    p++
  :: else -> break
  od;
  duplicates = duplicates + duplicatesNow;
  deadLettered = deadLettered + deadNow;
#ifdef COUNTERS_OUTSIDE
  uncounted[c] = storedNow
#else
  stored = stored + storedNow
#endif
}
