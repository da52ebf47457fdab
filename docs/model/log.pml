/* The log: a work queue with a window for duplicates. A position is held until its acknowledgement arrives. */

#define waitsForLog(f) ((gateway[0] != IDLE && frameOf[0] == f) || (gateway[1] != IDLE && frameOf[1] == f))
/* Whether a publish of this frame may still arrive. */
#define mayArrive(f) (onTheWay[f] > 0 || waitsForLog(f))

/* Two reductions: a message that the window will discard makes no difference, and neither does what the window knows of a
 * frame that cannot arrive again. */
#define isDiscarded(f) (repeats == REPEATS && has(window, f))
inline forgetWindow(f) {
  if
  :: isDiscarded(f) -> onTheWay[f] = 0
  :: else
  fi;
  if
  :: !mayArrive(f) -> drop(window, f)
  :: else
  fi
}

/* stream.ts (`duplicate_window`), publisher.ts (`msgID`): the broker stores a frame once within its window. */
inline arrive(f) {
  onTheWay[f]--;
  if
  :: has(window, f)
  :: else ->
    frameAt[last] = f;
#if PRUNES > 0
    agedAtArrival[last] = aged;
#endif
    put(held, last);
    last++;
    put(taken, f);
    put(window, f)
  fi;
  forgetWindow(f)
}

#define ARRIVE(f) :: d_step { f < FRAMES && onTheWay[f] > 0 -> arrive(f) }

#define FORGET_OTHERS forgetWindow(0); forgetWindow(1) FORGET_OF_2
#if FRAMES > 2
#define FORGET_OF_2 ; forgetWindow(2)
#else
#define FORGET_OF_2
#endif

/* The window has passed, or a restarted broker has rebuilt it from the frames that it still holds. */
#define FORGET(f) :: d_step { f < FRAMES && has(window, f) && repeats < REPEATS -> repeats++; drop(window, f) }

/* books.test.ts `comeBack`: the broker was killed before the removal was on its disk. A snapshot that runs meanwhile fails
 * with its connection (connection.ts `untilLost`). */
#define REVIVE(p) :: d_step { p < last && !has(held, p) && !has(settled, p) && revivals < REVIVALS && !isReadingLog -> \
    revivals++; put(held, p) }

active proctype Log() {
end:
  do
  ARRIVE(0) ARRIVE(1) ARRIVE(2)
#if REPEATS > 0
  FORGET(0) FORGET(1) FORGET(2)
#endif
#if REVIVALS > 0
  REVIVE(0) REVIVE(1) REVIVE(2) REVIVE(3) REVIVE(4)
#endif
  od
}
