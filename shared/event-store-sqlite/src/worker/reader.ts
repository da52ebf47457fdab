import { openReaderDatabase } from "../connection/database.ts";
import { prepareBooks } from "../read/books.ts";
import { prepareDeadLetterListing, prepareFindDeadLetterTopic } from "../read/dead-letters.ts";
import { prepareDuplicateListing } from "../read/duplicates.ts";
import { prepareFindEvent, prepareListing, prepareTip } from "../read/events.ts";
import { prepareMovements, prepareSurroundings } from "../read/history.ts";
import { prepareFindFrame } from "../read/ledger.ts";
import { prepareTopicBooks } from "../read/topic-books.ts";
import { prepareTopicListing } from "../read/topics.ts";
import { prepareLag } from "../subscriptions/lag.ts";
import { prepareFindSubscription, prepareListSubscriptions } from "../subscriptions/subscriptions.ts";

export function openReader(path: string) {
  const database = openReaderDatabase(path);
  return {
    listEvents: prepareListing(database),
    readTip: prepareTip(database),
    findEvent: prepareFindEvent(database),
    findFrame: prepareFindFrame(database),
    readBooks: prepareBooks(database),
    readTopicBooks: prepareTopicBooks(database),
    listTopics: prepareTopicListing(database),
    readMovements: prepareMovements(database),
    readSurroundings: prepareSurroundings(database),
    listDuplicates: prepareDuplicateListing(database),
    listDeadLetters: prepareDeadLetterListing(database),
    findDeadLetterTopic: prepareFindDeadLetterTopic(database),
    findSubscription: prepareFindSubscription(database),
    listSubscriptions: prepareListSubscriptions(database),
    readLag: prepareLag(database),
    ping: (): void => {
      database.pragma("schema_version");
    },
    close: (): void => {
      database.close();
    },
  };
}

export type ReaderFunctions = ReturnType<typeof openReader>;
