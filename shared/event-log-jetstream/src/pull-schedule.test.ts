import { expect, test } from "vitest";
import { PullSchedule } from "./pull-schedule.ts";

const EMPTY = { frames: 0, bytes: 0, maxMessageBytes: 1_000_000 };
const HEARTBEAT = { code: 100, status: "100 Idle Heartbeat" };
const EXPIRED = { code: 408, status: "408 Request Timeout" };
const TOO_LARGE = { code: 409, status: "409 Message Size Exceeds MaxBytes" };
const DELETED = { code: 409, status: "409 Consumer Deleted" };

function createSchedule(): PullSchedule {
  const schedule = new PullSchedule();
  schedule.start();
  return schedule;
}

test("a schedule that is not started, or stopped, sends no pull request", () => {
  const schedule = new PullSchedule();
  expect(schedule.nextRequest(EMPTY, 0)).toBeUndefined();
  schedule.start();
  schedule.stop();
  expect(schedule.nextRequest(EMPTY, 0)).toBeUndefined();
});

test("a pull request asks for all the room of the buffer, one request at a time", () => {
  const schedule = createSchedule();
  const buffer = { ...EMPTY, frames: 400, bytes: 2_000_000 };
  expect(schedule.nextRequest(buffer, 0)).toEqual({ number: 1, frames: 600, bytes: 32 * 1024 * 1024 - 2_000_000 });
  expect(schedule.nextRequest(EMPTY, 0)).toBeUndefined();
});

test("a buffer holds two of the largest messages, however large they are", () => {
  expect(createSchedule().nextRequest({ ...EMPTY, maxMessageBytes: 64_000_000 }, 0)?.bytes).toBe(128_000_000);
});

test("a buffer that is more than half full, or without room for the largest message, gets no pull request", () => {
  const schedule = createSchedule();
  expect(schedule.nextRequest({ ...EMPTY, frames: 501 }, 0)).toBeUndefined();
  expect(schedule.nextRequest({ ...EMPTY, bytes: 32 * 1024 * 1024 - 999_999 }, 0)).toBeUndefined();
  expect(schedule.nextRequest({ ...EMPTY, frames: 500 }, 0)).toMatchObject({ frames: 500 });
});

test("the next pull request follows when all messages of the last one have arrived", () => {
  const schedule = createSchedule();
  schedule.nextRequest({ ...EMPTY, frames: 500 }, 0);
  for (let count = 0; count < 499; count++) schedule.messageArrived(0);
  expect(schedule.nextRequest(EMPTY, 0)).toBeUndefined();
  schedule.messageArrived(0);
  expect(schedule.nextRequest(EMPTY, 0)?.number).toBe(2);
});

test.each([EXPIRED, TOO_LARGE])("the next pull request follows the ordinary end $status", (end) => {
  const schedule = createSchedule();
  schedule.nextRequest(EMPTY, 0);
  expect(schedule.statusArrived(1, end, 0)).toBe(false);
  expect(schedule.nextRequest(EMPTY, 0)?.number).toBe(2);
});

test("any other end of a pull request starts a search for the consumer", () => {
  const schedule = createSchedule();
  schedule.nextRequest(EMPTY, 0);
  expect(schedule.statusArrived(1, DELETED, 0)).toBe(true);
});

test("the end of a pull request that was given up changes nothing", () => {
  const schedule = createSchedule();
  schedule.nextRequest(EMPTY, 0);
  schedule.statusArrived(1, EXPIRED, 0);
  schedule.nextRequest(EMPTY, 0);
  expect(schedule.statusArrived(1, DELETED, 0)).toBe(false);
  expect(schedule.state).toBe("pulling");
});

test("a server that is silent for five seconds is overdue, and heartbeats and messages prevent it", () => {
  const schedule = createSchedule();
  expect(schedule.isOverdue(60_000)).toBe(false);
  schedule.nextRequest(EMPTY, 60_000);
  expect([schedule.isOverdue(65_000), schedule.isOverdue(65_001)]).toEqual([false, true]);
  schedule.statusArrived(1, HEARTBEAT, 65_000);
  expect([schedule.isOverdue(70_000), schedule.isOverdue(70_001)]).toEqual([false, true]);
  schedule.messageArrived(70_000);
  expect(schedule.isOverdue(75_000)).toBe(false);
});

test("no pull request is sent during a search, and only one search runs at a time", () => {
  const schedule = createSchedule();
  expect(schedule.beginRecovery()).toBe(true);
  expect(schedule.beginRecovery()).toBe(false);
  expect(schedule.nextRequest(EMPTY, 0)).toBeUndefined();
  schedule.messageArrived(0);
  schedule.endRecovery(true);
  expect(schedule.nextRequest(EMPTY, 0)).toBeDefined();
});

test("a search that failed is overdue at once", () => {
  const schedule = createSchedule();
  schedule.beginRecovery();
  schedule.endRecovery(false);
  expect([schedule.isOverdue(0), schedule.nextRequest(EMPTY, 0)]).toEqual([true, undefined]);
  expect(schedule.beginRecovery()).toBe(true);
});

test("a search that ends after the schedule was stopped changes nothing", () => {
  const schedule = createSchedule();
  schedule.beginRecovery();
  schedule.stop();
  schedule.endRecovery(true);
  expect(schedule.state).toBe("stopped");
  expect(schedule.beginRecovery()).toBe(false);
});
