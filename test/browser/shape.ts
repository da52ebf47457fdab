/** A Tidemark that one test owns, behind one address. It stops when the test ends. */
export interface RunningShape {
  url: string;
  /** Kills its services. */
  crash(): Promise<void>;
  /** Starts the services again at the same address. */
  restart(): Promise<void>;
  /** Makes the store refuse events that meet an SQL condition; `NEW` is the row of the event. */
  refuse(condition: string): Promise<void>;
  /** Makes the store accept every event again. */
  accept(): Promise<void>;
}

type Shape = "single" | "stack";

declare module "vitest" {
  interface ProvidedContext {
    /** The deployment whose dashboard is tested. */
    shape: Shape;
  }
}
