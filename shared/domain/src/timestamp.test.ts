import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPlainUtc, toUtcMicroseconds } from "./timestamp.ts";

describe("toUtcMicroseconds", () => {
  it.each([
    ["2025-10-23T10:00:00Z", "2025-10-23T10:00:00.000000Z"],
    ["2025-10-23T12:00:00+02:00", "2025-10-23T10:00:00.000000Z"],
    ["2025-10-23T00:30:00.5-05:45", "2025-10-23T06:15:00.500000Z"],
    ["2025-10-23T10:00:00.1234569Z", "2025-10-23T10:00:00.123456Z"],
    ["2025-12-31T23:59:59.999999999Z", "2025-12-31T23:59:59.999999Z"],
    ["2024-02-29t00:00:00z", "2024-02-29T00:00:00.000000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
    ["0099-01-01T00:00:00Z", "0099-01-01T00:00:00.000000Z"],
    ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
    ["2025-01-01T00:00:00-00:00", "2025-01-01T00:00:00.000000Z"],
    ["2025-01-01T00:00:00+23:59", "2024-12-31T00:01:00.000000Z"],
  ])("the timestamp %s is %s in UTC", (text, expected) => expect(toUtcMicroseconds(text)).toBe(expected));

  it.each([
    "",
    "2025-10-23",
    "2025-10-23 10:00:00Z",
    "2025-10-23T10:00:00",
    "2025-10-23T10:00Z",
    "2025-10-23T10:00:00.Z",
    "2025-10-23T10:00:00,5Z",
    "2025-10-23T10:00:60Z",
    "2025-10-23T24:00:00Z",
    "2025-10-23T10:60:00Z",
    "2025-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2025-04-31T00:00:00Z",
    "2025-00-10T00:00:00Z",
    "2025-13-10T00:00:00Z",
    "2025-10-00T00:00:00Z",
    "0000-12-31T23:59:59Z",
    "0000-12-31T23:59:00-00:01",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "+02025-10-23T10:00:00Z",
    "2025-10-23T10:00:00+24:00",
    "2025-10-23T10:00:00+02:60",
    "2025-10-23T10:00:00+0200",
    "２025-10-23T10:00:00Z",
    " 2025-10-23T10:00:00Z",
    "2025-10-23T10:00:00Z\n",
  ])("the timestamp %j is refused", (text) => expect(toUtcMicroseconds(text)).toBeUndefined());

  it("toUtcMicroseconds agrees with Date about every instant and offset", () => {
    const offset = fc.record({ minutes: fc.integer({ min: -1439, max: 1439 }) });
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0002-01-01"), max: new Date("9998-12-31"), noInvalidDate: true }),
        offset,
        (date, { minutes }) => {
          const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1);
          const size = Math.abs(minutes);
          const zone = `${minutes < 0 ? "-" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
          expect(toUtcMicroseconds(`${local}${zone}`)).toBe(date.toISOString().replace("Z", "000Z"));
        },
      ),
    );
  });
});

describe("isPlainUtc", () => {
  it("isPlainUtc is true only for valid timestamps in UTC", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789-T:.Zz+ "), minLength: 15, maxLength: 30 });
    const near = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    fc.assert(
      fc.property(fc.oneof(digits, near), (text) => {
        if (!isPlainUtc(text)) return;
        // A timestamp with an offset is never plain, so toUtcMicroseconds parses it. Both must be the same instant.
        expect(toUtcMicroseconds(text)).toBe(toUtcMicroseconds(text.replace("Z", "+00:00")));
      }),
    );
  });

  it("isPlainUtc is false after any change of a character that breaks the form", () => {
    const form = /^(?!0000)\d{4}-(0[1-9]|1[0-2])-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z$/;
    const plain = fc
      .tuple(fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }), fc.nat(4))
      .map(([date, cut]) => `${date.toISOString().slice(0, 23 - (cut === 4 ? 4 : cut))}Z`);
    const change = fc.record({
      at: fc.nat(28),
      drop: fc.nat(2),
      put: fc.string({ unit: fc.constantFrom(..."0123456789-T:.Zz/+ ２"), maxLength: 5 }),
    });
    fc.assert(
      fc.property(plain, fc.option(change), (text, changed) => {
        const near = changed ? text.slice(0, changed.at) + changed.put + text.slice(changed.at + changed.drop) : text;
        const isDay = () => new Date(`${near.slice(0, 10)}T00:00:00Z`).toJSON()?.slice(0, 10) === near.slice(0, 10);
        expect(isPlainUtc(near)).toBe(form.test(near) && isDay());
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["2025-10-23T10:00:00Z", true],
    ["2025-10-23T10:00:00.123456Z", true],
    ["2025-10-23T10:00:00.1234567Z", false],
    ["2025-10-23t10:00:00Z", false],
    ["2025-10-23T10:00:00+00:00", false],
    ["2025-02-30T10:00:00Z", false],
    ["0000-01-01T00:00:00Z", false],
  ])("isPlainUtc of %s is %s", (text, expected) => expect(isPlainUtc(text)).toBe(expected));
});
