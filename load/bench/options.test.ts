import { describe, expect, it } from "vitest";
import { InvalidArguments, readBenchOptions } from "./options.ts";

const loadsOf = (...args: string[]) =>
  readBenchOptions(args)?.loads.map(({ eventsPerRequest, connections }) => `${eventsPerRequest}x${connections}`);

describe("the options of the benchmark", () => {
  it("by default load with 32 connections, and small requests with 256 too", () => {
    expect(loadsOf()).toEqual(["1x32", "10x32", "100x32", "500x32", "1x256", "10x256"]);
  });

  it("combine every size with every number of connections that is named", () => {
    expect(loadsOf("--sizes", "1,500", "--connections", "8,256")).toEqual(["1x8", "500x8", "1x256", "500x256"]);
    expect(loadsOf("--quick")).toEqual(["1x32", "100x32"]);
  });

  it("choose parts", () => {
    expect(readBenchOptions(["--only", "stack,ceilings"])?.parts).toEqual(["stack", "ceilings"]);
  });

  it("name every fault", () => {
    const read = () => readBenchOptions(["--only", "all", "--seconds", "x", "--sizes", "0"]);
    expect(read).toThrow(InvalidArguments);
    expect(read).toThrow(/--only[\s\S]*--sizes[\s\S]*--seconds/);
    expect(() => readBenchOptions(["--fast"])).toThrow(InvalidArguments);
  });

  it("ask for help", () => {
    expect(readBenchOptions(["--help"])).toBeUndefined();
  });
});
