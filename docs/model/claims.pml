/* What must be true when nothing can move any more. Every bound is finite and the model has no cycle (`check` proves it),
 * so every run ends here: what is confirmed is eventually applied, and nothing waits indefinitely. */

active proctype End() {
  byte distinct;
  atomic { timeout ->
    assert((answered & ~applied) == 0); /* claim: never lost */
    assert(taken == applied); /* claim: never lost */
    assert(held == 0 && hand[0] == 0 && hand[1] == 0); /* claim: backlog gone */
    assert(client[0] == ENDED && client[1] == ENDED && gateway[0] == IDLE && gateway[1] == IDLE); /* claim: no deadlock */
    distinct = (has(taken, 0) * content[0]) | (has(taken, 1) * content[1]) | (of2(takenSize));
#ifdef NEW_ID_ON_RETRY
    assert(stored + duplicates + deadLettered <= sent); /* claim: copies counted once */
#endif
    assert(stored == (distinct != 0) + (has(distinct, 1) && !REFUSED)); /* claim: stored once */
    assert(stored == (events[0] != 0) + (events[1] != 0)); /* claim: books balance */
    assert(stored + duplicates + deadLettered == takenSizes); /* claim: copies counted once */
    assert(duplicates == duplicateRows)  /* claim: books balance */
  }
}
