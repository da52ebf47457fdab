import { resolve } from "node:path";
import type { Audit } from "@tidemark/event-store/audit";
import { verifyPostgres } from "@tidemark/event-store-postgres/maintain/audit";
import { verifySqlite } from "@tidemark/event-store-sqlite/maintain/audit";
import { auditAnswer } from "@tidemark/http-api/audit-answer";
import type { Target } from "./options.ts";
import { writeReport } from "./report.ts";
import { reasonsOf } from "./run-command.ts";

export interface Verification {
  /** 0: the books balance, 1: they do not, 2: no result. */
  exitCode: number;
  /** The result, for standard output. */
  output?: string;
  /** The reason why there is no result, for standard error. */
  fault?: string;
}

/** Recounts a database and describes the result. */
export async function verify({ target, isJson }: { target: Target; isJson: boolean }): Promise<Verification> {
  try {
    const audit = await recount(target);
    const output = isJson ? JSON.stringify(auditAnswer(audit), null, 2) : writeReport(audit, nameOf(target));
    return { exitCode: audit.isBalanced ? 0 : 1, output };
  } catch (error) {
    const subject = target.kind === "postgres" ? ` ${nameOf(target)}` : ""; // errors of a file already contain its name
    return { exitCode: 2, fault: `cannot verify${subject}: ${reasonsOf(error).join(": ")}` };
  }
}

async function recount(target: Target): Promise<Audit> {
  return target.kind === "sqlite" ? verifySqlite(target.path) : verifyPostgres({ url: target.url });
}

/** Returns the name of a database without its password, because the output may end up in a log. */
export function nameOf(target: Target): string {
  if (target.kind === "sqlite") return resolve(target.path);
  const { protocol, host, pathname } = new URL(target.url);
  return `${protocol}//${host}${pathname}`;
}
