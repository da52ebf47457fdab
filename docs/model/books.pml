/* A read of the books: books.ts `readBooks`, snapshot.ts, books.sql. The gateways' count first, then the log, then the
 * store in one snapshot. */

#if LOOKS > 0

byte looks;
byte lastReceived;

/* books.sql `present`: rows of positions that the snapshot holds, or that came after it. */
#define heldRow(p) (has(rows & heldThen, p) * content[frameAt[p]])
#define presentRow(p) (has(rows, p) && (has(heldThen, p) || p >= lastThen))

/* Events of frames that the snapshot holds twice, or holds and the store has from another position. The books call them
 * queued until a consumer recognises the frame (docs/guarantees.md, promise 4). */
#define isUnmet(p, f) (frameAt[p] == f && has(heldThen & ~recognized, p))
#if POSITIONS > 4
#define unmet4(f) + isUnmet(4, f)
#else
#define unmet4(f)
#endif
#if POSITIONS > 3
#define unmet3(f) + isUnmet(3, f)
#else
#define unmet3(f)
#endif
#if POSITIONS > 2
#define unmet2(f) + isUnmet(2, f)
#else
#define unmet2(f)
#endif
#define places(f) (has(applied, f) + isUnmet(0, f) + isUnmet(1, f) unmet2(f) unmet3(f) unmet4(f))
#define secondCopies(f) (places(f) > 1 -> (places(f) - 1) * content[f] : 0)

inline checkBooks() {
  heldEvents = overPositions(heldRow);
  present = overPositions(presentRow);
#ifdef BOOKS_COUNT_HELD_TWICE
  heldEvents = 0;
#endif
  copies = overFrames(secondCopies);
  sum = stored + duplicates + deadLettered;
#if WITNESS
  assert(eventCounter + queued - heldEvents - copies >= confirmedThen); /* claim: confirmed events kept */
#endif
  assert(queued >= heldEvents); /* claim: books balance */
  assert(stored == (events[0] != 0) + (events[1] != 0)); /* claim: books balance */
  assert(duplicates == duplicateRows); /* claim: books balance */
  assert(sum == appliedSizes); /* claim: copies counted once */
  assert(removedThen == frameCounter - present); /* claim: no drift */
  sum = sum + queued - heldEvents - copies;
  assert(sum >= takenThen); /* claim: received counts everything taken */
  assert(sum <= takenSizes); /* claim: received counts everything once */
  assert(sum >= lastReceived); /* claim: received never falls */
#if LOOKS > 1
  lastReceived = (looks + 1 < LOOKS -> sum : 0);
#endif
}

active proctype Query() {
  byte state, heldThen, lastThen, queued, removedThen, takenThen, confirmedThen;
end:
  do
#ifdef BOOKS_STORE_FIRST
  /* The store first: what is applied and leaves the log in between is in neither. */
  :: d_step { state == 0 && looks < LOOKS -> takenThen = stored + duplicates + deadLettered; state = 1 }
  :: d_step { state == 1 ->
      assert(takenThen + heldSizes >= takenSizes); /* claim: received counts everything taken */
      takenThen = 0; looks++; state = 0 }
#else
  /* gateway-heartbeats.ts `confirmedEvents`; the log's state. */
  :: d_step { state == 0 && looks < LOOKS ->
      isLooking = true;
      confirmedThen = confirmedEvents;
      takenThen = takenSizes;
      heldThen = held;
      lastThen = last;
      removedThen = last - heldPositions;
#if PARTS
      isReadingLog = true;
      state = 1 }
  /* The log's totals by subject, a moment later. Frames that came in between are in the totals only. */
  :: d_step { state == 1 ->
      queued = heldSizes;
      total = heldPositions;
      sum = lastThen - removedThen;
      if
      :: total > sum ->
        heldThen = heldThen | ((bit(lastThen + total - sum) - 1) & ~(bit(lastThen) - 1));
        lastThen = lastThen + total - sum
      :: else
      fi;
      state = 2 }
  /* The log's state once more. If a frame left in between, everything is read again. */
  :: d_step { state == 2 ->
      isReadingLog = false;
#ifdef SNAPSHOT_UNCHECKED
      state = 3 }
#else
      if
      :: last - heldPositions == removedThen -> state = 3
      :: else ->
        confirmedThen = 0; takenThen = 0; heldThen = 0; lastThen = 0; queued = 0; removedThen = 0; state = 0
      fi }
#endif
#else
      queued = heldSizes;
      state = 3 }
#endif
  /* The store. */
  :: d_step { state == 3 ->
      checkBooks();
      looks++;
      heldThen = 0; lastThen = 0; queued = 0; removedThen = 0; takenThen = 0; confirmedThen = 0;
      isLooking = false;
#if PRUNES > 0
      isLookOlder = false;
#endif
      state = 0 }
#endif
  od
}

#endif
