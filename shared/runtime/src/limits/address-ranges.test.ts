import { expect, test } from "vitest";
import { addressRanges } from "./address-ranges.ts";

test.each([
  ["10.0.0.7", ["10.0.0.7"]],
  [" 10.1.0.0/16 , fd00::/8,loopback,", ["10.1.0.0/16", "fd00::/8", "loopback"]],
  ["", []],
])("the ranges %j are read as %j", (text, ranges) => {
  expect(addressRanges().parse(text)).toEqual(ranges);
});

test.each(["edge", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "10.0.0.0/8/8", "fd00::/129", "10.0.0.1 10.0.0.2"])(
  "%j is refused, because it is not a range of addresses",
  (text) => {
    expect(() => addressRanges().parse(text)).toThrow("must be addresses or ranges");
  },
);
