/** A Tidemark of a test's own, as one address; ended when the test has. */
export interface RunningShape {
  url: string;
  /** Ends its services as a crash does. */
  crash(): Promise<void>;
  /** Starts them again, at the same address. */
  restart(): Promise<void>;
  /** From now on the store refuses events for which this SQL holds; `NEW` is the event's row. */
  refuse(condition: string): Promise<void>;
  /** It refuses them no longer. */
  accept(): Promise<void>;
}

type Shape = "single" | "stack";

declare module "vitest" {
  interface ProvidedContext {
    /** Whose dashboard is looked at. */
    shape: Shape;
  }
}
