/** The rights that a client may have. None implies another. */
export const SCOPES = ["publish", "read", "admin"] as const;

export type Scope = (typeof SCOPES)[number];

/** The scope that a route requires. Of a list, one is enough. A route with `none` is open to everybody. */
export type RouteScope = Scope | "none" | readonly Scope[];
