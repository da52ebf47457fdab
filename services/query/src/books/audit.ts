import { Socket } from "node:net";
import type { Audit, Auditor } from "@tidemark/event-store/audit";
import { auditAnswer } from "@tidemark/http-api/audit-answer";
import { audit as auditOperation } from "@tidemark/http-api/operations/audit-api";
import { clientOf } from "@tidemark/runtime/access/client";
import { requireAllTopics } from "@tidemark/runtime/access/topic-reach";
import { coalesce } from "@tidemark/runtime/coalesce";
import type { FastifyInstance } from "fastify";
import { registerOperation } from "../register-operation.ts";

const MAX_NAMED = 10;

/** Registers `GET /audit`. One recount runs at a time, and requests that arrive meanwhile share the next one. */
export function registerAudit(server: FastifyInstance, { auditor }: { auditor: Auditor }): void {
  const run = coalesce(async (_books: "all") => {
    const audit = await auditor.audit();
    if (!audit.isBalanced) server.log.error(describeDefect(audit), "the books and the rows do not agree");
    return auditAnswer(audit);
  });

  registerOperation(server, auditOperation, async (request) => {
    requireAllTopics(clientOf(request), "the audit");
    const { raw } = request;
    // The connection is idle while rows are counted, so the time limit is off. The next request sets it again.
    if (raw.socket instanceof Socket) raw.socket.setTimeout(0);
    return run("all");
  });
}

function describeDefect({ booked, counted, bySource, differences, differencesTotal }: Audit) {
  const topics = differences.slice(0, MAX_NAMED).map(({ topic }) => topic);
  return { topics, differencesTotal, booked, counted, bySource };
}
