/* Bounds of the state space. `docs/model/check` sets them for each configuration with -D. The sizes of the model's masks
 * allow 3 frames and 5 positions at most. */

/* Requests that clients send again, after an error or a lost answer. */
#ifndef RESENDS
#define RESENDS 0
#endif
/* Appends that the log takes although it has the frame, because the window for duplicates has passed. */
#ifndef REPEATS
#define REPEATS 0
#endif
/* Deliveries of a frame that a running consumer still holds. */
#ifndef REDELIVERIES
#define REDELIVERIES 0
#endif
#ifndef LOST_ACKS
#define LOST_ACKS 0
#endif
/* Commits whose answer does not reach the consumer. */
#ifndef UNKNOWN_COMMITS
#define UNKNOWN_COMMITS 0
#endif
/* Positions that come back, because a killed broker had not written their removal to the disk. */
#ifndef REVIVALS
#define REVIVALS 0
#endif
/* 1: each gateway and each consumer crashes once, at any step. */
#ifndef GATEWAY_CRASHES
#define GATEWAY_CRASHES 0
#endif
#ifndef CONSUMER_CRASHES
#define CONSUMER_CRASHES 0
#endif
/* 1: a gateway may join the two requests in one frame. */
#ifndef GROUPS
#define GROUPS 1
#endif
/* Rounds of pruning the ledger. */
#ifndef PRUNES
#define PRUNES 0
#endif
/* Reads of the books. */
#ifndef LOOKS
#define LOOKS 0
#endif
/* 1: the gateways' own count is compared with the books. */
#ifndef WITNESS
#define WITNESS 0
#endif
/* 1: the broker answers a read in two parts (`snapshot.ts`); 0: at one moment. */
#ifndef PARTS
#define PARTS 0
#endif
/* 1: no gateway hears verdicts, so that only the books can show a mistake. */
#ifndef UNHEARD
#define UNHEARD 0
#endif
/* 1: the store refuses event b, which becomes a dead letter. */
#ifndef REFUSED
#define REFUSED 0
#endif

#define REQUESTS 2
#define GATEWAYS 2
#define CONSUMERS 2
#ifdef NEW_ID_ON_RETRY
#define FRAMES (REQUESTS + RESENDS + 1)
#else
#define FRAMES (REQUESTS + RESENDS)
#endif
#define POSITIONS (FRAMES + REPEATS)

#define bit(n) (1 << (n))
#define has(mask, n) (((mask) & bit(n)) != 0)
#define put(mask, n) mask = mask | bit(n)
#define drop(mask, n) mask = mask & ~bit(n)
