/* The state that several parts share. A frame has a number, which stands for its random id. A position is a sequence of
 * the log, from 0. Masks have a bit for each frame or position. */

/* ---- clients: request 0 brings event a; request 1 brings event a with other content, and event b ---- */
mtype = { NEW, WAITING, ENDED };
mtype client[REQUESTS] = NEW;
byte resends;

/* ---- gateways ---- */
mtype = { IDLE, APPENDING, APPENDING_AGAIN };
mtype gateway[GATEWAYS] = IDLE;
byte frameOf[GATEWAYS];
bool hasCrashed[GATEWAYS];
byte frames;                   /* the number of frames made */
byte content[FRAMES];          /* the requests of a frame as a mask, which is also the number of its events: 1, 2 or 3 */

/* ---- log ---- */
byte onTheWay[FRAMES];         /* messages of publish that have not arrived */
byte window;                   /* frames that the window for duplicates knows, as long as they may arrive again */
byte last;                     /* the number of positions given */
byte frameAt[POSITIONS];
byte held;                     /* positions */
byte repeats, redeliveries, lostAcks, revivals;
bool isReadingLog;             /* between the parts of a snapshot */

/* ---- consumers ---- */
mtype = { TAKING, COMMITTED, COUNTING };
mtype consumer[CONSUMERS] = TAKING;
byte hand[CONSUMERS];          /* positions */
bool hasDied[CONSUMERS];
byte unknownCommits;

/* ---- store ---- */
byte events[2];                /* the rows of a and b: 0 if there is none, otherwise the version of the content */
byte duplicateRows;
byte stored, duplicates, conflicts, deadLettered; /* topic_counters, book_totals */
byte frameCounter, eventCounter;                  /* frame_counters */
byte originOf[FRAMES];         /* the row in frames: 0 if there is none, otherwise the position + 1 */
byte rows;                     /* positions that have a row, in frames or in repeated_frames */
byte verdicts[FRAMES];         /* frames.verdicts, two bits for each event */

/* ---- time: a day is longer than everything but a backlog, a minute is longer than a read of the books ---- */
#if PRUNES > 0
byte aged;                     /* positions whose row was committed more than a day ago */
byte agedAtArrival[POSITIONS]; /* those of them that were when the frame at this position arrived */
#endif
byte settled;                  /* positions whose removal is on the broker's disk */

/* ---- what really happened; only claims read this ---- */
byte taken;                    /* frames that the log has had */
byte answered;                 /* frames that were answered 200 or 202 and are not applied */
byte applied;                  /* frames that a transaction has committed */
byte recognized;               /* positions that a transaction has met */
byte truth[FRAMES];            /* the verdicts of the first commit */
byte confirmedEvents;          /* the gateways' own count */

/* ---- scratch variables of one step, which are not part of the state; a breadth-first search cannot hide them ---- */
#ifndef SCRATCH
#define SCRATCH hidden
#endif
SCRATCH byte p, f, slot, verdict, verdictsNow, eventsNow, storedNow, duplicatesNow, deadNow, copies, present;
SCRATCH byte heldEvents, sum, total, met;

/* ---- sums ---- */
#if POSITIONS > 2
#define at2(x) x(2)
#else
#define at2(x) 0
#endif
#if POSITIONS > 3
#define at3(x) x(3)
#else
#define at3(x) 0
#endif
#if POSITIONS > 4
#define at4(x) x(4)
#else
#define at4(x) 0
#endif
#if FRAMES > 2
#define of2(x) x(2)
#else
#define of2(x) 0
#endif
#define overPositions(x) (x(0) + x(1) + at2(x) + at3(x) + at4(x))
#define overFrames(x) (x(0) + x(1) + of2(x))

#define heldOne(p) has(held, p)
#define heldSize(p) (has(held, p) * content[frameAt[p]])
#define takenSize(f) (has(taken, f) * content[f])
#define appliedSize(f) (has(applied, f) * content[f])
#define heldPositions overPositions(heldOne)
#define heldSizes overPositions(heldSize)
#define takenSizes overFrames(takenSize)
#define appliedSizes overFrames(appliedSize)
