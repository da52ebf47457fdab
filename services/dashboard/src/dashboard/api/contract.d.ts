/** The answers of the API that the dashboard reads as values. It reads events as text, so that their numbers stay exact. */
export type { AuditAnswer } from "@tidemark/http-api/operations/audit-api";
export type { HealthAnswer } from "@tidemark/http-api/operations/health-api";
export type { HistoryAnswer } from "@tidemark/http-api/operations/history-api";
export type { StatsAnswer } from "@tidemark/http-api/operations/stats-api";
export type { SubscriptionAnswer } from "@tidemark/http-api/operations/subscriptions/subscription-schema";
export type { TopicsAnswer } from "@tidemark/http-api/operations/topics-api";
export type { WhoamiAnswer } from "@tidemark/http-api/operations/whoami-api";

import type { StatsAnswer } from "@tidemark/http-api/operations/stats-api";

export type TopicStats = StatsAnswer["by_topic"][number];
export type SourceStats = StatsAnswer["by_source"][number];

export interface RedriveAnswer {
  status: "stored" | "duplicate" | "conflict";
}
